// A filter as a condition of SQL.

#ifndef TRAINYARD_SERVER_STORE_FILTER_SQL_H_
#define TRAINYARD_SERVER_STORE_FILTER_SQL_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/store/database.h"
#include "server/store/filter.h"

namespace trainyard {

// A piece of SQL and what its question marks stand for, in order.
struct SqlText {
  std::string text;
  std::vector<std::variant<int64_t, std::string>> parameters;

  void Append(const SqlText& other);
};

// `rows` names the table in the query whose columns are meant, `labels` the table of its labels: (owner, key, value).
SqlText ToSql(const Filter& filter, std::string_view rows, std::string_view labels);

// Binds the parameters, which must outlive the statement's use.
void BindAll(const SqlText& sql, Statement& statement);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_FILTER_SQL_H_
