// Data sets: how a file is read, and what its columns are.

#ifndef TRAINYARD_SERVER_WIRE_DATASET_H_
#define TRAINYARD_SERVER_WIRE_DATASET_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/data/conditioning.h"
#include "core/data/dataset.h"
#include "core/data/read_dataset.h"
#include "core/data/schema.h"
#include "trainyard/v1/dataset.pb.h"

namespace trainyard {

// INVALID_ARGUMENT: a FieldError relative to the message.
absl::StatusOr<ReadOptions> FromProto(const v1::ReadOptions& message);
v1::ReadOptions ToProto(const ReadOptions& options);

v1::Format ToProto(Format format);
v1::ColumnType ToProto(ColumnType type);
v1::ColumnRole ToProto(ColumnRole role);

// With the first categories of each column, as Column says of them.
void AddColumns(const std::vector<Column>& columns, v1::Dataset& dataset);

v1::Conditioning ToProto(const Conditioning& conditioning);

// Rows [first, first + count) as they were uploaded, as far as there are such; the ignored columns left out. first and
// count at least 0.
v1::Table ToTable(const Dataset& dataset, int64_t first, int64_t count);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_DATASET_H_
