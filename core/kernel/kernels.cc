#include "core/kernel/kernels.h"

#include "core/kernel/table.h"

namespace trainyard {
template <typename Real>
const Kernels<Real>& KernelsFor(InstructionSet set) {
  switch (set) {
    case InstructionSet::kAvx512:
      return kernel::Avx512Kernels<Real>();
    case InstructionSet::kAvx2:
      return kernel::Avx2Kernels<Real>();
    case InstructionSet::kScalar:
      break;
  }
  return kernel::ScalarKernels<Real>();
}

template <typename Real>
const Kernels<Real>& BestKernels() {
  static const Kernels<Real>& kernels = KernelsFor<Real>(ChosenInstructionSet());
  return kernels;
}

template const Kernels<float>& KernelsFor(InstructionSet set);
template const Kernels<double>& KernelsFor(InstructionSet set);
template const Kernels<float>& BestKernels();
template const Kernels<double>& BestKernels();

}  // namespace trainyard
