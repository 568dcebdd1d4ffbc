// Eigen cuts long products by the sizes of the caches; fixed sizes keep the bits the same on every machine.

#ifndef TRAINYARD_CORE_BASE_EIGEN_BLOCKING_H_
#define TRAINYARD_CORE_BASE_EIGEN_BLOCKING_H_

#include "Eigen/Core"

namespace trainyard {

// To be called before the first product of Eigen's.
inline void FixEigenBlocking() {
  static const bool fixed = [] {
    Eigen::setCpuCacheSizes(32 * 1024, 1024 * 1024, 16 * 1024 * 1024);
    return true;
  }();
  static_cast<void>(fixed);
}

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_EIGEN_BLOCKING_H_
