#include "server/store/filter.h"

#include <array>

#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

using Operator = Comparison::Operator;
using testing::ElementsAre;

constexpr std::array<std::string_view, 5> kFields = {"state", "labels", "dataset", "display_name", "create_time"};

std::vector<Comparison> Parse(std::string_view text) {
  const absl::StatusOr<Filter> filter = ParseFilter(text, kFields);
  EXPECT_TRUE(filter.ok()) << filter.status();
  return filter.ok() ? filter->comparisons : std::vector<Comparison>();
}

TEST(FilterTest, TheEmptyTextMatchesEverything) {
  EXPECT_THAT(Parse(""), ElementsAre());
  EXPECT_THAT(Parse("  "), ElementsAre());
}

TEST(FilterTest, ComparisonsAreJoinedByAnd) {
  EXPECT_THAT(Parse(R"(state = RUNNING AND labels.team = "a" AND create_time >= "2026-01-31T00:00:00Z")"),
              ElementsAre(Comparison{"state", Operator::kEqual, "STATE_RUNNING"},
                          Comparison{"labels.team", Operator::kEqual, "a"},
                          Comparison{"create_time", Operator::kGreaterOrEqual, "2026-01-31T00:00:00Z"}));
}

TEST(FilterTest, SpacesAroundOperatorsMayBeLeftOut) {
  EXPECT_THAT(Parse("state!=FAILED AND dataset=datasets/iris"),
              ElementsAre(Comparison{"state", Operator::kNotEqual, "STATE_FAILED"},
                          Comparison{"dataset", Operator::kEqual, "datasets/iris"}));
}

TEST(FilterTest, AStateMayHaveItsPrefix) {
  EXPECT_THAT(Parse("state = STATE_QUEUED"), ElementsAre(Comparison{"state", Operator::kEqual, "STATE_QUEUED"}));
}

TEST(FilterTest, EveryOperatorIsReadOnCreateTime) {
  const std::vector<std::pair<std::string, Operator>> operators = {
      {"=", Operator::kEqual},        {"!=", Operator::kNotEqual}, {"<", Operator::kLess},
      {"<=", Operator::kLessOrEqual}, {">", Operator::kGreater},   {">=", Operator::kGreaterOrEqual}};
  for (const auto& [sign, op] : operators) {
    EXPECT_THAT(Parse("create_time" + sign + "2026-01-31T00:00:00+01:00"),
                ElementsAre(Comparison{"create_time", op, "2026-01-31T00:00:00+01:00"}));
  }
}

TEST(FilterTest, QuotedTextsMayHoldAnything) {
  EXPECT_THAT(Parse(R"(display_name = "say \"AND\" \\ é" AND labels.a-b_c != "")"),
              ElementsAre(Comparison{"display_name", Operator::kEqual, R"(say "AND" \ é)"},
                          Comparison{"labels.a-b_c", Operator::kNotEqual, ""}));
}

TEST(FilterTest, BadTextsNameThePlaceAndWhatWasExpected) {
  const std::string fields = "one of the fields state, labels.<key>, dataset, display_name, create_time";
  const std::string states = "one of QUEUED, RUNNING, PAUSED, SUCCEEDED, FAILED, CANCELLED";
  const std::string time = "a time as in \"2026-01-31T00:00:00Z\"";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"color = red", fields + " at character 1"},
      {"labels = a", fields + " at character 1"},
      {"labels. = a", fields + " at character 1"},
      {"= a", fields + " at character 1"},
      {"state", "= or != at character 6"},
      {"state RUNNING", "= or != at character 7"},
      {"state < RUNNING", "= or != at character 7"},
      {"labels.team >= a", "= or != at character 13"},
      {"create_time ~ x", "one of =, !=, <, <=, >, >= at character 13"},
      {"state =", "a value at character 8"},
      {"state = ASLEEP", states + " at character 9"},
      {"state = UNSPECIFIED", states + " at character 9"},
      {"state = running", states + " at character 9"},
      {"create_time > yesterday", time + " at character 15"},
      {"create_time > 2026-01-31", time + " at character 15"},
      {"create_time > infinite-future", time + " at character 15"},
      {"display_name = \"x", "a closing \" at character 18"},
      {"display_name = \"\\n\"", "\" or \\ at character 18"},
      {"state = FAILED state = QUEUED", "AND at character 16"},
      {"state = FAILED OR state = QUEUED", "AND at character 16"},
      {"display_name = \"a\"AND state = QUEUED", "AND at character 19"},
      {"state = FAILED ANDstate = QUEUED", "a space at character 19"},
      {"state = FAILED AND", "a space at character 19"},
      {"state = FAILED AND ", "a comparison at character 20"},
      {"display_name = \"é\" x", "AND at character 20"},
  };
  for (const auto& [text, expected] : cases) {
    const absl::Status status = ParseFilter(text, kFields).status();
    EXPECT_EQ(status.message(), "filter = " + text + ", must be comparisons joined by AND, with " + expected);
    EXPECT_EQ(ErrorField(status), "filter");
  }
}

TEST(FilterTest, ASeventeenthComparisonIsRefused) {
  std::string text = "labels.a = b";
  for (int i = 1; i < 16; ++i) text += " AND labels.a = b";
  EXPECT_EQ(Parse(text).size(), 16);
  EXPECT_FALSE(ParseFilter(text + " AND labels.a = b", kFields).ok());
}

TEST(FilterTest, OnlyTheFieldsGivenMayBeCompared) {
  const std::array<std::string_view, 1> names = {"display_name"};
  EXPECT_TRUE(ParseFilter("display_name = x", names).ok());
  EXPECT_EQ(
      ParseFilter("labels.a = x", names).status().message(),
      "filter = labels.a = x, must be comparisons joined by AND, with one of the fields display_name at character 1");
}

TEST(MatchesTest, ComparesEachField) {
  v1::Job job;
  job.set_state(v1::STATE_PAUSED);
  job.set_display_name("first");
  job.mutable_spec()->mutable_data()->set_dataset("datasets/iris");
  job.mutable_create_time()->set_seconds(1'000'000'000);  // 2001-09-09T01:46:40Z
  (*job.mutable_labels())["team"] = "a";
  for (const std::string_view text :
       {"", "state = PAUSED", "state != RUNNING", "display_name = first", "dataset = datasets/iris", "labels.team = a",
        "labels.team != b", "labels.other != b", "create_time = 2001-09-09T01:46:40Z",
        "create_time < 2001-09-09T01:46:40.001Z", "create_time >= 2001-09-09T03:46:40+02:00",
        "state = PAUSED AND labels.team = a"}) {
    EXPECT_TRUE(Matches(Filter{Parse(text)}, job)) << text;
  }
  for (const std::string_view text :
       {"state = RUNNING", "display_name != first", "dataset = datasets/digits", "labels.team = b", "labels.other = b",
        "create_time > 2001-09-09T01:46:40Z", "state = PAUSED AND labels.team = b"}) {
    EXPECT_FALSE(Matches(Filter{Parse(text)}, job)) << text;
  }
}

}  // namespace
}  // namespace trainyard
