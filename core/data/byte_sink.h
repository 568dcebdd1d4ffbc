#ifndef TRAINYARD_CORE_DATA_BYTE_SINK_H_
#define TRAINYARD_CORE_DATA_BYTE_SINK_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace trainyard {

// Takes the bytes of a data set.
class ByteSink {
 public:
  virtual ~ByteSink() = default;

  // At the end.
  virtual absl::Status Append(std::string_view bytes) = 0;

  // In place of the first bytes; there are at least as many.
  virtual absl::Status Overwrite(std::string_view bytes) = 0;

  // Forgets all bytes.
  virtual absl::Status Restart() = 0;
};

// Keeps them in memory.
class StringSink final : public ByteSink {
 public:
  absl::Status Append(std::string_view bytes) override {
    bytes_.append(bytes);
    return absl::OkStatus();
  }
  absl::Status Overwrite(std::string_view bytes) override {
    bytes_.replace(0, bytes.size(), bytes);
    return absl::OkStatus();
  }
  absl::Status Restart() override {
    bytes_.clear();
    return absl::OkStatus();
  }

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_BYTE_SINK_H_
