#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <numeric>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/client/cli/program_fixture.h"

namespace trainyard::cli {
namespace {

using ::testing::HasSubstr;

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

}  // namespace
}  // namespace trainyard::cli
