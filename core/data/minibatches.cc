#include "core/data/minibatches.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/random.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

int64_t SizeOf(const std::variant<DefaultSize, int64_t, FullBatch>& batch, int64_t row_count) {
  if (std::holds_alternative<FullBatch>(batch)) return row_count;
  if (const int64_t* size = std::get_if<int64_t>(&batch)) return *size;
  return std::min(kDefaultMinibatch, row_count);
}

absl::Status CheckOrder(const MinibatchOptions& options) {
  const Windowed* const windowed = std::get_if<Windowed>(&options.order);
  if (windowed != nullptr && windowed->rows < 1) {
    return FieldError("windowed.rows", windowed->rows, std::string_view("at least 1"));
  }
  if (std::holds_alternative<WithReplacement>(options.order) && std::holds_alternative<FullBatch>(options.batch)) {
    return FieldError("with_replacement", "set",
                      "left out with full_batch, which takes each example once; give a size to draw as many");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const MinibatchOptions& options, std::optional<int64_t> row_count) {
  RETURN_IF_ERROR(CheckOrder(options));
  const int64_t* const size = std::get_if<int64_t>(&options.batch);
  if (size == nullptr) return absl::OkStatus();
  if (*size < 1) return FieldError("size", *size, std::string_view("at least 1"));
  if (row_count.has_value() && *size > *row_count) {
    return FieldError("size", *size, absl::StrCat("at most ", *row_count, ", the size of the training part"));
  }
  return absl::OkStatus();
}

Epoch EpochOf(const MinibatchOptions& options, int64_t row_count) {
  Epoch epoch{.minibatch_size = SizeOf(options.batch, row_count)};
  const bool whole_only = options.drop_last || std::holds_alternative<WithReplacement>(options.order);
  epoch.steps = row_count / epoch.minibatch_size;
  if (!options.drop_last && row_count % epoch.minibatch_size != 0) ++epoch.steps;
  epoch.examples = whole_only ? epoch.steps * epoch.minibatch_size : row_count;
  return epoch;
}

Minibatches::Minibatches(const MinibatchOptions& options, std::vector<uint32_t> rows, uint64_t seed)
    : order_(options.order), rows_(std::move(rows)), seed_(seed), epoch_(EpochOf(options, row_count())) {
  if (std::holds_alternative<WithReplacement>(order_)) {
    drawn_.resize(static_cast<size_t>(size()));
    return;
  }
  if (size() >= row_count()) order_ = InOrder();
  if (!std::holds_alternative<InOrder>(order_)) drawn_.resize(rows_.size());
  if (const Windowed* windowed = std::get_if<Windowed>(&order_)) {
    windows_.resize(static_cast<size_t>((row_count() - 1) / windowed->rows + 1));
    next_windows_.resize(windows_.size());
  }
}

int64_t Minibatches::ExamplesBefore(int64_t step) const {
  return step / epoch_.steps * epoch_.examples + step % epoch_.steps * epoch_.minibatch_size;
}

void Minibatches::Draw(const Permutation&, int64_t epoch) {
  std::copy(rows_.begin(), rows_.end(), drawn_.begin());
  RandomStream(seed_, RandomPurpose::kPermutation, static_cast<uint64_t>(epoch)).Shuffle(drawn_);
}

void Minibatches::DrawWindows(int64_t epoch, std::vector<uint32_t>& windows) const {
  std::iota(windows.begin(), windows.end(), 0u);
  RandomStream(seed_, RandomPurpose::kPermutation, static_cast<uint64_t>(epoch)).Shuffle(windows);
}

void Minibatches::Draw(const Windowed& windowed, int64_t epoch) {
  DrawWindows(epoch, windows_);
  DrawWindows(epoch + 1, next_windows_);
  last_window_at_ = std::ranges::find(windows_, windows_.size() - 1) - windows_.begin();
  const uint64_t first_stream = static_cast<uint64_t>(epoch) * windows_.size();
  auto end = drawn_.begin();
  for (const uint32_t window : windows_) {
    const int64_t first = window * windowed.rows;
    const auto begin = end;
    end = std::copy_n(rows_.begin() + first, std::min(windowed.rows, row_count() - first), begin);
    RandomStream(seed_, RandomPurpose::kWindowRows, first_stream + window).Shuffle({begin, end});
  }
}

void Minibatches::Draw(const WithReplacement&, int64_t step) {
  const RandomStream random(seed_, RandomPurpose::kReplacement, static_cast<uint64_t>(step));
  for (size_t i = 0; i < drawn_.size(); ++i) drawn_[i] = rows_[random.Below(rows_.size(), i)];
}

template <typename Order>
void Minibatches::DrawOnce(const Order& order, int64_t epoch) {
  if (epoch != drawn_for_) Draw(order, epoch);
  drawn_for_ = epoch;
}

void Minibatches::GoToAny(int64_t step) {
  step_ = step;
  if (const WithReplacement* replaced = std::get_if<WithReplacement>(&order_)) {
    DrawOnce(*replaced, step);
    begin_ = 0;
    epoch_end_ = size();
  } else {
    std::visit([&](const auto& order) { DrawOnce(order, step / epoch_.steps); }, order_);
    begin_ = step % epoch_.steps * size();
    epoch_end_ = epoch_.examples;
  }
  end_ = std::min(begin_ + size(), epoch_end_);
}

// The last window of the data may be shorter, and comes anywhere among the others.
int64_t Minibatches::WindowAt(const Windowed& windowed, int64_t place) const {
  const int64_t before = last_window_at_;
  if (place < before * windowed.rows) return place / windowed.rows;
  const int64_t lacking = static_cast<int64_t>(windows_.size()) * windowed.rows - row_count();
  return std::max((place + lacking) / windowed.rows, before);
}

std::span<const uint32_t> Minibatches::NextWindow(int64_t ahead) const {
  const Windowed* const windowed = std::get_if<Windowed>(&order_);
  if (windowed == nullptr) return {};
  const int64_t window = WindowAt(*windowed, end_ - 1);
  if (begin_ > 0 && WindowAt(*windowed, begin_ - 1) == window) return {};
  const int64_t count = static_cast<int64_t>(windows_.size());
  const int64_t next = window + ahead;
  if (next >= 2 * count) return {};
  const uint32_t number =
      next < count ? windows_[static_cast<size_t>(next)] : next_windows_[static_cast<size_t>(next - count)];
  const int64_t begin = number * windowed->rows;
  return std::span(rows_).subspan(static_cast<size_t>(begin),
                                  static_cast<size_t>(std::min(windowed->rows, row_count() - begin)));
}

}  // namespace trainyard
