#include "client/cpp/predict.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace trainyard::client {
namespace {

// What the contract allows in a table, and half of what a server takes unless it is told otherwise.
constexpr int64_t kMostTableRows = 10'000;
constexpr size_t kMostTableBytes = 8 << 20;

// Of data sets; and of the numbers predicted, a quarter of what a server answers at once.
constexpr int64_t kMostDatasetRows = 100'000;
constexpr int64_t kMostNumbers = 1'000'000;

absl::StatusOr<int64_t> RowsOfCall(Client& client, const v1::PredictRequest& request) {
  v1::GetModelRequest of_model;
  of_model.set_name(request.model());
  absl::StatusOr<v1::Model> model = Call(client.models(), &v1::ModelService::Stub::GetModel, of_model);
  if (!model.ok()) return model.status();
  const int64_t most = request.has_table() ? kMostTableRows : kMostDatasetRows;
  return std::clamp<int64_t>(kMostNumbers / std::max(model->target().classes_size(), 1), 1, most);
}

// The next rows from `first` on, at most `most` and at least one where there is one: named, or moved out of the table.
v1::PredictRequest TakePart(v1::PredictRequest& request, int64_t first, int64_t most) {
  v1::PredictRequest part;
  part.set_model(request.model());
  if (!request.has_table()) {
    part.set_dataset(request.dataset());
    part.set_first_row(first);
    part.set_max_rows(most);
    return part;
  }
  v1::Table& rows = *request.mutable_table();
  *part.mutable_table()->mutable_columns() = rows.columns();
  size_t bytes = 0;
  for (int64_t i = first; i < std::min<int64_t>(first + most, rows.rows_size()) && bytes < kMostTableBytes; ++i) {
    google::protobuf::ListValue& row = *part.mutable_table()->add_rows();
    row.Swap(rows.mutable_rows(static_cast<int>(i)));
    bytes += row.ByteSizeLong();
  }
  return part;
}

absl::Status Since(int64_t first, const absl::Status& status) {
  if (first == 0) return status;
  absl::Status result(status.code(), absl::StrCat("of the rows from ", first, " on: ", status.message()));
  status.ForEachPayload(
      [&result](absl::string_view url, const absl::Cord& payload) { result.SetPayload(url, payload); });
  return result;
}

}  // namespace

absl::StatusOr<v1::PredictResponse> Predict(Client& client, v1::PredictRequest request) {
  absl::StatusOr<int64_t> rows = RowsOfCall(client, request);
  if (!rows.ok()) return rows.status();
  v1::PredictResponse all;
  for (int64_t first = 0;;) {
    const v1::PredictRequest part = TakePart(request, first, *rows);
    absl::StatusOr<v1::PredictResponse> answer =
        Call(client.models(), &v1::ModelService::Stub::Predict, part, absl::InfiniteDuration());
    if (!answer.ok()) return request.has_table() ? Since(first, answer.status()) : answer.status();
    if (first > 0 && answer->step() != all.step()) {
      return absl::AbortedError(absl::StrCat(request.model(), " went on from step ", all.step(), " to ", answer->step(),
                                             " between two calls; predict again when its job has ended or is paused"));
    }
    if (first > 0) answer->clear_classes();
    all.MergeFrom(*answer);
    if (!request.has_table()) {
      if (answer->predictions_size() < *rows) return all;
      first += *rows;
    } else {
      first += part.table().rows_size();
      if (first >= request.table().rows_size()) return all;
    }
  }
}

}  // namespace trainyard::client
