#include "core/model/maxout.h"

#include <algorithm>
#include <cmath>

namespace trainyard {

template <typename Real>
void TakeLargest(MatrixView<const Real> z, int64_t pieces, MatrixView<Real> a, MatrixView<uint8_t> winners) {
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t unit = 0; unit < a.columns; ++unit) {
      const Real* const piece = &z(i, unit * pieces);
      int64_t winner = 0;
      for (int64_t j = 1; j < pieces; ++j) {
        if (piece[j] > piece[winner] || std::isnan(piece[j])) winner = j;
      }
      a(i, unit) = piece[winner];
      winners(i, unit) = static_cast<uint8_t>(winner);
    }
  }
}

template <typename Real>
void RouteToWinners(MatrixView<const Real> da, MatrixView<const uint8_t> winners, int64_t pieces, MatrixView<Real> dz) {
  for (int64_t i = 0; i < da.rows; ++i) {
    std::fill(dz.row(i).begin(), dz.row(i).end(), Real(0));
    for (int64_t unit = 0; unit < da.columns; ++unit) dz(i, unit * pieces + winners(i, unit)) = da(i, unit);
  }
}

template void TakeLargest(MatrixView<const float>, int64_t, MatrixView<float>, MatrixView<uint8_t>);
template void TakeLargest(MatrixView<const double>, int64_t, MatrixView<double>, MatrixView<uint8_t>);
template void RouteToWinners(MatrixView<const float>, MatrixView<const uint8_t>, int64_t, MatrixView<float>);
template void RouteToWinners(MatrixView<const double>, MatrixView<const uint8_t>, int64_t, MatrixView<double>);

}  // namespace trainyard
