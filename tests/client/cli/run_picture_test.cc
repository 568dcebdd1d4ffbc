#include "client/cli/run_picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "client/cli/event_text.h"

namespace trainyard::cli {
namespace {

using ::testing::HasSubstr;

v1::Job MakeJob() {
  v1::Job job;
  job.set_name("jobs/1");
  job.mutable_progress()->set_total_steps(200);
  job.mutable_progress()->set_training_examples(100);
  job.mutable_spec()->mutable_minibatches()->set_size(10);
  return job;
}

v1::Event Metrics(int64_t first, int count, double loss, int64_t seconds) {
  v1::Event event;
  event.set_attempt(1);
  event.set_step(first + count);
  event.mutable_time()->set_seconds(seconds);
  event.mutable_metrics()->set_first_step(first);
  event.mutable_metrics()->set_step_count(count);
  v1::MetricColumn* column = event.mutable_metrics()->add_columns();
  column->set_series(v1::SERIES_LOSS);
  for (int i = 0; i < count; ++i) column->add_values(loss);
  return event;
}

v1::Event State(v1::State state) {
  v1::Event event;
  event.set_attempt(1);
  event.mutable_state_changed()->set_state(state);
  return event;
}

std::string Text(const RunPicture& picture, int width = 80, int height = 24) {
  std::string text;
  for (const StyledLine& line : picture.Draw(width, height, false)) text += line.Text() + "\n";
  return text;
}

TEST(RunPictureTest, ShowsProgressSpeedAndTimeLeft) {
  RunPicture picture(MakeJob());
  picture.Apply(State(v1::STATE_RUNNING));
  picture.Apply(Metrics(0, 50, 1, 100));
  picture.Apply(Metrics(50, 50, 1, 101));
  EXPECT_THAT(Text(picture), HasSubstr("step 100/200   50 steps/s   2.0 s left   epoch 10"));
  EXPECT_THAT(Text(picture), HasSubstr(" 50%"));
}

TEST(RunPictureTest, ANameOfWideCharactersLeavesTheStateAtTheEdge) {
  v1::Job job = MakeJob();
  job.set_display_name("日本語の名前");
  RunPicture picture(job);
  picture.Apply(State(v1::STATE_RUNNING));
  const std::string name = "jobs/1  日本語の名前";
  EXPECT_EQ(picture.Draw(50, 24, false)[0].Text(), name + std::string(50 - 8 - 12 - 7, ' ') + "running");
}

TEST(RunPictureTest, EpochsAreShorterWhereTheLastMinibatchIsLeftOut) {
  v1::Job job = MakeJob();
  job.mutable_spec()->mutable_minibatches()->set_size(40);
  job.mutable_spec()->mutable_minibatches()->set_drop_last(true);
  RunPicture picture(job);
  picture.Apply(State(v1::STATE_RUNNING));
  picture.Apply(Metrics(0, 20, 1, 100));
  EXPECT_THAT(Text(picture), HasSubstr("epoch 10"));
}

TEST(RunPictureTest, AColumnOfOneValueHoldsForAllSteps) {
  RunPicture picture(MakeJob());
  v1::Event event = Metrics(0, 50, 3, 100);
  event.mutable_metrics()->mutable_columns(0)->mutable_values()->Truncate(1);
  picture.Apply(event);
  EXPECT_EQ(picture.training_loss().buckets().size(), 50u);
}

TEST(RunPictureTest, AThinnedChunkSaysItsSteps) {
  RunPicture picture(MakeJob());
  v1::Event event = Metrics(0, 2, 3, 100);
  event.mutable_metrics()->set_step_count(64);
  event.mutable_metrics()->add_steps(7);
  event.mutable_metrics()->add_steps(40);
  picture.Apply(event);
  EXPECT_EQ(picture.training_loss().buckets().back().last_step, 40);
  EXPECT_EQ(picture.step(), 64);
}

TEST(RunPictureTest, AnEndWithoutABudgetOfStepsHasNoPercentage) {
  v1::Job job = MakeJob();
  job.mutable_progress()->clear_total_steps();
  RunPicture picture(job);
  picture.Apply(Metrics(0, 50, 1, 100));
  EXPECT_EQ(Text(picture).find('%'), std::string::npos);
}

TEST(RunPictureTest, ARunThatEndsBeforeItsBudgetDoesNotClaimAllOfIt) {
  RunPicture picture(MakeJob());
  picture.Apply(Metrics(0, 50, 1, 100));
  picture.Apply(State(v1::STATE_SUCCEEDED));
  EXPECT_THAT(Text(picture), HasSubstr(" 25%"));
}

TEST(RunPictureTest, ANewAttemptCutsTheCurve) {
  RunPicture picture(MakeJob());
  picture.Apply(Metrics(0, 50, 1, 100));
  v1::Event rewind = State(v1::STATE_RUNNING);
  rewind.set_attempt(2);
  rewind.set_step(20);
  picture.Apply(rewind);
  EXPECT_EQ(picture.training_loss().buckets().back().last_step, 19);
  EXPECT_EQ(picture.step(), 20);
}

TEST(RunPictureTest, FitsEverySize) {
  RunPicture picture(MakeJob());
  picture.Apply(State(v1::STATE_RUNNING));
  picture.Apply(Metrics(0, 50, std::numeric_limits<double>::quiet_NaN(), 100));
  picture.Apply(Metrics(50, 50, 1e-5, 101));
  for (int height = 1; height < 60; ++height) {
    for (int width = 1; width < 130; width += width < 40 ? 1 : 7) {
      const std::vector<StyledLine> lines = picture.Draw(width, height, true);
      EXPECT_LE(static_cast<int>(lines.size()), height);
      for (const StyledLine& line : lines) EXPECT_LE(line.width(), width);
    }
  }
}

TEST(RunPictureTest, AWindowTooSmallForACurveShowsTheStepFirst) {
  RunPicture picture(MakeJob());
  picture.Apply(State(v1::STATE_RUNNING));
  picture.Apply(Metrics(0, 50, 0.5, 100));
  EXPECT_EQ(Text(picture, 80, 1), picture.Draw(80, 1, false)[0].Text() + "\n");
  EXPECT_THAT(Text(picture, 80, 1), HasSubstr("step 50/200"));
  EXPECT_THAT(Text(picture, 20, 3),
              ::testing::AllOf(HasSubstr("step 50/200"), HasSubstr("training loss"), HasSubstr("25%")));
}

TEST(RunPictureTest, ControlCharactersDoNotReachTheTerminal) {
  v1::Job job = MakeJob();
  job.set_display_name("\x1b[2Jgone");
  EXPECT_EQ(Text(RunPicture(job)).find('\x1b'), std::string::npos);
}

TEST(EventTextTest, AnEvaluationTellsTheWatchedMetricAndPatienceFirst) {
  v1::Event event;
  v1::Evaluation& evaluation = *event.mutable_evaluation();
  evaluation.set_part(v1::PART_VALIDATION);
  v1::MetricValue& loss = *evaluation.add_values();
  loss.set_metric(v1::METRIC_LOSS);
  loss.set_value(0.5);
  v1::MetricValue& value = *evaluation.add_values();
  value.set_metric(v1::METRIC_ACCURACY);
  value.set_value(0.97222);
  evaluation.mutable_patience()->set_metric(v1::METRIC_ACCURACY);
  evaluation.mutable_patience()->set_best_value(0.98);
  evaluation.mutable_patience()->set_best_step(1200);
  evaluation.mutable_patience()->set_left(3);
  EXPECT_EQ(EventText(event), "validation accuracy 0.9722 (best 0.9800 at step 1,200, patience 3)  loss 0.5");
}

TEST(EventTextTest, AMeasureOfOtherParametersThanTheModelsSaysItsStep) {
  v1::Job job;
  job.set_state(v1::STATE_SUCCEEDED);
  job.set_parameters_step(900);
  for (const int64_t step : {900, 1000}) {
    v1::Evaluation& evaluation = *job.add_latest_evaluations();
    evaluation.set_part(step == 900 ? v1::PART_TEST : v1::PART_TRAINING);
    evaluation.set_step(step);
    v1::MetricValue& value = *evaluation.add_values();
    value.set_metric(v1::METRIC_ACCURACY);
    value.set_value(0.5);
  }
  EXPECT_THAT(MeasuredLines(job),
              ::testing::ElementsAre("training accuracy 0.5000  (at step 1,000)", "test accuracy 0.5000"));
}

TEST(EventTextTest, AnEndTellsReasonAndModel) {
  v1::Event event = State(v1::STATE_SUCCEEDED);
  event.mutable_state_changed()->set_stop_reason(v1::STOP_REASON_EARLY_STOP);
  event.mutable_state_changed()->set_parameters_held(v1::PARAMETERS_HELD_BEST);
  event.mutable_state_changed()->set_parameters_step(900);
  EXPECT_EQ(EventText(event), "succeeded (early stop); the model holds the best parameters, those of step 900");
}

TEST(EventTextTest, TheServersSentenceStandsInPlaceOfOurs) {
  v1::Event event = State(v1::STATE_SUCCEEDED);
  event.mutable_state_changed()->set_stop_reason(v1::STOP_REASON_EPOCHS);
  event.mutable_state_changed()->set_message("all epochs are done");
  EXPECT_EQ(EventText(event), "succeeded: all epochs are done");
}

TEST(EventTextTest, DivergenceShowsNan) {
  v1::Event event;
  event.mutable_divergence()->set_loss(std::numeric_limits<double>::quiet_NaN());
  event.mutable_divergence()->set_gradient_norm(std::numeric_limits<double>::infinity());
  event.mutable_divergence()->set_tensor("layers.1.weight");
  EXPECT_EQ(EventText(event), "diverged: loss nan, gradient norm inf, first in layers.1.weight");
}

}  // namespace
}  // namespace trainyard::cli
