#include "core/init/orthogonal.h"

#include <algorithm>

#include "Eigen/QR"
#include "core/base/eigen_blocking.h"

namespace trainyard {

absl::Status Validate(const OrthogonalOptions& options) { return CheckPositive("gain", options.gain); }

void Orthogonal::Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const {
  FixEigenBlocking();
  const int64_t larger = std::max(fans.fan_in, fans.fan_out);
  const int64_t smaller = std::min(fans.fan_in, fans.fan_out);
  const bool tall = fans.fan_in >= fans.fan_out;
  // Element (i, j) of the tall matrix, or of the wide one's transpose, has its logical index in the tensor.
  const auto index = [&](int64_t i, int64_t j) { return tall ? i * fans.fan_out + j : j * fans.fan_out + i; };

  Eigen::MatrixXd factors(larger, smaller);
  for (int64_t j = 0; j < smaller; ++j) {
    for (int64_t i = 0; i < larger; ++i) factors(i, j) = random.Normal(static_cast<uint64_t>(index(i, j)));
  }
  const Eigen::HouseholderQR<Eigen::Ref<Eigen::MatrixXd>> qr(factors);  // in place
  Eigen::MatrixXd q = Eigen::MatrixXd::Identity(larger, smaller);
  q.applyOnTheLeft(qr.householderQ());
  for (int64_t j = 0; j < smaller; ++j) {
    const double scale = factors(j, j) < 0 ? -options_.gain : options_.gain;
    for (int64_t i = 0; i < larger; ++i) values[index(i, j)] = scale * q(i, j);
  }
}

}  // namespace trainyard
