#include "core/model/dataset_objective.h"

#include <algorithm>
#include <cmath>

#include "core/base/squared_norm.h"
#include "core/optim/gradient_pass.h"

namespace trainyard {

template <typename Real>
DatasetObjective<Real>::DatasetObjective(const ParameterLayout& layout, const Loss<Real>& loss,
                                         const RowEncoder& encoder, ColumnType target_type,
                                         const RegularizationOptions& regularization, const ClippingOptions& clipping)
    : layout_(layout),
      loss_function_(loss),
      encoder_(encoder),
      pass_(layout, kBlockRows),
      targets_(kBlockRows, target_type),
      gradient_(layout.flat_size()),
      regularization_(regularization),
      clipper_(clipping, layout.layers().size()) {
  for (const DenseShape& shape : layout.layers()) {
    layer_gradients_.push_back(std::span<const Real>(gradient_).subspan(shape.begin, shape.size));
  }
}

template <typename Real>
void DatasetObjective<Real>::SetMinibatch(std::span<const uint32_t> rows) {
  rows_ = rows;
  rows_done_ = 0;
  loss_sum_ = 0;
}

template <typename Real>
double DatasetObjective<Real>::Value(std::span<const Real> point) {
  double sum = 0;
  for (size_t begin = 0; begin < rows_.size(); begin += kBlockRows) {
    const std::span<const uint32_t> block = rows_.subspan(begin, std::min<size_t>(kBlockRows, rows_.size() - begin));
    const int64_t count = static_cast<int64_t>(block.size());
    const TargetBuffer targets = targets_.First(count);
    encoder_.Encode(block, pass_.inputs(count), targets);
    sum += loss_function_.Sum(pass_.Forward(point, count), targets);
  }
  return sum / static_cast<double>(rows_.size());
}

template <typename Real>
absl::Status DatasetObjective<Real>::Gradient(std::span<const Real> point,
                                              absl::FunctionRef<void(const GradientView<Real>&)> use) {
  using Into = typename NetworkPass<Real>::Into;
  const double factor = 1 / static_cast<double>(rows_.size());
  const std::span<const uint32_t> block =
      rows_.subspan(rows_done_, std::min<size_t>(kBlockRows, rows_.size() - rows_done_));
  const int64_t count = static_cast<int64_t>(block.size());
  const TargetBuffer targets = targets_.First(count);
  encoder_.Encode(block, pass_.inputs(count), targets);
  const MatrixView<Real> outputs = pass_.Forward(point, count);
  loss_sum_ += loss_function_.SumAndGradient(factor, outputs, targets);
  pass_.Backward(point, count, rows_done_ == 0 ? Into::kEmpty : Into::kSum, gradient_);
  rows_done_ += block.size();
  if (rows_done_ < rows_.size()) return absl::Status(absl::StatusCode::kUnavailable, "");

  loss_ = loss_sum_ * factor;
  if (regularization_.has_penalty()) AddPenalty(point);
  gradient_norm_ = std::sqrt(SquaredNorm<Real>(gradient_));
  rows_done_ = 0;
  loss_sum_ = 0;
  if (!std::isfinite(loss_) || !std::isfinite(gradient_norm_)) return absl::Status(absl::StatusCode::kOutOfRange, "");
  clipper_.Measure<Real>(layer_gradients_, gradient_norm_);
  const auto walk = [this](absl::FunctionRef<void(const GradientBlock<Real>&)> visit) { Walk(visit); };
  use(GradientView<Real>(DenseGradient<Real>(walk)));
  return absl::OkStatus();
}

template <typename Real>
void DatasetObjective<Real>::AddPenalty(std::span<const Real> point) {
  const Pending pending{.l2 = regularization_.l2, .l1 = regularization_.l1};
  double squares = 0;
  double magnitudes = 0;
  for (const DenseShape& shape : layout_.layers()) {
    for (int64_t j = shape.begin; j < shape.begin + shape.weight_count(); ++j) {
      const double p = point[j];
      squares += p * p;
      magnitudes += std::abs(p);
      gradient_[j] = Complete(gradient_[j], point[j], pending);
    }
  }
  penalty_ = regularization_.l2 / 2 * squares + regularization_.l1 * magnitudes;
}

template <typename Real>
void DatasetObjective<Real>::Walk(absl::FunctionRef<void(const GradientBlock<Real>&)> visit) const {
  const std::span<const Real> all = gradient_;
  for (size_t l = 0; l < layout_.layers().size(); ++l) {
    const DenseShape& shape = layout_.layers()[l];
    const int64_t weights = shape.weight_count();
    Pending pending{.scale = clipper_.scale(l), .limit = clipper_.limit(), .decay = regularization_.weight_decay};
    visit({.begin = shape.begin, .values = all.subspan(shape.begin, weights), .pending = pending});
    pending.decay = 0;
    visit({.begin = shape.begin + weights,
           .values = all.subspan(shape.begin + weights, shape.size - weights),
           .pending = pending});
  }
}

template <typename Real>
std::string DatasetObjective<Real>::NotFiniteTensor() const {
  if (!std::isfinite(loss_)) return "";
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

template class DatasetObjective<float>;
template class DatasetObjective<double>;

}  // namespace trainyard
