#include "core/model/predictor.h"

#include <cstring>
#include <vector>

#include "core/base/aligned_vector.h"
#include "core/base/flush_denormals.h"
#include "core/base/status.h"
#include "core/model/evaluator.h"

namespace trainyard {
namespace {

template <typename Real>
class TypedPredictor final : public Predictor {
 public:
  TypedPredictor(ParameterLayout layout, std::unique_ptr<const Loss<Real>> loss, int64_t class_count)
      : layout_(std::move(layout)),
        loss_(std::move(loss)),
        evaluator_(layout_, *loss_, class_count),
        theta_(layout_.flat_size()) {}

  void SetParameters(std::string_view parameters) {
    std::vector<Real> logical(layout_.parameter_count());
    std::memcpy(logical.data(), parameters.data(), parameters.size());
    layout_.template FromLogical<Real>(logical, theta_);
  }

  int64_t prediction_width() const override { return evaluator_.prediction_width(); }
  bool probabilistic() const override { return loss_->probabilistic(); }
  double smallest_target() const override { return loss_->smallest_target(); }
  const ParameterLayout& layout() const override { return layout_; }

  void Predict(const RowEncoder& encoder, std::span<const uint32_t> rows, MatrixView<double> predictions,
               MatrixView<double> scores) override {
    const FlushDenormals flush;
    evaluator_.Predict(theta_, encoder, rows, predictions, scores);
  }

  void Measure(const RowEncoder& encoder, std::span<const uint32_t> rows, MetricSums& sums) override {
    const FlushDenormals flush;
    evaluator_.Measure(theta_, encoder, rows, sums);
  }

 private:
  const ParameterLayout layout_;
  const std::unique_ptr<const Loss<Real>> loss_;
  Evaluator<Real> evaluator_;
  AlignedVector<Real> theta_;
};

template <typename Real>
absl::StatusOr<std::unique_ptr<Predictor>> Make(const NetworkOptions& network, const LossOptions& loss_options,
                                                const Encoding& encoding, std::string_view parameters) {
  ASSIGN_OR_RETURN(auto loss, MakeLoss<Real>(loss_options, TargetShape{encoding.target.classes}));
  ASSIGN_OR_RETURN(ParameterLayout layout,
                   ParameterLayout::Make(network, encoding.input_count(), loss->output_count(), InputsOf(encoding)));
  if (parameters.size() != layout.parameter_count() * sizeof(Real)) {
    return absl::InvalidArgumentError(absl::StrCat("the network has ", layout.parameter_count(), " parameters, not ",
                                                   parameters.size() / sizeof(Real)));
  }
  auto predictor = std::make_unique<TypedPredictor<Real>>(std::move(layout), std::move(loss),
                                                          static_cast<int64_t>(encoding.target.classes.size()));
  predictor->SetParameters(parameters);
  return predictor;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Predictor>> MakePredictor(const NetworkOptions& network, const LossOptions& loss,
                                                         const Encoding& encoding, Precision precision,
                                                         std::string_view parameters) {
  if (precision == Precision::kF32) return Make<float>(network, loss, encoding, parameters);
  return Make<double>(network, loss, encoding, parameters);
}

}  // namespace trainyard
