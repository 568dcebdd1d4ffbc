// Filters of List methods: a subset of AIP-160, comparisons joined by AND.
//
//   state = RUNNING AND labels.team = "a" AND create_time >= "2026-01-31T00:00:00Z"

#ifndef TRAINYARD_SERVER_STORE_FILTER_H_
#define TRAINYARD_SERVER_STORE_FILTER_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trainyard {

struct Comparison {
  enum class Operator { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

  std::string field;  // `state`, `labels.team`, …
  Operator op = Operator::kEqual;
  std::string value;  // without quotes

  friend bool operator==(const Comparison&, const Comparison&) = default;
};

// All must hold; empty: everything matches.
struct Filter {
  std::vector<Comparison> comparisons;
};

// `fields`: those that may be compared; `labels` stands for every `labels.<key>`. Order comparisons are for `create_time` alone, whose
// value must be an RFC 3339 time; `state` takes a state's name, with or without its prefix.
// INVALID_ARGUMENT (a FieldError on `filter`) names the place and what was expected there.
absl::StatusOr<Filter> ParseFilter(std::string_view text, std::span<const std::string_view> fields);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_FILTER_H_
