// What the parts of the catalogue share: labels, and pages that examine a bounded number of rows.

#ifndef TRAINYARD_SERVER_STORE_CATALOGUE_ROWS_H_
#define TRAINYARD_SERVER_STORE_CATALOGUE_ROWS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/status.h"
#include "google/protobuf/map.h"
#include "server/store/catalogue.h"
#include "server/store/columns.h"
#include "server/store/database.h"
#include "server/store/filter_sql.h"

namespace trainyard {

inline constexpr int64_t kMostExamined = 20000;

absl::Status NotFound(std::string_view name);

// Replaces the labels of `owner` in `job_labels` or `dataset_labels`.
absl::Status ReplaceLabels(Connection& connection, std::string_view table, int64_t owner,
                           const google::protobuf::Map<std::string, std::string>& labels);

// Runs a statement with one parameter, a number or a text.
template <typename Parameter>
absl::Status RunWith(Connection& connection, std::string_view sql, const Parameter& parameter) {
  ASSIGN_OR_RETURN(Statement statement, connection.Prepare(sql));
  return statement.Bind(1, parameter).Step().status();
}

// All rows of a statement whose parameters are bound.
template <typename Row>
absl::StatusOr<std::vector<Row>> ReadAll(Statement& select, absl::StatusOr<Row> (*read_row)(const Statement&)) {
  std::vector<Row> rows;
  while (true) {
    ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return rows;
    ASSIGN_OR_RETURN(Row row, read_row(select));
    rows.push_back(std::move(row));
  }
}

// `select` gives, in the list's order, at most kMostExamined rows: their place, their message, which is NULL where the row does not match,
// and what else `read_row` reads. Keeps up to `page_size` that match, of at most kMostPageBytes or one. The token, for the list `list`,
// holds the place of the last row examined.
template <typename Row>
absl::StatusOr<CataloguePage<Row>> ReadPage(Connection& connection, const SqlText& select, std::string_view list,
                                            int page_size, absl::StatusOr<Row> (*read_row)(const Statement&)) {
  ASSIGN_OR_RETURN(Statement statement, connection.PrepareOnce(select.text));
  BindAll(select, statement);
  CataloguePage<Row> page;
  std::string place;
  int64_t bytes = 0;
  for (int64_t examined = 1;; ++examined) {
    ASSIGN_OR_RETURN(const bool found, statement.Step());
    const bool is_last = !found && examined <= kMostExamined;
    if (is_last) return page;
    if (!found || page.rows.size() == static_cast<size_t>(page_size)) break;
    const bool matches = !statement.IsNull(1);
    if (matches) bytes += static_cast<int64_t>(statement.Blob(1).size());
    if (matches && bytes > kMostPageBytes && !page.rows.empty()) break;
    if (matches || examined == kMostExamined) place = statement.Text(0);
    if (!matches) continue;
    ASSIGN_OR_RETURN(Row row, read_row(statement));
    page.rows.push_back(std::move(row));
  }
  page.next_page_token = MakePageToken(list, place);
  return page;
}

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_CATALOGUE_ROWS_H_
