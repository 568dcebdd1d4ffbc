// Surrogate losses: what is minimised in place of the true loss.
//
//   value = (1/m) sum_i w_i L(f_i, y_i)      f: [m, outputs], the network's outputs;  m examples, w of mean 1 over the training part

#ifndef TRAINYARD_CORE_LOSS_LOSS_H_
#define TRAINYARD_CORE_LOSS_LOSS_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/matrix.h"

namespace trainyard {

// What a loss must know of the target.
struct TargetShape {
  // Empty for a numeric target.
  std::vector<std::string> classes;
};

// w x, and 0 where w is: what an example of weight 0 costs, be its loss infinite.
inline double Weighted(double w, double x) { return w == 0 ? 0 : w * x; }

// Thread-safe. An output that is not a number makes the sum NaN, unless its example has weight 0.
template <typename Real>
class Loss {
 public:
  virtual ~Loss() = default;

  // Width of the network's last layer.
  virtual int64_t output_count() const = 0;

  // Whether Predict gives probabilities.
  virtual bool probabilistic() const { return false; }

  // Numeric targets below this one have no loss.
  virtual double smallest_target() const { return -std::numeric_limits<double>::infinity(); }

  // At least |dL/df_j| at all outputs and targets; infinity where there is no bound.
  virtual double steepest_slope() const { return std::numeric_limits<double>::infinity(); }

  // sum_i w_i L(f_i, y_i), added in the order of rows.
  virtual double Sum(MatrixView<const Real> outputs, const Targets& targets) const = 0;

  // The same; `outputs` is overwritten by factor * w_i * dL/df_i. Allocates nothing.
  virtual double SumAndGradient(double factor, MatrixView<Real> outputs, const Targets& targets) const = 0;

  // Categorical targets only: the outputs by class, [m, classes]; here one output for each. The class with the largest is predicted, of equal ones the first.
  virtual void Scores(MatrixView<const Real> outputs, MatrixView<double> scores) const {
    for (int64_t i = 0; i < outputs.rows; ++i)
      std::copy_n(outputs.row(i).begin(), outputs.columns, scores.row(i).begin());
  }

  // What a prediction is. Categorical: probabilities of all classes, or their scores where the loss gives none, [m, classes]; numeric: the
  // number, [m, 1].
  virtual void Predict(MatrixView<const Real> outputs, MatrixView<double> predictions) const = 0;

  // The outputs f, the same for all examples, that make sum_i w_i L(f, y_i) least (for Huber loss the median, which comes near). `targets` may be empty: then any value.
  // INVALID_ARGUMENT: the loss has none; this does not depend on `targets`.
  virtual absl::StatusOr<std::vector<double>> BestConstant(const Targets&) const {
    return absl::InvalidArgumentError("the loss has no best constant output");
  }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_LOSS_H_
