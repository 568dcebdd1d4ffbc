#include "client/cli/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <numeric>
#include <sstream>

#include "absl/strings/str_split.h"
#include "tests/client/fake_server.h"

namespace trainyard::cli {
namespace {

using ::testing::HasSubstr;

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    server_.jobs.job.set_name("jobs/1");
    server_.jobs.job.set_state(v1::STATE_SUCCEEDED);
    v1::Evaluation& evaluation = *server_.jobs.job.add_latest_evaluations();
    evaluation.set_part(v1::PART_TEST);
    v1::MetricValue& value = *evaluation.add_values();
    value.set_metric(v1::METRIC_ACCURACY);
    value.set_value(0.97222);
    server_.watch.log = client::MakeLog(3);
  }

  int Run(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    arguments.insert(arguments.begin(), {"--server", server_.address()});
    Console console{.out = out_, .err = err_};
    return RunProgram(arguments, console);
  }

  std::vector<std::string> OutLines() const {
    std::vector<std::string> lines;
    std::istringstream in(out_.str());
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

  client::FakeServer server_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ProgramTest, TrainPrintsTheJobsName) {
  EXPECT_EQ(Run({"train", "--dataset", "digits", "--hidden", "8,4", "--name", "x"}), 0);
  EXPECT_EQ(out_.str(), "jobs/1\n");
  EXPECT_EQ(server_.jobs.created.spec().data().dataset(), "datasets/digits");
  EXPECT_EQ(server_.jobs.created.spec().network().hidden_size(), 2);
  EXPECT_EQ(server_.jobs.created.display_name(), "x");
}

TEST_F(ProgramTest, AJobWhoseAnswerIsLostIsAskedForAgainUnderItsRequestId) {
  for (const char* const command : {"train --dataset d", "job fork 1"}) {
    server_.jobs.create_answers_to_lose = 1;
    server_.jobs.request_ids.clear();
    EXPECT_EQ(Run(absl::StrSplit(command, ' ')), 0) << err_.str();
    ASSERT_EQ(server_.jobs.request_ids.size(), 2u) << command;
    EXPECT_EQ(server_.jobs.request_ids[0], server_.jobs.request_ids[1]);
    EXPECT_EQ(server_.jobs.request_ids[0].size(), 32u);
  }
}

TEST_F(ProgramTest, AVerificationTakesAsLongAsItTakes) {
  EXPECT_EQ(Run({"job", "verify", "1"}), 0);
  EXPECT_FALSE(server_.jobs.verify_has_deadline);
}

TEST_F(ProgramTest, AWatchThatSawTheEndOutlivesAServerThatStartsAnew) {
  server_.jobs.job.mutable_progress()->set_total_steps(3);
  server_.jobs.get_answer_to_lose = 2;
  EXPECT_EQ(Run({"job", "watch", "1"}), 0) << err_.str();
}

TEST_F(ProgramTest, TrainReadsAFile) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/program_test_", getpid(), ".yaml");
  std::ofstream(path) << "data: {dataset: datasets/d}\nseed: 5\n";
  EXPECT_EQ(Run({"train", "-f", path, "--seed", "6"}), 0);
  EXPECT_EQ(server_.jobs.created.spec().data().dataset(), "datasets/d");
  EXPECT_EQ(server_.jobs.created.spec().seed(), 6u);
  std::remove(path.c_str());
}

