// Files of the tests, and which of their pages are in memory.

#ifndef TRAINYARD_TESTS_CORE_DATA_FILE_PAGES_H_
#define TRAINYARD_TESTS_CORE_DATA_FILE_PAGES_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "core/data/dataset.h"
#include "core/data/read_dataset.h"

namespace trainyard {

inline std::filesystem::path Written(const std::string& name, const std::string& bytes) {
  const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

// Pages of `path` that are in memory.
inline int64_t ResidentPages(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDONLY);
  const size_t size = std::filesystem::file_size(path);
  void* const mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  std::vector<unsigned char> pages((size + 4095) / 4096);
  EXPECT_EQ(mincore(mapped, size, pages.data()), 0);
  munmap(mapped, size);
  close(file);
  return std::ranges::count_if(pages, [](unsigned char page) { return (page & 1) != 0; });
}

// The data set in `path`, none of whose pages has been needed: they are written and dropped.
inline std::shared_ptr<const Dataset> OpenDropped(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDONLY);
  EXPECT_EQ(fdatasync(file), 0);
  EXPECT_EQ(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), 0);
  close(file);
  const auto mapped = *MappedFile::Open(path);
  // Nothing is read that is not asked for.
  EXPECT_EQ(madvise(const_cast<char*>(mapped->bytes().data()), mapped->bytes().size(), MADV_RANDOM), 0);
  return *Dataset::OpenWritten(mapped);
}

// A data set of two columns in so many rows, dense or, as LIBSVM, sparse, as its file has it.
inline std::string BytesOfRows(int rows, Format format) {
  std::string text = format == Format::kLibsvm ? "" : "x,y\n";
  for (int i = 0; i < rows; ++i) {
    const std::string number = std::to_string(i) + ".125";
    text += format == Format::kLibsvm ? "1 1:0.5 2:" + number + "\n" : number + ",1\n";
  }
  StringSink sink;
  EXPECT_TRUE(ReadDataset(text, {.format = format}, {}, sink).ok());
  return sink.bytes();
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_CORE_DATA_FILE_PAGES_H_
