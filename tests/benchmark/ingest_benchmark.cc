// Reading CSV: text in memory to a data set's file that survives the death of the machine, and its conditioning.
//
//   ingest_benchmark [FOLDER [MEGABYTES [COLUMNS]]]    default: . 200 28

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <string_view>

#include "core/data/conditioning.h"
#include "core/data/dataset.h"
#include "core/data/read_dataset.h"

namespace trainyard {
namespace {

constexpr int kDifferentRows = 10'000;

std::string MakeText(const char* form, size_t size, int columns) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::string rows;
  for (int row = 0; row < kDifferentRows; ++row) {
    for (int column = 0; column < columns; ++column) {
      char cell[40];
      const int length = std::snprintf(cell, sizeof(cell), form, 10 * normal(random));
      rows.append(cell, static_cast<size_t>(length));
      rows += column + 1 < columns ? ',' : '\n';
    }
  }
  std::string text;
  for (int column = 0; column < columns; ++column) {
    text += "c" + std::to_string(column);
    text += column + 1 < columns ? ',' : '\n';
  }
  text.reserve(size + rows.size());
  while (text.size() < size) text += rows;
  return text;
}

// Of this process on a processor: other programs and the disk do not count.
double Seconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// A file that is written at its end.
class File final : public ByteSink {
 public:
  explicit File(const std::string& path) : descriptor_(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)) {}
  ~File() { close(descriptor_); }

  absl::Status Append(std::string_view bytes) override {
    const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
    return written == static_cast<ssize_t>(bytes.size()) ? absl::OkStatus() : absl::ErrnoToStatus(errno, "write");
  }
  absl::Status Overwrite(std::string_view bytes) override {
    const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), 0);
    return written == static_cast<ssize_t>(bytes.size()) ? absl::OkStatus() : absl::ErrnoToStatus(errno, "write");
  }
  absl::Status Restart() override {
    lseek(descriptor_, 0, SEEK_SET);
    return ftruncate(descriptor_, 0) == 0 ? absl::OkStatus() : absl::ErrnoToStatus(errno, "cut");
  }
  absl::Status Sync() { return fdatasync(descriptor_) == 0 ? absl::OkStatus() : absl::ErrnoToStatus(errno, "sync"); }

 private:
  int descriptor_;
};

class NoSink final : public ByteSink {
 public:
  absl::Status Append(std::string_view) override { return absl::OkStatus(); }
  absl::Status Overwrite(std::string_view) override { return absl::OkStatus(); }
  absl::Status Restart() override { return absl::OkStatus(); }
};

void Measure(const char* form, const std::string& text, const std::string& path) {
  const double begin = Seconds();
  NoSink ignore;
  const bool parsed = ReadDataset(text, {}, {}, ignore).ok();
  const double parse = Seconds() - begin;
  double read = 0;
  double durable = 0;
  bool written = false;
  {
    File file(path);
    const double start = Seconds();
    written = ReadDataset(text, {}, {}, file).ok();
    read = Seconds() - start;
    written = written && file.Sync().ok();
    durable = Seconds() - start;
  }
  const double start = Seconds();
  const auto dataset = Dataset::Open(*MappedFile::Open(path));
  const double open = Seconds() - start;
  const bool measured = dataset.ok() && MeasureConditioning(**dataset).has_value();
  const double conditioning = Seconds() - start - open;
  unlink(path.c_str());
  if (!parsed || !written || !measured) std::abort();
  const double megabytes = static_cast<double>(text.size()) / 1e6;
  std::printf("%-6s read %5.0f MB/s, into a file %5.0f, synced %5.0f; seconds a GB: open %.2f, conditioning %.2f\n",
              form, megabytes / parse, megabytes / read, megabytes / durable, 1e3 * open / megabytes,
              1e3 * conditioning / megabytes);
  std::fflush(stdout);
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  const size_t size = static_cast<size_t>(argc > 2 ? std::atoi(argv[2]) : 200) * 1'000'000;
  const int columns = argc > 3 ? std::atoi(argv[3]) : 28;
  for (const char* form : {"%.9g", "%.4g", "%.18e"}) {
    const std::string text = trainyard::MakeText(form, size, columns);
    for (int run = 0; run < 3; ++run) trainyard::Measure(form, text, folder + "/ingest_benchmark.data");
  }
}
