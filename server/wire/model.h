// Models: encodings, shapes, and the rows of a prediction. Network and loss are in network.h and loss.h.

#ifndef TRAINYARD_SERVER_WIRE_MODEL_H_
#define TRAINYARD_SERVER_WIRE_MODEL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "core/data/encoding.h"
#include "core/loss/make_loss.h"
#include "core/model/network.h"
#include "server/wire/loss.h"
#include "server/wire/network.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard {

// Features, target and weights; the rest of `model` stays. `loss` decides the positive class.
void ToProto(const Encoding& encoding, const LossOptions& loss, v1::Model* model);

// INVALID_ARGUMENT: an enum without a meaning; a FieldError relative to the message.
absl::StatusOr<Encoding> EncodingFromProto(const v1::Model& model);

v1::TensorInfo ToProto(const TensorShape& tensor);

// The rows of `table` as a data set with the features that `encoding` names, and the target where the table has it.
// Columns come in any order, others are ignored. Categories that the encoding does not know become codes of their own;
// a number in a categorical column is the category of its shortest decimal form. A sparse cell is a text, `3:1.5 10:2`; null is no number.
// INVALID_ARGUMENT: a FieldError on `table.columns`, `table.columns[i]`, `table.rows[i]` or `table.rows[i].values[j]`:
// a feature's column is missing or a column comes twice; a row of another length; a text where a number belongs; a
// number that is not finite; a text that is not that of sparse numbers.
absl::StatusOr<std::shared_ptr<const Dataset>> FromTable(const v1::Table& table, const Encoding& encoding);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_MODEL_H_
