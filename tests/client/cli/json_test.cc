#include "client/cli/json.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard::cli {
namespace {

constexpr char kTooLarge[] = "it has more than 1000000 values, or values more than 100 levels deep";

std::string FaultOf(const std::string& yaml) {
  v1::Job job;
  return std::string(FromYaml(yaml, job).message());
}

std::string Repeated(const std::string& text, int count) {
  std::string repeated;
  for (int i = 0; i < count; ++i) repeated += text;
  return repeated;
}

TEST(JsonTest, WhatIsNestedTooDeeplyIsRefused) {
  EXPECT_EQ(FaultOf(Repeated("{\"spec\":", 100'000) + "1" + Repeated("}", 100'000)), kTooLarge);
  EXPECT_EQ(FaultOf(Repeated("{\"spec\":", 200) + "1" + Repeated("}", 200)), kTooLarge);
  EXPECT_EQ(FaultOf(Repeated("[", 100'000)), kTooLarge);
  EXPECT_EQ(FaultOf(Repeated("- ", 100'000) + "1"), kTooLarge);
}

TEST(JsonTest, AliasesDoNotMakeAFileEndless) {
  std::string yaml = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string alias = absl::StrCat("*a", i - 1);
    absl::StrAppend(&yaml, "a", i, ": &a", i, " [", absl::StrJoin(std::vector<std::string>(10, alias), ","), "]\n");
  }
  EXPECT_EQ(FaultOf(yaml), kTooLarge);
  EXPECT_EQ(FaultOf("labels: &a [*a]"), kTooLarge);
}

TEST(JsonTest, EveryTextComesBackFromYamlAsItWas) {
  for (const char* const text : {"a\r", "\r", "a\r\r\n", "a\rb", "\n", "null", "~", ".nan", "", " a ", "a: b", "# a",
                                 "- a", "\x7f", "\xc3\xa9"}) {
    v1::Job job;
    job.set_display_name(text);
    (*job.mutable_labels())[text] = text;
    v1::Job again;
    ASSERT_TRUE(FromYaml(*ToYaml(job), again).ok()) << *ToYaml(job);
    EXPECT_EQ(again.DebugString(), job.DebugString()) << *ToYaml(job);
  }
}

}  // namespace
}  // namespace trainyard::cli
