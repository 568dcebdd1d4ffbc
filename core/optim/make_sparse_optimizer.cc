#include "core/optim/make_sparse_optimizer.h"

#include "core/optim/lazy_momentum.h"
#include "core/optim/sparse_sgd.h"

namespace trainyard {
namespace {

template <typename Real>
using Result = std::unique_ptr<Optimizer<Real>>;

template <typename Real>
Result<Real> Make(const SgdOptions&, int64_t input_count, int64_t units, const RegularizationOptions& regularization) {
  if (regularization == RegularizationOptions()) return std::make_unique<SparseSgd<Real>>(units);
  return std::make_unique<LazyMomentum<Real>>(LazyRule::kSgd, input_count, units, regularization.l2);
}
template <typename Real>
Result<Real> Make(const MomentumOptions&, int64_t input_count, int64_t units,
                  const RegularizationOptions& regularization) {
  return std::make_unique<LazyMomentum<Real>>(LazyRule::kMomentum, input_count, units, regularization.l2);
}
template <typename Real>
Result<Real> Make(const NesterovOptions&, int64_t input_count, int64_t units,
                  const RegularizationOptions& regularization) {
  return std::make_unique<LazyMomentum<Real>>(LazyRule::kNesterov, input_count, units, regularization.l2);
}

}  // namespace

template <typename Real>
std::unique_ptr<Optimizer<Real>> MakeSparseOptimizer(const UpdateRuleOptions& rule, int64_t input_count, int64_t units,
                                                     const RegularizationOptions& regularization) {
  return std::visit(
      [&](const auto& alternative) { return Make<Real>(alternative, input_count, units, regularization); }, rule);
}

template std::unique_ptr<Optimizer<float>> MakeSparseOptimizer(const UpdateRuleOptions&, int64_t, int64_t,
                                                               const RegularizationOptions&);
template std::unique_ptr<Optimizer<double>> MakeSparseOptimizer(const UpdateRuleOptions&, int64_t, int64_t,
                                                                const RegularizationOptions&);

}  // namespace trainyard
