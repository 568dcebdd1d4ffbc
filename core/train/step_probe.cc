#include "core/train/step_probe.h"

#include <vector>

#include "core/base/aligned_vector.h"
#include "core/base/flush_denormals.h"
#include "core/base/status.h"
#include "core/model/dataset_objective.h"
#include "core/train/optimizer_of.h"
#include "core/train/parameters_of.h"

namespace trainyard {
namespace {

template <typename Real>
class TypedStepProbe final : public StepProbe {
 public:
  TypedStepProbe(const RunPlan& plan, RowEncoder training, std::unique_ptr<const Loss<Real>> loss,
                 AlignedVector<Real> theta)
      : rows_(plan.training_rows),
        training_(std::move(training)),
        loss_(std::move(loss)),
        objective_(plan.layout, *loss_, training_, plan.encoding.target.type, plan.options.regularization,
                   plan.options.optimizer.clipping),
        optimizer_(MakeOptimizerOf<Real>(plan)),
        theta_(std::move(theta)) {}

  void Step(int64_t size) override {
    const FlushDenormals flush;
    minibatch_.resize(size);
    for (size_t i = 0; i < minibatch_.size(); ++i) minibatch_[i] = rows_[i % rows_.size()];
    objective_.SetMinibatch(minibatch_);
    while (absl::IsUnavailable(optimizer_->Step({.learning_rate = 0, .momentum = 0}, objective_, theta_))) {
    }
  }

 private:
  const std::vector<uint32_t>& rows_;
  const RowEncoder training_;
  const std::unique_ptr<const Loss<Real>> loss_;
  DatasetObjective<Real> objective_;
  const std::unique_ptr<Optimizer<Real>> optimizer_;
  AlignedVector<Real> theta_;
  std::vector<uint32_t> minibatch_;
};

template <typename Real>
absl::StatusOr<std::unique_ptr<StepProbe>> Make(const RunPlan& plan, const TrainingData& data,
                                                const Checkpoint& state) {
  ASSIGN_OR_RETURN(AlignedVector<Real> theta, ParametersOf<Real>(plan.layout, state));
  ASSIGN_OR_RETURN(auto loss, MakeLoss<Real>(*plan.options.loss, TargetShape{plan.encoding.target.classes}));
  ASSIGN_OR_RETURN(RowEncoder training,
                   RowEncoder::Bind(plan.encoding, *data.training, RowEncoder::Needs::kFeaturesAndTarget));
  return std::make_unique<TypedStepProbe<Real>>(plan, std::move(training), std::move(loss), std::move(theta));
}

}  // namespace

absl::StatusOr<std::unique_ptr<StepProbe>> MakeStepProbe(const RunPlan& plan, const TrainingData& data,
                                                         const Checkpoint& state) {
  if (plan.options.precision == Precision::kF32) return Make<float>(plan, data, state);
  return Make<double>(plan, data, state);
}

}  // namespace trainyard
