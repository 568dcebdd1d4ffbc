#include "core/model/dataset_objective.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/base/squared_norm.h"
#include "core/base/status.h"
#include "core/model/column_parts.h"
#include "core/model/pass_bound.h"
#include "core/optim/gradient_pass.h"
#include "core/optim/make_sparse_optimizer.h"

namespace trainyard {
namespace {

// A gradient is used while it is computed, unseen, where no element exceeds this: its norm is finite, too. Near 0, where none exceeds that.
template <typename Real>
constexpr double kLargestStreamed = std::min<double>(std::numeric_limits<Real>::max() / 16, 0x1p480);
template <typename Real>
constexpr double kLargestSafe = kLargestStreamed<Real> / 0x1p36;

// No element of a gradient with a norm below this has become infinite by rounding.
template <typename Real>
constexpr double kLargestNorm = std::numeric_limits<Real>::max() / 2;

// One layer's norm is that of all.
ClippingOptions OfOneLayer(const ClippingOptions& clipping) {
  const auto* layer = std::get_if<ClipLayerNorm>(&clipping);
  return layer != nullptr ? ClippingOptions(ClipGlobalNorm{layer->max_norm}) : clipping;
}

}  // namespace

template <typename Real>
DatasetObjective<Real>::DatasetObjective(const ParameterLayout& layout, const Loss<Real>& loss,
                                         const RowEncoder& encoder, ColumnType target_type,
                                         const RegularizationOptions& regularization, const ClippingOptions& clipping,
                                         Crew* crew)
    : layout_(layout),
      kernels_(BestKernels<Real>()),
      loss_function_(loss),
      encoder_(encoder),
      outputs_(layout),
      targets_(kBlockRows, target_type),
      crew_(crew),
      regularization_(regularization),
      clipper_(layout.layers().size() == 1 ? OfOneLayer(clipping) : clipping, layout.layers().size()) {
  if (layout.takes_sparse_steps()) {
    sparse_.emplace(layout);
    if (MayStepLazily(regularization, clipping)) return;
  } else {
    pass_.emplace(layout, kBlockRows, crew);
    examples_.emplace(encoder);
    streams_ = !regularization.has_penalty() && !clipper_.active();
    const EndBounds ends{.input = encoder.input_bound(),
                         .output_gradient = encoder.weight_bound() * loss.steepest_slope()};
    if (streams_) safe_point_bound_ = LargestSafeParameter(layout, ends, kLargestSafe<Real>);
  }
  ranges_ = GradientRanges(layout);
  int64_t largest = 0;
  for (const GradientRange& range : ranges_) largest = std::max(largest, range.size);
  range_squares_.resize(ranges_.size());
  range_values_.assign(static_cast<size_t>(crew != nullptr ? crew->size() : 1), AlignedVector<Real>(largest));
}

template <typename Real>
void DatasetObjective<Real>::SetMinibatch(std::span<const uint32_t> rows, std::span<const uint32_t> following) {
  if (packed_.has_value()) {
    packed_->FetchAhead(following);
  } else if (!examples_.has_value() || !examples_->keeps_rows()) {
    encoder_.FetchAhead(static_cast<int64_t>(rows.size()), following);
  }
  rows_ = rows;
  following_ = following;
  rows_done_ = 0;
  block_encoded_ = false;
  told_squares_.reset();
  loss_sum_ = 0;
  point_bound_ = std::numeric_limits<double>::infinity();
}

template <typename Real>
std::span<const uint32_t> DatasetObjective<Real>::NextBlock() const {
  return rows_.subspan(rows_done_, std::min<size_t>(kBlockRows, rows_.size() - rows_done_));
}

template <typename Real>
double DatasetObjective<Real>::Value(std::span<const Real> point) {
  double sum = 0;
  for (size_t begin = 0; begin < rows_.size(); begin += kBlockRows) {
    const std::span<const uint32_t> block = rows_.subspan(begin, std::min<size_t>(kBlockRows, rows_.size() - begin));
    const TargetBuffer targets = targets_.First(static_cast<int64_t>(block.size()));
    encoder_.EncodeTargets(block, targets);
    sum += loss_function_.Sum(outputs_.Forward(point, encoder_, block), targets);
  }
  return sum / static_cast<double>(rows_.size());
}

template <typename Real>
std::optional<Support> DatasetObjective<Real>::NextSupport() {
  if (!sparse_.has_value()) return std::nullopt;
  EncodeSparseBlock();
  Support support = sparse_->support();
  if (packed_.has_value() && !following_.empty()) support.following = packed_->InputsAt(following_[0]);
  return support;
}

template <typename Real>
void DatasetObjective<Real>::EncodeSparseBlock() {
  if (block_encoded_) return;
  if (rows_done_ == 0) sparse_->Begin();
  block_encoded_ = true;
  const std::span<const uint32_t> block = NextBlock();
  if (packed_.has_value() && rows_.size() == 1) {
    const auto row = packed_->At(block[0]);
    sparse_targets_ = row.targets;
    return sparse_->Take(row.inputs);
  }
  sparse_->Encode(encoder_, block);
  const TargetBuffer targets = targets_.First(static_cast<int64_t>(block.size()));
  encoder_.EncodeTargets(block, targets);
  sparse_targets_ = targets;
}

template <typename Real>
void DatasetObjective<Real>::PackRows() {
  const bool worth_it = sparse_.has_value() && layout_.output_count() == 1 && !encoder_.stored_row_begin().empty();
  if (!worth_it) return;
  const int64_t numbers = encoder_.stored_row_begin().back();
  if (PackedRows<Real>::MemoryBytes(encoder_.row_count(), numbers) > 0) packed_.emplace(encoder_);
}

template <typename Real>
void DatasetObjective<Real>::AddBlock(std::span<const Real> point) {
  const std::span<const uint32_t> block = NextBlock();
  const int64_t count = static_cast<int64_t>(block.size());
  const TargetBuffer targets = targets_.First(count);
  examples_->Gather(block, pass_->inputs(count), targets);
  const MatrixView<Real> outputs = pass_->Forward(point, count);
  loss_sum_ += loss_function_.SumAndGradient(1 / static_cast<double>(rows_.size()), outputs, targets);
  pass_->Backward(point, count);
}

template <typename Real>
void DatasetObjective<Real>::StoreGradient(int64_t rows) {
  using Into = typename NetworkPass<Real>::Into;
  gradient_.resize(static_cast<size_t>(layout_.flat_size()));
  const Into into = rows_done_ == 0 ? Into::kEmpty : Into::kSum;
  const bool whole = rows_done_ + static_cast<size_t>(rows) == rows_.size();
  ForEachRange(rows, [&](size_t index, int) {
    const GradientRange& range = ranges_[index];
    const std::span<Real> values = std::span(gradient_).subspan(range.begin, range.size);
    pass_->Gradient(range, rows, into, values);
    if (whole) range_squares_[index] = kernels_.squared_norm(values);
  });
}

template <typename Real>
void DatasetObjective<Real>::ForEachRange(int64_t rows, absl::FunctionRef<void(size_t, int)> visit) {
  if (crew_ == nullptr) {
    for (size_t index = 0; index < ranges_.size(); ++index) visit(index, 0);
    return;
  }
  constexpr int64_t kWorkOfPassing = 32;  // as many multiply-adds take the time in which an element comes from far away
  const int64_t work = std::max(rows, kWorkOfPassing);
  Crew* const crew = IsWorthACrew(work * layout_.flat_size()) ? crew_ : nullptr;
  const int64_t count = static_cast<int64_t>(ranges_.size());
  const int64_t together = std::max<int64_t>(kPartWork / (work * static_cast<int64_t>(range_values_[0].size())), 1);
  ForEachPart(crew, (count + together - 1) / together, [&](int64_t part, int member) {
    const int64_t end = std::min((part + 1) * together, count);
    for (int64_t index = part * together; index < end; ++index) visit(static_cast<size_t>(index), member);
  });
}

template <typename Real>
template <typename Point>
void DatasetObjective<Real>::AddSparseBlock(const Point& point) {
  EncodeSparseBlock();
  loss_sum_ +=
      loss_function_.SumAndGradient(1 / static_cast<double>(rows_.size()), sparse_->Forward(point), sparse_targets_);
  sparse_->Backward();
  rows_done_ += NextBlock().size();
  block_encoded_ = false;
}

template <typename Real>
absl::Status DatasetObjective<Real>::Gradient(std::span<const Real> point,
                                              absl::FunctionRef<void(const GradientView<Real>&)> use) {
  if (sparse_.has_value()) {
    AddSparseBlock(point);
  } else {
    const int64_t count = static_cast<int64_t>(NextBlock().size());
    AddBlock(point);
    if (count == static_cast<int64_t>(rows_.size()) && streams_) {
      loss_ = loss_sum_ / static_cast<double>(count);
      gradient_bound_ = BoundGradient(count);
      if (std::isfinite(loss_) && gradient_bound_ <= kLargestStreamed<Real>) return UseStreamed(count, use);
    }
    StoreGradient(count);
    rows_done_ += count;
  }
  RETURN_IF_ERROR(EndBlock());
  const bool lazily = sparse_.has_value() && ranges_.empty();
  if (!lazily) return UseDense(point, use);
  return UseSparse(point, [use](const SparseGradient<Real>& gradient) { use(GradientView<Real>(gradient)); });
}

template <typename Real>
absl::Status DatasetObjective<Real>::GradientAtSupport(const SupportPoint<Real>& point,
                                                       absl::FunctionRef<void(const SparseGradient<Real>&)> use) {
  point.all.empty() ? AddSparseBlock(point) : AddSparseBlock(point.all);
  RETURN_IF_ERROR(EndBlock());
  return UseSparse(point.all, use);
}

template <typename Real>
absl::Status DatasetObjective<Real>::EndBlock() {
  if (rows_done_ < rows_.size()) return absl::Status(absl::StatusCode::kUnavailable, "");
  loss_ = loss_sum_ / static_cast<double>(rows_.size());
  rows_done_ = 0;
  loss_sum_ = 0;
  return absl::OkStatus();
}

template <typename Real>
double DatasetObjective<Real>::BoundGradient(int64_t rows) {
  if (point_bound_ <= safe_point_bound_ && safe_point_bound_ > 0) return kLargestSafe<Real>;
  return pass_->GradientBound(rows, encoder_.input_bound());
}

template <typename Real>
absl::Status DatasetObjective<Real>::UseStreamed(int64_t rows, absl::FunctionRef<void(const GradientView<Real>&)> use) {
  loss_sum_ = 0;
  bool walked = false;
  const auto walk = [&](typename DenseGradient<Real>::Visit visit, const Touched<Real>& touched) {
    walked = true;
    ForEachRange(rows, [&](size_t index, int member) {
      const GradientRange& range = ranges_[index];
      const std::span<Real> values = std::span(range_values_[member]).first(range.size);
      pass_->Gradient(range, rows, NetworkPass<Real>::Into::kEmpty, values, touched);
      range_squares_[index] = kernels_.squared_norm(values);
      VisitRange(range, values, touched[0] != nullptr, visit);
    });
  };
  use(GradientView<Real>(DenseGradient<Real>(walk)));
  if (!walked) walk([](const GradientBlock<Real>&) {}, {});
  gradient_norm_ = std::sqrt(SumOfSquares());
  return absl::OkStatus();
}

template <typename Real>
absl::Status DatasetObjective<Real>::UseDense(std::span<const Real> point,
                                              absl::FunctionRef<void(const GradientView<Real>&)> use) {
  if (sparse_.has_value()) {
    gradient_.resize(static_cast<size_t>(layout_.flat_size()));
    Expand<Real>(sparse_->gradient(), gradient_);
  }
  const std::span<const Real> gradient = gradient_;
  if (layer_gradients_.empty()) {
    for (const DenseShape& shape : layout_.layers())
      layer_gradients_.push_back(gradient.subspan(shape.begin, shape.size));
  }
  if (regularization_.has_penalty()) AddPenalty(point);
  if (sparse_.has_value() || regularization_.has_penalty()) {
    ForEachRange(0, [&](size_t index, int) {
      range_squares_[index] = kernels_.squared_norm(gradient.subspan(ranges_[index].begin, ranges_[index].size));
    });
  }
  gradient_norm_ = std::sqrt(SumOfSquares());
  gradient_bound_ = LargestOfNorm(gradient_norm_);
  if (!std::isfinite(loss_) || !std::isfinite(gradient_norm_)) return absl::Status(absl::StatusCode::kOutOfRange, "");
  clipper_.Measure<Real>(layer_gradients_, gradient_norm_);
  const auto walk = [&](typename DenseGradient<Real>::Visit visit, const Touched<Real>&) {
    ForEachRange(0, [&](size_t index, int) {
      const GradientRange& range = ranges_[index];
      VisitRange(range, gradient.subspan(range.begin, range.size), false, visit);
    });
  };
  use(GradientView<Real>(DenseGradient<Real>(walk)));
  return absl::OkStatus();
}

template <typename Real>
absl::Status DatasetObjective<Real>::UseSparse(std::span<const Real> point,
                                               absl::FunctionRef<void(const SparseGradient<Real>&)> use) {
  SparseGradient<Real> gradient = sparse_->gradient();
  gradient_norm_ = regularization_.l2 > 0 ? std::sqrt(AddPenalty(gradient, point)) : sparse_->NormOfGradient();
  told_squares_.reset();
  gradient_bound_ = LargestOfNorm(gradient_norm_);
  const bool finite = std::isfinite(loss_) && gradient_norm_ < kLargestNorm<Real>;
  if (!finite) return absl::Status(absl::StatusCode::kOutOfRange, "");
  if (clipper_.active()) {
    const std::array<std::span<const Real>, 2> all = {gradient.values, gradient.biases};
    clipper_.Measure<Real>(all, gradient_norm_);
    gradient.bias_pending = {.scale = clipper_.scale(0), .limit = clipper_.limit()};
  }
  gradient.pending = {.scale = gradient.bias_pending.scale,
                      .limit = gradient.bias_pending.limit,
                      .l2 = regularization_.l2,
                      .decay = regularization_.weight_decay};
  use(gradient);
  return absl::OkStatus();
}

template <typename Real>
double DatasetObjective<Real>::AddPenalty(const SparseGradient<Real>& gradient, std::span<const Real> point) {
  const double l2 = regularization_.l2;
  const std::span<const Real> weights = sparse_->WeightsAt(point);
  const double reached = kernels_.squared_norm(weights);
  double others = 0;
  if (!told_squares_.has_value()) {
    others = sparse_->SquaresOfOthers(point);
  } else if (static_cast<int64_t>(gradient.inputs.size()) < layout_.input_count()) {
    others = std::max(*told_squares_ - reached, 0.0);
  }
  penalty_ = l2 / 2 * (reached + others);
  double squares = kernels_.squared_norm(gradient.biases) + l2 * l2 * others;
  for (size_t j = 0; j < gradient.values.size(); ++j) {
    const double g = static_cast<double>(gradient.values[j]) + l2 * static_cast<double>(weights[j]);
    squares += g * g;
  }
  return squares;
}

template <typename Real>
void DatasetObjective<Real>::AddPenalty(std::span<const Real> point) {
  const Pending pending{.l2 = regularization_.l2, .l1 = regularization_.l1};
  double squares = 0;
  double magnitudes = 0;
  for (const DenseShape& shape : layout_.layers()) {
    shape.ForEachRun([&](const ParameterRun& run) {
      if (run.is_bias) return;
      for (int64_t j = run.begin; j < run.begin + run.size; ++j) {
        const double p = point[j];
        squares += p * p;
        magnitudes += std::abs(p);
        gradient_[j] = Complete(gradient_[j], point[j], pending);
      }
    });
  }
  penalty_ = regularization_.l2 / 2 * squares + regularization_.l1 * magnitudes;
}

template <typename Real>
void DatasetObjective<Real>::VisitRange(const GradientRange& range, std::span<const Real> values, bool fetched,
                                        absl::FunctionRef<void(const GradientBlock<Real>&)> visit) const {
  Pending pending{
      .scale = clipper_.scale(range.layer), .limit = clipper_.limit(), .decay = regularization_.weight_decay};
  if (pending.decay == 0)
    return visit({.begin = range.begin, .values = values, .pending = pending, .fetched = fetched});
  const Pending of_biases{.scale = pending.scale, .limit = pending.limit};
  layout_.layers()[range.layer].ForEachRun([&](const ParameterRun& run) {
    const int64_t begin = std::max(run.begin, range.begin);
    const int64_t end = std::min(run.begin + run.size, range.begin + range.size);
    if (begin >= end) return;
    visit({.begin = begin,
           .values = values.subspan(begin - range.begin, end - begin),
           .pending = run.is_bias ? of_biases : pending,
           .fetched = fetched});
  });
}

template <typename Real>
std::string DatasetObjective<Real>::NotFiniteTensor() const {
  if (!std::isfinite(loss_)) return "";
  if (sparse_.has_value() && ranges_.empty()) return NotFiniteSparseTensor();
  for (const TensorShape& tensor : layout_.tensors()) {
    const DenseShape& shape = layout_.layers()[tensor.layer];
    for (int64_t input = tensor.is_bias ? shape.fan_in : 0; input < shape.fan_in + (tensor.is_bias ? 1 : 0); ++input) {
      for (int64_t unit = 0; unit < shape.fan_out; ++unit) {
        if (!std::isfinite(gradient_[layout_.Index(tensor.layer, input, unit)])) return tensor.name;
      }
    }
  }
  return "";
}

template <typename Real>
std::string DatasetObjective<Real>::NotFiniteSparseTensor() const {
  const SparseGradient<Real> gradient = sparse_->gradient();
  for (const TensorShape& tensor : layout_.tensors()) {
    const std::span<const Real> values = tensor.is_bias ? gradient.biases : gradient.values;
    const bool finite = std::all_of(values.begin(), values.end(), [](Real g) { return std::isfinite(g); });
    if (!finite) return tensor.name;
  }
  return "";
}

template class DatasetObjective<float>;
template class DatasetObjective<double>;

}  // namespace trainyard
