#include "client/cli/program.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/client/cli/program_fixture.h"

namespace trainyard::cli {
namespace {

using ::testing::HasSubstr;

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

TEST_F(ProgramTest, TheServerMayBeNamedInTheEnvironment) {
  setenv("TRAINYARD_SERVER", server_.address().c_str(), 1);
  std::ostringstream out;
  Console console{.out = out, .err = err_};
  EXPECT_EQ(RunProgram({"job", "list"}, console), 0);
  unsetenv("TRAINYARD_SERVER");
}

}  // namespace
}  // namespace trainyard::cli
