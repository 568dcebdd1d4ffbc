#include "server/store/filter_sql.h"

#include "absl/strings/str_cat.h"
#include "core/base/text.h"
#include "server/store/columns.h"
#include "trainyard/v1/event.pb.h"

namespace trainyard {
namespace {

constexpr std::string_view kLabelPrefix = "labels.";

std::string_view Sign(Comparison::Operator op) {
  switch (op) {
    case Comparison::Operator::kEqual:
      return "=";
    case Comparison::Operator::kNotEqual:
      return "!=";
    case Comparison::Operator::kLess:
      return "<";
    case Comparison::Operator::kLessOrEqual:
      return "<=";
    case Comparison::Operator::kGreater:
      return ">";
    case Comparison::Operator::kGreaterOrEqual:
      return ">=";
  }
  return "=";
}

SqlText LabelToSql(const Comparison& comparison, std::string_view rows, std::string_view labels) {
  const std::string_view negation = comparison.op == Comparison::Operator::kNotEqual ? "NOT " : "";
  return {absl::StrCat(AbslView(negation), "EXISTS(SELECT 1 FROM ", AbslView(labels),
                       " l WHERE l.owner = ", AbslView(rows), ".key AND l.key = ? AND l.value = ?)"),
          {comparison.field.substr(kLabelPrefix.size()), comparison.value}};
}

SqlText ToSql(const Comparison& comparison, std::string_view rows, std::string_view labels) {
  if (comparison.field.starts_with(kLabelPrefix)) return LabelToSql(comparison, rows, labels);
  const auto condition = [&](std::string_view column) {
    return absl::StrCat(AbslView(rows), ".", AbslView(column), " ", AbslView(Sign(comparison.op)), " ?");
  };
  if (comparison.field == "state") {
    v1::State state = v1::STATE_UNSPECIFIED;
    v1::State_Parse(comparison.value, &state);
    return {condition("state"), {int64_t{state}}};
  }
  if (comparison.field == "create_time") return {condition("created"), {ParseTime(comparison.value).value_or(0)}};
  return {condition(comparison.field), {comparison.value}};
}

}  // namespace

void SqlText::Append(const SqlText& other) {
  text.append(other.text);
  parameters.insert(parameters.end(), other.parameters.begin(), other.parameters.end());
}

SqlText ToSql(const Filter& filter, std::string_view rows, std::string_view labels) {
  SqlText all{.text = "1", .parameters = {}};
  for (const Comparison& comparison : filter.comparisons) {
    all.text.append(" AND ");
    all.Append(ToSql(comparison, rows, labels));
  }
  return all;
}

void BindAll(const SqlText& sql, Statement& statement) {
  int index = 0;
  for (const auto& parameter : sql.parameters) {
    ++index;
    if (const auto* number = std::get_if<int64_t>(&parameter)) statement.Bind(index, *number);
    if (const auto* text = std::get_if<std::string>(&parameter)) statement.Bind(index, std::string_view(*text));
  }
}

}  // namespace trainyard
