// Splits text into examples as LIBSVM (Chang and Lin) writes them: `label index:value …` on a line, `#` begins a comment, lines without
// an example are skipped.

#ifndef TRAINYARD_CORE_DATA_LIBSVM_H_
#define TRAINYARD_CORE_DATA_LIBSVM_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/data/sparse_numbers.h"

namespace trainyard {

class LibsvmReader {
 public:
  // Indices up to `max_width`. `content` must outlive this.
  LibsvmReader(std::string_view content, int64_t max_width) : content_(content), max_width_(max_width) {}

  // Goes to the next example; false after the last. INVALID_ARGUMENT (BAD_DATA): a fault in it; `row` is the line, `column` the index, or
  // the name `label` or `features`.
  absl::StatusOr<bool> Next();

  // Of the example, from 1.
  int64_t line() const { return line_; }
  double label() const { return label_; }

  // Without those that are 0. Valid until Next.
  const SparseNumbers& features() const { return features_; }

 private:
  absl::Status ReadExample(std::string_view text);

  std::string_view content_;
  int64_t max_width_;
  size_t position_ = 0;
  int64_t line_ = 0;
  double label_ = 0;
  SparseNumbers features_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_LIBSVM_H_
