// Models: encodings, shapes, and the rows of a prediction.

#ifndef TRAINYARD_SERVER_WIRE_MODEL_H_
#define TRAINYARD_SERVER_WIRE_MODEL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "core/data/encoding.h"
#include "core/model/network.h"
#include "core/train/options.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard {

// Features, target and weights; the rest of `model` stays. `loss` decides the positive class.
void ToProto(const Encoding& encoding, const LossOptions& loss, v1::Model* model);
absl::StatusOr<Encoding> EncodingFromProto(const v1::Model& model);

v1::TensorInfo ToProto(const TensorShape& tensor);

// Network and loss alone, as Model holds them.
v1::Network ToProto(const NetworkOptions& network);
absl::StatusOr<NetworkOptions> FromProto(const v1::Network& network);
v1::Loss ToProto(const LossOptions& loss);
absl::StatusOr<LossOptions> FromProto(const v1::Loss& loss);

// The rows of `table` as a data set with the columns that `encoding` names, the target among them where the table has it. Columns come in
// any order, others are ignored. Categories that the encoding does not know become codes of their own.
// INVALID_ARGUMENT: a FieldError on `table.columns` or `table.rows[i]`: a feature's column is missing; a row of another length; a text
// where a number belongs; a number that is not finite.
absl::StatusOr<std::shared_ptr<const Dataset>> FromTable(const v1::Table& table, const Encoding& encoding);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_MODEL_H_
