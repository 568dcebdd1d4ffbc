#include "core/kernel/kernels.h"

#include <cstdlib>

#include "gtest/gtest.h"
#include "tests/core/kernel/reference.h"

namespace trainyard {
namespace {

// The first call decides, so each of these two has a Real of its own.
TEST(KernelsTest, TheEnvironmentChoosesTheInstructionSet) {
  setenv("TRAINYARD_INSTRUCTION_SET", "scalar", 1);
  EXPECT_EQ(&BestKernels<float>(), &KernelsFor<float>(InstructionSet::kScalar));
  unsetenv("TRAINYARD_INSTRUCTION_SET");
  EXPECT_EQ(&BestKernels<float>(), &KernelsFor<float>(InstructionSet::kScalar));
}

TEST(KernelsTest, ANameThatNoProcessorHasMeansTheBestInstructionSet) {
  setenv("TRAINYARD_INSTRUCTION_SET", "abacus", 1);
  EXPECT_EQ(&BestKernels<double>(), &KernelsFor<double>(BestInstructionSet()));
  unsetenv("TRAINYARD_INSTRUCTION_SET");
}

template <typename Real>
void ExpectFull(const Kernels<Real>& kernels) {
  EXPECT_TRUE(kernels.forward && kernels.transpose && kernels.input_gradient && kernels.weight_gradient);
  EXPECT_TRUE(kernels.sgd && kernels.momentum && kernels.nesterov);
  EXPECT_TRUE(kernels.squared_norm && kernels.largest_magnitude);
  EXPECT_TRUE(kernels.activate && kernels.multiply_derivative && kernels.softmax_cross_entropy);
}

TEST(KernelsTest, EveryInstructionSetHasATableOfItsOwnThatIsFull) {
  const Kernels<float>* before = nullptr;
  for (const InstructionSet set : InstructionSets()) {
    ExpectFull(KernelsFor<float>(set));
    ExpectFull(KernelsFor<double>(set));
    EXPECT_NE(&KernelsFor<float>(set), before);
    before = &KernelsFor<float>(set);
  }
}

}  // namespace
}  // namespace trainyard
