#include "server/base/line_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace trainyard {
namespace {

class LineWriterTest : public testing::Test {
 protected:
  LineWriterTest() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~LineWriterTest() override {
    for (const int end : ends_) close(end);
  }

  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }

  // Leaves no room in the pipe.
  void Fill() const {
    fcntl(writer(), F_SETFL, O_NONBLOCK);
    const std::string bytes(4096, 'x');
    while (write(writer(), bytes.data(), bytes.size()) > 0) continue;
    fcntl(writer(), F_SETFL, 0);
  }

  std::string Read(size_t size) const {
    std::string text;
    std::string piece(4096, '\0');
    while (text.size() < size) {
      const ssize_t count = read(reader(), piece.data(), std::min(piece.size(), size - text.size()));
      if (count <= 0) return text;
      text.append(piece, 0, static_cast<size_t>(count));
    }
    return text;
  }

 private:
  std::array<int, 2> ends_ = {-1, -1};
};

TEST_F(LineWriterTest, ALineThatIsLargerThanThePipeIsWrittenAsItIsRead) {
  const std::string line = std::string(1 << 20, 'a') + "\n";
  std::thread writing([&] { LineWriter(writer()).Write(line); });
  EXPECT_EQ(Read(line.size()), line);
  writing.join();
}

TEST_F(LineWriterTest, ADescriptorThatDoesNotBlockLosesNothing) {
  fcntl(writer(), F_SETFL, O_NONBLOCK);
  const std::string line = std::string(1 << 20, 'a') + "\n";
  std::thread writing([&] { LineWriter(writer()).Write(line); });
  EXPECT_EQ(Read(line.size()), line);
  writing.join();
}

TEST_F(LineWriterTest, ALineThatWaitsIsLostWhenTheWaitIsOver) {
  Fill();
  LineWriter lines(writer());
  std::thread writing([&] { lines.Write("line\n"); });
  lines.WaitAtMost(absl::ZeroDuration());
  writing.join();
}

TEST_F(LineWriterTest, WhatFindsRoomIsWrittenAfterTheWaitIsOverToo) {
  LineWriter lines(writer());
  lines.WaitAtMost(absl::ZeroDuration());
  lines.Write("line\n");
  EXPECT_EQ(Read(5), "line\n");
}

}  // namespace
}  // namespace trainyard
