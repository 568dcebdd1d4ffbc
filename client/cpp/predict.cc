#include "client/cpp/predict.h"

#include <cstddef>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace trainyard::client {
namespace {

// What the contract allows, and half of what a server takes unless it is told otherwise.
constexpr int kMostRows = 10'000;
constexpr size_t kMostBytes = 8 << 20;

// Moves rows from `first` on into `part`, at least one where there is one; how many.
int MoveRows(v1::Table& rows, int first, v1::Table& part) {
  size_t bytes = 0;
  int count = 0;
  while (first + count < rows.rows_size() && count < kMostRows && bytes < kMostBytes) {
    google::protobuf::ListValue& row = *part.add_rows();
    row.Swap(rows.mutable_rows(first + count++));
    bytes += row.ByteSizeLong();
  }
  return count;
}

absl::Status Since(int first, const absl::Status& status) {
  if (first == 0) return status;
  absl::Status result(status.code(), absl::StrCat("of the rows from ", first, " on: ", status.message()));
  status.ForEachPayload(
      [&result](absl::string_view url, const absl::Cord& payload) { result.SetPayload(url, payload); });
  return result;
}

}  // namespace

absl::StatusOr<v1::PredictResponse> Predict(Client& client, const std::string& model, v1::Table rows) {
  v1::PredictResponse all;
  int first = 0;
  do {
    v1::PredictRequest request;
    request.set_model(model);
    *request.mutable_table()->mutable_columns() = rows.columns();
    const int count = MoveRows(rows, first, *request.mutable_table());
    absl::StatusOr<v1::PredictResponse> part =
        Call(client.models(), &v1::ModelService::Stub::Predict, request, absl::InfiniteDuration());
    if (!part.ok()) return Since(first, part.status());
    if (first > 0 && part->step() != all.step()) {
      return absl::AbortedError(absl::StrCat(model, " went on from step ", all.step(), " to ", part->step(),
                                             " between two calls; predict again when its job has ended or is paused"));
    }
    if (first > 0) part->clear_classes();
    all.MergeFrom(*part);
    first += count;
  } while (first < rows.rows_size());
  return all;
}

}  // namespace trainyard::client
