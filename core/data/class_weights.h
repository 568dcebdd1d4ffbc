// Factors of the examples of each class in the loss.

#ifndef TRAINYARD_CORE_DATA_CLASS_WEIGHTS_H_
#define TRAINYARD_CORE_DATA_CLASS_WEIGHTS_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"

namespace trainyard {

// n / (c n_c), n_c of the training part's n rows being of this class, c the number of classes.
struct BalancedClasses {
  friend bool operator==(const BalancedClasses&, const BalancedClasses&) = default;
};

// By class, positive and finite; 1 for a class not named.
struct GivenClassWeights {
  std::map<std::string, double> weights;

  friend bool operator==(const GivenClassWeights&, const GivenClassWeights&) = default;
};

using ClassWeightOptions = std::variant<BalancedClasses, GivenClassWeights>;

// INVALID_ARGUMENT: a weight out of range; a FieldError on `given.weights[class]`.
absl::Status Validate(const ClassWeightOptions& options);

// INVALID_ARGUMENT: a weight for none of `classes`; a FieldError as above.
absl::Status CheckClasses(const ClassWeightOptions& options, const std::vector<std::string>& classes);

// The factor of each of `classes`, whose rows are counted by `counts`; each has some. Empty where all factors are 1.
std::vector<double> WeightsOf(const ClassWeightOptions& options, const std::vector<std::string>& classes,
                              std::span<const int64_t> counts);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_CLASS_WEIGHTS_H_
