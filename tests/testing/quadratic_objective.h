// f(w) = (1/2) sum_j h_j w_j^2, as an objective with a dense or a sparse gradient.

#ifndef TRAINYARD_TESTS_TESTING_QUADRATIC_OBJECTIVE_H_
#define TRAINYARD_TESTS_TESTING_QUADRATIC_OBJECTIVE_H_

#include <numeric>
#include <vector>

#include "core/base/objective.h"

namespace trainyard {

class QuadraticObjective final : public Objective<double> {
 public:
  explicit QuadraticObjective(std::vector<double> curvature)
      : curvature_(std::move(curvature)), gradient_(curvature_.size()) {}

  // Applied to every block.
  Pending pending;

  int64_t dimension() const override { return static_cast<int64_t>(curvature_.size()); }

  double Value(std::span<const double> w) override {
    double value = 0;
    for (size_t j = 0; j < w.size(); ++j) value += 0.5 * curvature_[j] * w[j] * w[j];
    return value;
  }

  absl::Status Gradient(std::span<const double> w, absl::FunctionRef<void(const GradientView<double>&)> use) override {
    for (size_t j = 0; j < w.size(); ++j) gradient_[j] = curvature_[j] * w[j];
    const auto walk = [this](DenseGradient<double>::Visit visit, const Touched<double>&) {
      for (size_t j = 0; j < gradient_.size(); ++j) {
        visit({.begin = static_cast<int64_t>(j), .values = std::span(gradient_).subspan(j, 1), .pending = pending});
      }
    };
    use(GradientView<double>(DenseGradient<double>(walk)));
    return absl::OkStatus();
  }

 private:
  const std::vector<double> curvature_;
  std::vector<double> gradient_;
};

// The same function, its gradient given as that of one unit's inputs, the last of which is the bias.
class SparseQuadraticObjective final : public Objective<double> {
 public:
  explicit SparseQuadraticObjective(std::vector<double> curvature)
      : curvature_(std::move(curvature)), values_(curvature_.size()), inputs_(curvature_.size() - 1) {
    std::iota(inputs_.begin(), inputs_.end(), 0);
  }

  int64_t dimension() const override { return static_cast<int64_t>(curvature_.size()); }
  double Value(std::span<const double>) override { return 0; }

  absl::Status Gradient(std::span<const double> w, absl::FunctionRef<void(const GradientView<double>&)> use) override {
    for (size_t j = 0; j < w.size(); ++j) values_[j] = curvature_[j] * w[j];
    const int64_t weights = dimension() - 1;
    const std::span<const double> values = values_;
    use(GradientView<double>(SparseGradient<double>{
        .inputs = inputs_, .values = values.first(weights), .bias_begin = weights, .biases = values.subspan(weights)}));
    return absl::OkStatus();
  }

 private:
  const std::vector<double> curvature_;
  std::vector<double> values_;
  std::vector<uint32_t> inputs_;
};

// Answers every question with `status`.
class FailingObjective final : public Objective<double> {
 public:
  explicit FailingObjective(absl::Status status) : status_(std::move(status)) {}
  int64_t dimension() const override { return 1; }
  double Value(std::span<const double>) override { return 0; }
  absl::Status Gradient(std::span<const double>, absl::FunctionRef<void(const GradientView<double>&)>) override {
    return status_;
  }

 private:
  const absl::Status status_;
};

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_TESTING_QUADRATIC_OBJECTIVE_H_
