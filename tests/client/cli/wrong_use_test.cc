// What the program refuses before it asks a server.

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/client/cli/program_fixture.h"

namespace trainyard::cli {
namespace {

using ::testing::HasSubstr;

TEST_F(ProgramTest, WrongUseIsTwo) {
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"jub"}), 2);
  EXPECT_EQ(Run({"job", "list", "--output", "xml"}), 2);
  EXPECT_EQ(Run({"train"}), 2);
  EXPECT_EQ(Run({"train", "--dataset", "d", "--optimizer", "adamant"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("sgd, momentum, nesterov"));
  EXPECT_EQ(Run({"train", "-f", "/no/such/file"}), 2);
}

TEST_F(ProgramTest, WhatIsNoCommandOrFlagIsNamed) {
  for (const char* const command : {"jub", "job lst", "job show --jub", "--jub"}) {
    const std::vector<std::string> words = absl::StrSplit(command, ' ');
    EXPECT_EQ(Run(words), 2);
    EXPECT_THAT(err_.str(), HasSubstr("not expected: " + words.back()));
  }
  EXPECT_EQ(Run({"job", "show"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("job is required"));
}

TEST_F(ProgramTest, AnOutputThatACommandDoesNotHaveIsWrongUse) {
  EXPECT_EQ(Run({"job", "list", "--output", "xml"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--output: \"xml\" is not one of table, json, csv"));
  EXPECT_EQ(Run({"dataset", "list", "--output", "csv"}), 2);
  EXPECT_EQ(out_.str(), "");
  EXPECT_THAT(err_.str(), HasSubstr("--output: dataset list has table, json"));
  EXPECT_EQ(Run({"job", "show", "1", "--output", "JSON"}), 0);
}

TEST_F(ProgramTest, AWholeNumberIsDecimalAndFitsItsFlag) {
  for (const char* const seed : {"-1", "18446744073709551616", "1.5", "1e3", "0x10", "", " 7 x"}) {
    EXPECT_EQ(Run({"train", "--dataset", "d", "--seed", seed}), 2) << seed;
    EXPECT_THAT(err_.str(), HasSubstr("is not a whole number from 0 to 18446744073709551615"));
  }
  EXPECT_EQ(Run({"train", "--dataset", "d", "--steps", "9223372036854775808"}), 2);
  EXPECT_EQ(Run({"train", "--dataset", "d", "--threads", "2147483648"}), 2);
  EXPECT_EQ(Run({"train", "--dataset", "d", "--seed", "18446744073709551615", "--steps", "010", "--hidden", "08,9"}), 0)
      << err_.str();
  const v1::JobSpec& spec = server_.jobs.created.spec();
  EXPECT_EQ(spec.seed(), 18446744073709551615u);
  EXPECT_EQ(spec.budget().steps(), 10);
  EXPECT_EQ(spec.network().hidden(0).dense().units(), 8);
}

TEST_F(ProgramTest, ALimitOfNothingIsWrongUse) {
  for (const char* const command : {"job list", "dataset list", "model list", "job events 1"}) {
    std::vector<std::string> words = absl::StrSplit(command, ' ');
    for (const char* const limit : {"0", "-1"}) {
      words.insert(words.end(), {"--limit", limit});
      EXPECT_EQ(Run(words), 2) << command;
      EXPECT_THAT(err_.str(), HasSubstr("--limit"));
      words.resize(words.size() - 2);
    }
  }
}

TEST_F(ProgramTest, CheckWatchAndPreviewExcludeEachOther) {
  EXPECT_EQ(Run({"train", "--dataset", "d", "--check", "--watch"}), 2);
  EXPECT_EQ(Run({"train", "--dataset", "d", "--check", "--preview-schedule"}), 2);
  EXPECT_EQ(Run({"train", "--dataset", "d", "--watch", "--preview-schedule"}), 2);
}

TEST_F(ProgramTest, ATimeBeyondAllTimesIsWrongUse) {
  for (const char* const time : {"inf", "nan", "1e30", "-inf", "315576000001", "-1e12"}) {
    for (const char* const flag : {"--deadline", "--time"}) {
      EXPECT_EQ(Run({"train", "--dataset", "d", flag, time}), 2) << flag << ' ' << time;
      EXPECT_THAT(err_.str(), HasSubstr(flag));
    }
  }
  EXPECT_EQ(Run({"train", "--dataset", "d", "--deadline", "300000000000"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("the year 9999"));
}

TEST_F(ProgramTest, AFolderIsNoFileToRead) {
  EXPECT_EQ(Run({"model", "predict", "1", "--input", ::testing::TempDir()}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("Is a directory"));
  EXPECT_EQ(Run({"train", "-f", ::testing::TempDir()}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("Is a directory"));
}

TEST_F(ProgramTest, TextThatIsNotUtf8IsWrongUseAndThePathOfAFileMayBeAny) {
  for (const char* const command :
       {"job show \xff", "train --dataset d --name \xff", "train --dataset d --label k=\xe9"}) {
    EXPECT_EQ(Run(absl::StrSplit(command, ' ')), 2);
    EXPECT_THAT(err_.str(), HasSubstr("is not UTF-8"));
  }
  const std::string path = absl::StrCat(::testing::TempDir(), "/program_test_\xe9_", getpid(), ".csv");
  std::ofstream(path) << "x,y\n1,r\xe9"
                      << "d\n";
  EXPECT_EQ(Run({"model", "predict", "1", "--input", path}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("line 2 is not UTF-8"));
  EXPECT_EQ(Run({"dataset", "upload", path, "--name", "d"}), 0) << err_.str();
  std::remove(path.c_str());
}

TEST_F(ProgramTest, AFlagOfAVariantSaysWhatItTakes) {
  EXPECT_EQ(Run({"train", "--dataset", "d", "--momentum", "x"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--momentum: \"x\" is not a number"));
  EXPECT_EQ(Run({"train", "--dataset", "d", "--tau-steps", "1.5"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--tau-steps: \"1.5\" is not a whole number"));
}

TEST_F(ProgramTest, APreviewOfNoRowsIsWrongUse) { EXPECT_EQ(Run({"dataset", "preview", "d", "--rows", "0"}), 2); }

TEST_F(ProgramTest, PredictNeedsOneSourceOfRows) { EXPECT_EQ(Run({"model", "predict", "1"}), 2); }

}  // namespace
}  // namespace trainyard::cli
