#include "server/store/filter_match.h"

#include <cstdint>
#include <string>

#include "server/store/columns.h"

namespace trainyard {
namespace {

template <typename Value>
bool Compare(const Value& a, Comparison::Operator op, const Value& b) {
  switch (op) {
    case Comparison::Operator::kEqual:
      return a == b;
    case Comparison::Operator::kNotEqual:
      return a != b;
    case Comparison::Operator::kLess:
      return a < b;
    case Comparison::Operator::kLessOrEqual:
      return a <= b;
    case Comparison::Operator::kGreater:
      return a > b;
    case Comparison::Operator::kGreaterOrEqual:
      return a >= b;
  }
  return false;
}

bool LabelMatches(const Comparison& comparison, const v1::Job& job) {
  const auto label = job.labels().find(comparison.field.substr(comparison.field.find('.') + 1));
  const bool equal = label != job.labels().end() && label->second == comparison.value;
  return equal == (comparison.op == Comparison::Operator::kEqual);
}

bool Matches(const Comparison& comparison, const v1::Job& job) {
  if (comparison.field.starts_with("labels.")) return LabelMatches(comparison, job);
  if (comparison.field == "dataset") {
    return Compare<std::string>(job.spec().data().dataset(), comparison.op, comparison.value);
  }
  if (comparison.field == "state") {
    v1::State state = v1::STATE_UNSPECIFIED;
    v1::State_Parse(comparison.value, &state);
    return Compare<int>(job.state(), comparison.op, state);
  }
  if (comparison.field == "create_time") {
    const int64_t created = job.create_time().seconds() * 1'000'000'000 + job.create_time().nanos();
    return Compare<int64_t>(created, comparison.op, ParseTime(comparison.value).value_or(0));
  }
  return Compare<std::string>(job.display_name(), comparison.op, comparison.value);
}

}  // namespace

bool Matches(const Filter& filter, const v1::Job& job) {
  for (const Comparison& comparison : filter.comparisons) {
    if (!Matches(comparison, job)) return false;
  }
  return true;
}

}  // namespace trainyard
