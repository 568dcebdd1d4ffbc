// A trained network ready for use, whatever its precision.

#ifndef TRAINYARD_CORE_MODEL_PREDICTOR_H_
#define TRAINYARD_CORE_MODEL_PREDICTOR_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/base/matrix.h"
#include "core/base/precision.h"
#include "core/data/encoding.h"
#include "core/loss/make_loss.h"
#include "core/loss/metric_sums.h"
#include "core/model/network.h"

namespace trainyard {

// Not thread-safe.
class Predictor {
 public:
  virtual ~Predictor() = default;

  // Columns of a prediction: the classes, or 1 for a number.
  virtual int64_t prediction_width() const = 0;

  // As Loss says of itself.
  virtual bool probabilistic() const = 0;
  virtual double smallest_target() const = 0;

  // Predictions of `rows`, at most kBlockRows of them, as Loss::Predict gives them, and for classes Loss::Scores as well: both
  // [rows, prediction_width].
  virtual void Predict(const RowEncoder& encoder, std::span<const uint32_t> rows, MatrixView<double> predictions,
                       MatrixView<double> scores) = 0;

  // Adds `rows`, at most kBlockRows of them, to the sums.
  virtual void Measure(const RowEncoder& encoder, std::span<const uint32_t> rows, MetricSums& sums) = 0;

  virtual const ParameterLayout& layout() const = 0;
};

// `parameters`: in logical order, in `precision`, little endian.
// INVALID_ARGUMENT: their number does not fit the network.
absl::StatusOr<std::unique_ptr<Predictor>> MakePredictor(const NetworkOptions& network, const LossOptions& loss,
                                                         const Encoding& encoding, Precision precision,
                                                         std::string_view parameters);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_PREDICTOR_H_