TEST_F(ProgramTest, AWatchEndsWithTheFinalMetrics) {
  EXPECT_EQ(Run({"train", "--dataset", "digits", "--watch"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("jobs/1\n"));
  EXPECT_EQ(OutLines().back(), "test accuracy 0.9722");
}

TEST_F(ProgramTest, AWatchInJsonHasAnEventALineAndTheJobLast) {
  EXPECT_EQ(Run({"train", "--dataset", "digits", "--watch", "--output", "json"}), 0);
  const std::vector<std::string> lines = OutLines();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_THAT(lines[0], HasSubstr(R"("sequence":"1")"));
  EXPECT_THAT(lines[2], HasSubstr("STATE_SUCCEEDED"));
  EXPECT_THAT(lines[3], HasSubstr("latestEvaluations"));
}

TEST_F(ProgramTest, AFailedJobIsOne) {
  server_.jobs.job.set_state(v1::STATE_FAILED);
  server_.jobs.job.mutable_error()->set_message("loss is not finite");
  server_.watch.log = client::MakeLog(3, v1::STATE_FAILED);
  EXPECT_EQ(Run({"job", "watch", "1"}), 1);
  EXPECT_THAT(out_.str(), HasSubstr("loss is not finite"));
}

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

TEST_F(ProgramTest, OutputThatCannotBeWrittenIsTwo) {
  for (const char* const command : {"job list", "job watch 1", "job show 1 --output json", "train --help"}) {
    std::ofstream full("/dev/full");
    std::ostringstream err;
    Console console{.out = full, .err = err};
    std::vector<std::string> words = absl::StrSplit(command, ' ');
    words.insert(words.begin(), {"--server", server_.address()});
    EXPECT_EQ(RunProgram(words, console), 2) << command;
    EXPECT_THAT(err.str(), HasSubstr("can't write")) << command;
  }
}

TEST_F(ProgramTest, AnExportInJsonTellsItsSize) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/program_test_", getpid(), ".npz");
  EXPECT_EQ(Run({"model", "export", "1", "--to", path, "--output", "json"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "{\"sizeBytes\":\"1000\"}\n");
  std::remove(path.c_str());
}

TEST_F(ProgramTest, ADeletionInJsonIsAnEmptyObject) {
  EXPECT_EQ(Run({"model", "delete", "1", "--output", "json"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "{}\n");
  EXPECT_EQ(Run({"model", "delete", "1"}), 0);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ProgramTest, AFolderIsNoFileToRead) {
  EXPECT_EQ(Run({"model", "predict", "1", "--input", ::testing::TempDir()}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("Is a directory"));
  EXPECT_EQ(Run({"train", "-f", ::testing::TempDir()}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("Is a directory"));
}

TEST_F(ProgramTest, VersionIsPrinted) {
  EXPECT_EQ(Run({"--version"}), 0);
  EXPECT_EQ(out_.str(), "trainyard 0.1.0\n");
}

TEST_F(ProgramTest, HelpIsZero) {
  EXPECT_EQ(Run({"train", "--help"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("nesterov"));
}

TEST_F(ProgramTest, AnUnreachableServerIsThree) {
  std::ostringstream out;
  Console console{.out = out, .err = err_};
  EXPECT_EQ(RunProgram({"--server", "unix:/no/such/socket", "job", "list"}, console), 3);
  EXPECT_THAT(err_.str(), HasSubstr("can't reach a server at unix:/no/such/socket"));
}

TEST_F(ProgramTest, ARefusalIsFourAndTellsFieldAndReason) {
  server_.jobs.create_status =
      client::Refusal(grpc::StatusCode::INVALID_ARGUMENT, "wrong", "spec.budget.steps", "BAD_BUDGET");
  EXPECT_EQ(Run({"train", "--dataset", "d"}), 4);
  EXPECT_THAT(err_.str(), HasSubstr("reason BAD_BUDGET, value 42"));
  EXPECT_EQ(Run({"job", "show", "none"}), 4);
}

TEST_F(ProgramTest, OptionsOfAllCommandsMayStandBehindThem) {
  EXPECT_EQ(Run({"job", "show", "1", "--output", "json"}), 0);
  EXPECT_EQ(OutLines().size(), 1u);
}

TEST_F(ProgramTest, AListHasAllPages) {
  EXPECT_EQ(Run({"job", "list"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("jobs/1"));
  EXPECT_THAT(out_.str(), HasSubstr("jobs/2"));
  EXPECT_EQ(Run({"job", "list", "--limit", "1"}), 0);
  EXPECT_EQ(out_.str().find("jobs/2"), std::string::npos);
}

TEST_F(ProgramTest, AListThatIsCutOffSaysSo) {
  EXPECT_EQ(Run({"job", "list", "--limit", "1"}), 0);
  EXPECT_THAT(err_.str(), HasSubstr("there are more than these 1; --limit 10 shows more"));
  EXPECT_EQ(Run({"job", "list", "--limit", "1", "--output", "json"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr(R"("nextPageToken":"second")"));
  EXPECT_EQ(err_.str(), "");
  EXPECT_EQ(Run({"job", "list"}), 0);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(ProgramTest, JobsInCsvHaveAColumnForEachMeasure) {
  server_.jobs.job.set_display_name("a, \"b\"");
  EXPECT_EQ(Run({"job", "list", "--output", "csv"}), 0) << err_.str();
  EXPECT_EQ(out_.str(),
            "name,state,step,epoch,dataset,created,display_name,test.accuracy\n"
            "jobs/1,succeeded,0,0,,,\"a, \"\"b\"\"\",0.97222\n"
            "jobs/2,unspecified,0,0,,,,\n");
}

TEST_F(ProgramTest, UploadMakesTheNameAndReadsTheFormatFromTheFile) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/program_test_", getpid(), ".csv");
  std::ofstream(path) << "x,y\n1,2\n";
  EXPECT_EQ(Run({"dataset", "upload", path, "--name", "d", "--target", "y", "--type", "a=b=categorical"}), 0);
  EXPECT_EQ(server_.datasets.committed.name(), "datasets/d");
  const v1::ReadOptions& options = server_.datasets.committed.read_options();
  EXPECT_EQ(options.format(), v1::FORMAT_CSV);
  EXPECT_EQ(options.target(), "y");
  EXPECT_EQ(options.types().at("a=b"), v1::COLUMN_TYPE_CATEGORICAL);
  EXPECT_EQ(server_.datasets.content, "x,y\n1,2\n");
  std::remove(path.c_str());
}

TEST_F(ProgramTest, PredictSendsTheRowsAndPrintsClassAndProbabilities) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/program_test_", getpid(), "_rows.csv");
  std::ofstream(path) << "x\n1\n";
  server_.models.predictions.add_classes("no");
  server_.models.predictions.add_classes("yes");
  v1::Prediction& prediction = *server_.models.predictions.add_predictions();
  prediction.set_class_name("yes");
  prediction.add_probabilities(0.25);
  prediction.add_probabilities(0.75);
  EXPECT_EQ(Run({"model", "predict", "1", "--input", path}), 0);
  EXPECT_EQ(server_.models.asked.model(), "models/1");
  EXPECT_EQ(server_.models.asked.table().rows(0).values(0).number_value(), 1);
  EXPECT_EQ(out_.str(), "ROW  CLASS  P(no)  P(yes)\n  0  yes    0.25   0.75\n");
  std::remove(path.c_str());
}

TEST_F(ProgramTest, PredictSendsCategoriesAsTheyStandInTheFile) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/program_test_", getpid(), "_zip.csv");
  std::ofstream(path) << "zip,x\n02134,007\n,1\n";
  v1::FeatureEncoding& zip = *server_.models.model.add_features();
  zip.set_column("zip");
  zip.set_type(v1::COLUMN_TYPE_CATEGORICAL);
  EXPECT_EQ(Run({"model", "predict", "1", "--input", path}), 0);
  const v1::Table& table = server_.models.asked.table();
  EXPECT_EQ(table.rows(0).values(0).string_value(), "02134");
  EXPECT_EQ(table.rows(0).values(1).number_value(), 7);
  EXPECT_TRUE(table.rows(1).values(0).has_null_value());
  std::remove(path.c_str());
}

TEST_F(ProgramTest, PredictPrintsScoresWhereThereAreNoProbabilities) {
  server_.models.predictions.add_classes("no");
  server_.models.predictions.add_classes("yes");
  v1::Prediction& prediction = *server_.models.predictions.add_predictions();
  prediction.set_class_name("yes");
  prediction.add_scores(-1.5);
  prediction.add_scores(1.5);
  EXPECT_EQ(Run({"model", "predict", "1", "--dataset", "a"}), 0);
  EXPECT_EQ(out_.str(), "ROW  CLASS  SCORE(no)  SCORE(yes)\n  0  yes    -1.5       1.5\n");
}

TEST_F(ProgramTest, ManyRowsArePredictedInSeveralCalls) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/program_test_", getpid(), "_many.csv");
  std::ofstream file(path);
  file << "x,wide\n";
  for (int i = 0; i < 21'000; ++i) file << i << "," << (i < 20'900 ? "a" : std::string(100'000, 'b')) << "\n";
  file.close();
  server_.models.predictions.add_predictions()->set_value(0.5);
  EXPECT_EQ(Run({"model", "predict", "1", "--input", path, "--output", "csv"}), 0) << err_.str();
  const std::vector<int>& calls = server_.models.rows_of_calls;
  ASSERT_EQ(calls.size(), 4u);
  EXPECT_EQ(calls[1], 10'000);
  EXPECT_EQ(std::accumulate(calls.begin(), calls.end(), 0), 21'000);
  EXPECT_EQ(server_.models.asked.table().columns_size(), 2);
  EXPECT_EQ(OutLines().size(), calls.size() + 1);
  EXPECT_EQ(OutLines()[2], "1,0.5");

  server_.models.step_of_call = 1;
  EXPECT_NE(Run({"model", "predict", "1", "--input", path, "--output", "csv"}), 0);
  EXPECT_EQ(out_.str(), "");
  EXPECT_THAT(err_.str(), HasSubstr("models/1 went on from step"));

  server_.models.step_of_call = 0;
  server_.models.calls_to_answer = calls.size() + 1;
  EXPECT_EQ(Run({"model", "predict", "1", "--input", path, "--output", "csv"}), 4);
  EXPECT_EQ(out_.str(), "");
  EXPECT_THAT(err_.str(), HasSubstr("of the rows from 10000 on: table.rows[7] is wrong"));
  EXPECT_THAT(err_.str(), HasSubstr("reason BAD"));
  std::remove(path.c_str());
}

TEST_F(ProgramTest, PredictionsInCsvAreExactAndQuoted) {
  server_.models.predictions.add_classes("no");
  server_.models.predictions.add_classes("a, \"b\"");
  v1::Prediction& prediction = *server_.models.predictions.add_predictions();
  prediction.set_class_name("a, \"b\"");
  prediction.add_probabilities(0.25);
  prediction.add_probabilities(0.1 + 0.2);
  EXPECT_EQ(Run({"model", "predict", "1", "--dataset", "a", "--output", "csv"}), 0) << err_.str();
  EXPECT_EQ(out_.str(),
            "row,class,probability.no,\"probability.a, \"\"b\"\"\"\n"
            "0,\"a, \"\"b\"\"\",0.25,0.30000000000000004\n");
  server_.models.predictions.Clear();
  server_.models.predictions.add_predictions()->set_value(1e-300);
  EXPECT_EQ(Run({"model", "predict", "1", "--dataset", "a", "--output", "csv"}), 0);
  EXPECT_EQ(out_.str(), "row,value\n0,1e-300\n");
}

TEST_F(ProgramTest, AMinusIsStandardInput) {
  std::istringstream rows("x\n1\n");
  std::streambuf* const input = std::cin.rdbuf(rows.rdbuf());
  EXPECT_EQ(Run({"model", "predict", "1", "--input", "-"}), 0) << err_.str();
  EXPECT_EQ(server_.models.asked.table().rows(0).values(0).number_value(), 1);
  std::istringstream job("data: {dataset: datasets/d}\nseed: 5\n");
  std::cin.rdbuf(job.rdbuf());
  EXPECT_EQ(Run({"train", "-f", "-"}), 0) << err_.str();
  EXPECT_EQ(server_.jobs.created.spec().seed(), 5u);
  std::cin.rdbuf(input);
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

TEST_F(ProgramTest, TheServerMayBeNamedInTheEnvironment) {
  setenv("TRAINYARD_SERVER", server_.address().c_str(), 1);
  std::ostringstream out;
  Console console{.out = out, .err = err_};
  EXPECT_EQ(RunProgram({"job", "list"}, console), 0);
  unsetenv("TRAINYARD_SERVER");
}

}  // namespace
}  // namespace trainyard::cli
