#include "client/cli/schedule_preview.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "client/cli/program.h"
#include "tests/client/fake_server.h"

namespace trainyard::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class SchedulePreviewTest : public ::testing::Test {
 protected:
  SchedulePreviewTest() {
    v1::PreviewScheduleResponse& preview = server_.insight.preview;
    for (int i = 0; i < 3; ++i) {
      preview.add_steps(500 * i);
      preview.add_learning_rates(0.5 / (1 << i));
      preview.add_momenta(0.5 + 0.2 * i);
    }
    preview.set_total_steps(1001);
  }

  int Run(std::vector<std::string> arguments) {
    out_.str("");
    arguments.insert(arguments.begin(), {"--server", server_.address(), "train"});
    Console console{.out = out_, .err = err_, .out_is_terminal = out_is_terminal_};
    return RunProgram(arguments, console);
  }

  client::FakeServer server_;
  bool out_is_terminal_ = false;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(SchedulePreviewTest, IsATableWhereOutputIsNoTerminal) {
  EXPECT_EQ(Run({"--dataset", "d", "--preview-schedule", "--set", "optimizer.schedule.step.factor=0.5"}), 0);
  EXPECT_EQ(out_.str(),
            " STEP  LEARNING RATE  MOMENTUM\n"
            "    0  0.5            0.5\n"
            "  500  0.25           0.7\n"
            "1,000  0.125          0.9\n");
  EXPECT_EQ(server_.insight.asked.max_points(), kPreviewRows);
  EXPECT_EQ(server_.insight.asked.spec().data().dataset(), "datasets/d");
  EXPECT_EQ(server_.insight.asked.spec().optimizer().schedule().step().factor(), 0.5);
  EXPECT_FALSE(server_.insight.asked.has_steps_per_epoch());
}

TEST_F(SchedulePreviewTest, MakesNoJob) {
  EXPECT_EQ(Run({"--dataset", "d", "--preview-schedule"}), 0);
  EXPECT_FALSE(server_.jobs.created.has_spec());
}

TEST_F(SchedulePreviewTest, IsTheResponseInJson) {
  EXPECT_EQ(Run({"--dataset", "d", "--preview-schedule", "--output", "json"}), 0);
  EXPECT_THAT(out_.str(), StartsWith(R"({"steps":["0","500","1000"],"learningRates":[0.5,0.25,0.125],)"));
  EXPECT_FALSE(server_.insight.asked.has_max_points());
}

TEST_F(SchedulePreviewTest, IsAChartInATerminal) {
  out_is_terminal_ = true;
  EXPECT_EQ(Run({"--dataset", "d", "--preview-schedule"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("learning rate 0.5 to 0.125, lowest 0.125, highest 0.5"));
  EXPECT_THAT(out_.str(), HasSubstr("momentum 0.5 to 0.9, lowest 0.5, highest 0.9"));
  EXPECT_THAT(out_.str(), HasSubstr("steps 1,001"));
  EXPECT_THAT(out_.str(), HasSubstr("└"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("\x1b")));
}

TEST_F(SchedulePreviewTest, AMomentumThatStaysHasNoChart) {
  for (double& momentum : *server_.insight.preview.mutable_momenta()) momentum = 0.9;
  std::string text;
  int axes = 0;
  for (const StyledLine& line : DrawPreview(server_.insight.preview, 60)) {
    EXPECT_LE(line.width(), 60);
    text += line.Text() + "\n";
    axes += line.Text().find("└") != std::string::npos ? 1 : 0;
  }
  EXPECT_THAT(text, HasSubstr("momentum 0.9 throughout"));
  EXPECT_EQ(axes, 1);
}

TEST_F(SchedulePreviewTest, StepsPerEpochStandInPlaceOfADataSet) {
  EXPECT_EQ(Run({"--preview-schedule", "--steps-per-epoch", "47", "--schedule", "cosine"}), 0);
  EXPECT_EQ(server_.insight.asked.steps_per_epoch(), 47);
  EXPECT_TRUE(server_.insight.asked.spec().optimizer().schedule().has_cosine());
}

TEST_F(SchedulePreviewTest, StepsPerEpochAreNoDataSetOfAJob) {
  EXPECT_EQ(Run({"--steps-per-epoch", "47"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--steps-per-epoch stands with --preview-schedule alone"));
}

TEST_F(SchedulePreviewTest, ABadAssignmentIsWrongUse) {
  EXPECT_EQ(Run({"--dataset", "d", "--set", "optimizer.schedule.stepp.factor=0.5"}), 2);
  EXPECT_THAT(err_.str(),
              HasSubstr("--set optimizer.schedule.stepp.factor=0.5: optimizer.schedule has no stepp; it has "
                        "constant, linear, step,"));
}

TEST_F(SchedulePreviewTest, AssignmentsMayBeRepeatedAndHoldBraces) {
  EXPECT_EQ(Run({"--dataset", "d", "--set", "initialization.he_normal={}", "--set", "seed=7", "--set",
                 "network.hidden=[{dense: {units: 3}}]"}),
            0);
  EXPECT_TRUE(server_.jobs.created.spec().initialization().has_he_normal());
  EXPECT_EQ(server_.jobs.created.spec().seed(), 7u);
  EXPECT_EQ(server_.jobs.created.spec().network().hidden(0).dense().units(), 3);
}

}  // namespace
}  // namespace trainyard::cli
