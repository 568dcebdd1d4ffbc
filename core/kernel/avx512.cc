#include "core/kernel/avx512_lanes.h"
#include "core/kernel/table.h"

namespace trainyard::kernel {

template <typename Real>
const Kernels<Real>& Avx512Kernels() {
  static constexpr Kernels<Real> kTable = TableOf<Avx512Lanes<Real>>();
  return kTable;
}

template const Kernels<float>& Avx512Kernels();
template const Kernels<double>& Avx512Kernels();

}  // namespace trainyard::kernel
