// What the tests of this folder read and build data sets with.

#ifndef TRAINYARD_TESTS_CORE_DATA_READING_H_
#define TRAINYARD_TESTS_CORE_DATA_READING_H_

#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/status.h"
#include "core/data/dataset.h"
#include "core/data/read_dataset.h"

namespace trainyard {

struct Reading {
  ReadResult result;
  std::shared_ptr<const Dataset> dataset;

  const Column& column(std::string_view name) const { return result.schema.columns[*result.schema.Find(name)]; }
  CellPlace place(std::string_view name) const { return dataset->place(*result.schema.Find(name)); }
};

inline absl::StatusOr<Reading> Read(std::string_view content, const ReadOptions& options = {},
                                    const ReadLimits& limits = {}) {
  auto sink = std::make_shared<StringSink>();
  ASSIGN_OR_RETURN(ReadResult result, ReadDataset(content, options, limits, *sink));
  ASSIGN_OR_RETURN(std::shared_ptr<const Dataset> dataset,
                   Dataset::Open(std::as_bytes(std::span(sink->bytes())), sink));
  return Reading{std::move(result), std::move(dataset)};
}

inline std::string FileContent(const std::string& name) {
  std::ifstream file(std::string(TRAINYARD_SOURCE_DIR "/tests/data/") + name, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// `message | row | column`, as an error of BAD_DATA tells it.
inline std::string Fault(const absl::Status& status) {
  std::map<std::string, std::string> metadata = ErrorMetadata(status);
  if (ErrorReason(status) != "BAD_DATA") return std::string(status.ToString());
  return std::string(status.message()) + " | " + metadata["row"] + " | " + metadata["column"];
}

inline std::vector<std::string> CategoriesOf(const Column& column) {
  std::vector<std::string> values;
  for (const Category& category : column.categories)
    values.push_back(category.value + ":" + std::to_string(category.count));
  return values;
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_CORE_DATA_READING_H_
