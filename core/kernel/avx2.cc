#include "core/kernel/avx2_lanes.h"
#include "core/kernel/table.h"

namespace trainyard::kernel {

template <typename Real>
const Kernels<Real>& Avx2Kernels() {
  static constexpr Kernels<Real> kTable = TableOf<Avx2Lanes<Real>>();
  return kTable;
}

template const Kernels<float>& Avx2Kernels();
template const Kernels<double>& Avx2Kernels();

}  // namespace trainyard::kernel
