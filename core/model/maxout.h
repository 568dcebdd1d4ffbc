// Maxout units: the largest of several linear pieces. Goodfellow et al. (2013)
//
//   a_u = max_j z_{u,j};   da_u/dz_{u,j} = [j is the piece that won, of equal ones the first]
//
// z: [m, units * pieces], the pieces of a unit together;   a: [m, units]

#ifndef TRAINYARD_CORE_MODEL_MAXOUT_H_
#define TRAINYARD_CORE_MODEL_MAXOUT_H_

#include <cstdint>

#include "core/base/matrix.h"

namespace trainyard {

// `winners`: [m, units], the piece that each a comes from. A piece that is not a number wins.
template <typename Real>
void TakeLargest(MatrixView<const Real> z, int64_t pieces, MatrixView<Real> a, MatrixView<uint8_t> winners);

// dL/da becomes dL/dz.
template <typename Real>
void RouteToWinners(MatrixView<const Real> da, MatrixView<const uint8_t> winners, int64_t pieces, MatrixView<Real> dz);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_MAXOUT_H_
