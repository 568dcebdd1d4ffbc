// From the names of a file's columns and the options to what each column is for; and what to warn of once they are read.

#ifndef TRAINYARD_CORE_DATA_PLAN_COLUMNS_H_
#define TRAINYARD_CORE_DATA_PLAN_COLUMNS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/data/column_scan.h"
#include "core/data/read_dataset.h"
#include "core/data/schema.h"

namespace trainyard {

// FieldErrors on `target`, `weight`, `split`, `types[…]`. Without `options.target` no column is the target.
absl::StatusOr<std::vector<ColumnPlan>> PlanColumns(const std::vector<std::string>& names, const ReadOptions& options);

// Whether the options say that the column is not kept.
bool DeclaredIgnored(const ReadOptions& options, const std::string& column);

// The target of tables that do not mark one: the last column that is kept and holds neither weights nor parts. nullopt: there is none.
std::optional<std::string> LastFeature(const std::vector<std::string>& names, const ReadOptions& options);

std::vector<std::string> WarningsOf(const Schema& schema, int64_t row_count);

// Of columns that were not declared and hold categories since a tenth of their cells at most are no numbers; nullopt: there are none.
std::optional<std::string> WarningOfOddCells(const Schema& schema, const ReadOptions& options);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_PLAN_COLUMNS_H_
