// Predictions for any number of rows.

#ifndef TRAINYARD_CLIENT_CPP_PREDICT_H_
#define TRAINYARD_CLIENT_CPP_PREDICT_H_

#include "absl/status/statusor.h"
#include "client/cpp/client.h"

namespace trainyard::client {

// The answers for all rows that `request` has or names, in order, from as many calls as they take; its first_row and max_rows are not used.
// The server's errors; one for a table that comes after the first call says from which row on the rows stand that it speaks of. ABORTED:
// the model of a job that runs went on between two calls.
absl::StatusOr<v1::PredictResponse> Predict(Client& client, v1::PredictRequest request);

}  // namespace trainyard::client

#endif  // TRAINYARD_CLIENT_CPP_PREDICT_H_
