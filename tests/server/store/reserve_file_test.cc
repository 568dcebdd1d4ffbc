#include "server/store/reserve_file.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>

#include "gtest/gtest.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

class ReserveFileTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/reserve";
};

TEST_F(ReserveFileTest, IsMadeWhereItIsMissing) {
  const ReserveFile reserve(path_, 1 << 16);
  reserve.MakeIfThereIsRoom();
  EXPECT_EQ(std::filesystem::file_size(path_), 1 << 16);
}

TEST_F(ReserveFileTest, IsMadeOnlyWhereTheDiskHasFourTimesItsRoom) {
  struct statvfs disk;
  ASSERT_EQ(statvfs(folder_.path().c_str(), &disk), 0);
  const ReserveFile reserve(path_, static_cast<int64_t>(disk.f_bavail * disk.f_frsize) / 3);
  reserve.MakeIfThereIsRoom();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ReserveFileTest, TellsWhetherThereIsOneNow) {
  struct statvfs disk;
  ASSERT_EQ(statvfs(folder_.path().c_str(), &disk), 0);
  EXPECT_FALSE(ReserveFile(path_, static_cast<int64_t>(disk.f_bavail * disk.f_frsize) / 3).MakeIfThereIsRoom());
  EXPECT_TRUE(ReserveFile(path_, 1 << 16).MakeIfThereIsRoom());
  EXPECT_TRUE(ReserveFile(path_, 1 << 16).MakeIfThereIsRoom());
  EXPECT_TRUE(ReserveFile("", 1 << 16).MakeIfThereIsRoom());
}

TEST_F(ReserveFileTest, IsASixteenthOfASmallDiskAndAtMost64MiB) {
  struct statvfs disk;
  ASSERT_EQ(statvfs(folder_.path().c_str(), &disk), 0);
  const auto total = static_cast<int64_t>(disk.f_blocks * disk.f_frsize);
  EXPECT_EQ(ReserveBytesFor(folder_.path()), std::min(int64_t{64} << 20, total / 16));
}

TEST_F(ReserveFileTest, TellsWhetherThereWasAFileToRemove) {
  const ReserveFile reserve(path_, 1 << 16);
  EXPECT_FALSE(reserve.Remove());
  reserve.MakeIfThereIsRoom();
  EXPECT_TRUE(reserve.Remove());
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_FALSE(reserve.Remove());
}

TEST_F(ReserveFileTest, AnEmptyPathIsNoReserve) {
  const ReserveFile reserve("", 1 << 16);
  reserve.MakeIfThereIsRoom();
  EXPECT_FALSE(reserve.Remove());
}

}  // namespace
}  // namespace trainyard
