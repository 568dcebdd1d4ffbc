#include "core/data/minibatches.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/random.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

constexpr int64_t kDefaultSize = 32;

int64_t SizeOf(const std::variant<DefaultSize, int64_t, FullBatch>& batch, int64_t row_count) {
  if (std::holds_alternative<FullBatch>(batch)) return row_count;
  if (const int64_t* size = std::get_if<int64_t>(&batch)) return *size;
  return std::min(kDefaultSize, row_count);
}

}  // namespace

absl::Status Validate(const MinibatchOptions& options, std::optional<int64_t> row_count) {
  const int64_t* const size = std::get_if<int64_t>(&options.batch);
  if (size == nullptr) return absl::OkStatus();
  if (*size < 1) return FieldError("size", *size, std::string_view("at least 1"));
  if (row_count.has_value() && *size > *row_count) {
    return FieldError("size", *size, absl::StrCat("at most ", *row_count, ", the size of the training part"));
  }
  return absl::OkStatus();
}

Minibatches::Minibatches(const MinibatchOptions& options, std::vector<uint32_t> rows, uint64_t seed)
    : order_(options.order), rows_(std::move(rows)), seed_(seed), size_(SizeOf(options.batch, row_count())) {
  if (size_ >= row_count()) order_ = InOrder();
  if (std::holds_alternative<Permutation>(order_)) permuted_.resize(rows_.size());
}

int64_t Minibatches::ExamplesBefore(int64_t step) const {
  const int64_t epoch = step / steps_per_epoch();
  return epoch * row_count() + step % steps_per_epoch() * size_;
}

std::span<const uint32_t> Minibatches::At(int64_t step) {
  const int64_t epoch = step / steps_per_epoch();
  const int64_t first = step % steps_per_epoch() * size_;
  std::span<const uint32_t> epoch_rows = rows_;
  if (std::holds_alternative<Permutation>(order_)) {
    if (epoch != permuted_epoch_) {
      std::copy(rows_.begin(), rows_.end(), permuted_.begin());
      RandomStream(seed_, RandomPurpose::kPermutation, static_cast<uint64_t>(epoch)).Shuffle(permuted_);
      permuted_epoch_ = epoch;
    }
    epoch_rows = permuted_;
  }
  return epoch_rows.subspan(static_cast<size_t>(first), static_cast<size_t>(std::min(size_, row_count() - first)));
}

}  // namespace trainyard
