// Filters of List methods: a subset of AIP-160, comparisons joined by AND.
//
//   state = RUNNING AND labels.team = "a" AND create_time >= "2026-01-31T00:00:00Z"
//
// A value is a word of letters, digits and _ - . / : + or a text in double quotes, in which \" and \\ stand for " and \.

#ifndef TRAINYARD_SERVER_STORE_FILTER_H_
#define TRAINYARD_SERVER_STORE_FILTER_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {

struct Comparison {
  enum class Operator { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

  std::string field;  // `state`, `labels.team`, …
  Operator op = Operator::kEqual;
  std::string value;  // without quotes; a state with its prefix: `STATE_RUNNING`

  friend bool operator==(const Comparison&, const Comparison&) = default;
};

// All must hold; empty: everything matches.
struct Filter {
  std::vector<Comparison> comparisons;
};

// `fields`: those that may be compared; `labels` stands for every `labels.<key>`. Order comparisons are for `create_time` alone, whose
// value must be an RFC 3339 time; `state` takes a state's name, with or without its prefix. At most 16 comparisons.
// INVALID_ARGUMENT (a FieldError on `filter`) names the place, counted in characters from 1, and what was expected there.
absl::StatusOr<Filter> ParseFilter(std::string_view text, std::span<const std::string_view> fields);

// Whether a job matches, as ListJobs decides it. `!=` holds where a label is missing.
bool Matches(const Filter& filter, const v1::Job& job);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_FILTER_H_
