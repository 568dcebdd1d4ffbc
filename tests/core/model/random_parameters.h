// Parameters drawn for a test, with the padding between them.

#ifndef TRAINYARD_TESTS_CORE_MODEL_RANDOM_PARAMETERS_H_
#define TRAINYARD_TESTS_CORE_MODEL_RANDOM_PARAMETERS_H_

#include <vector>

#include "core/base/aligned_vector.h"
#include "core/base/random.h"
#include "core/model/network.h"

namespace trainyard {

// Uniform in (-0.5, 0.5), as they lie in memory.
inline AlignedVector<double> RandomParameters(const ParameterLayout& layout) {
  const RandomStream random(5, RandomPurpose::kInitialWeights, 0);
  std::vector<double> logical;
  for (int64_t j = 0; j < layout.parameter_count(); ++j) logical.push_back(random.Uniform(j) - 0.5);
  AlignedVector<double> theta(layout.flat_size());
  layout.FromLogical<double>(logical, theta);
  return theta;
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_CORE_MODEL_RANDOM_PARAMETERS_H_
