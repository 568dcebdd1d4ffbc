#include "core/kernel/scalar_lanes.h"
#include "core/kernel/table.h"

namespace trainyard::kernel {

template <typename Real>
const Kernels<Real>& ScalarKernels() {
  static constexpr Kernels<Real> kTable = TableOf<ScalarLanes<Real>>();
  return kTable;
}

template const Kernels<float>& ScalarKernels();
template const Kernels<double>& ScalarKernels();

}  // namespace trainyard::kernel
