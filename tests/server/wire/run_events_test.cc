#include "server/wire/run_events.h"

#include "core/base/status.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

TEST(RunEventsTest, LeavesWhatTheLogSets) {
  const v1::Event event = ToProto(RunEvent(RunWarning{.step = 3, .reason = "R", .message = "m"}));
  EXPECT_EQ(event.step(), 3);
  EXPECT_EQ(event.job(), "");
  EXPECT_EQ(event.sequence(), 0);
  EXPECT_EQ(event.attempt(), 0);
  EXPECT_FALSE(event.has_time());
}

TEST(RunEventsTest, PatienceIsWrittenOnlyWhereThereIsSome) {
  EvaluationReport report;
  EXPECT_FALSE(ToProto(report).has_patience());
  report.patience = PatienceReport{};
  EXPECT_TRUE(ToProto(report).has_patience());
}

TEST(RunEventsTest, AConfusionMatrixIsWrittenOnlyWhereThereIsOne) {
  EvaluationReport report;
  EXPECT_FALSE(ToProto(report).has_confusion_matrix());
  report.confusion_matrix = ConfusionMatrix{.counts = {3, 1, 0, 2}, .class_accuracy = {0.75, 1}};
  EXPECT_TRUE(ToProto(report).has_confusion_matrix());
}

TEST(RunEventsTest, AKindThatNoRunTellsIsRefused) {
  v1::Event event;
  event.mutable_recovered();
  const absl::Status status = FromProto(event).status();
  EXPECT_EQ(ErrorField(status), "kind");
  EXPECT_EQ(
      status.message(),
      "kind = recovered, must be evaluation, early_stop, divergence, clipping_began, learning_rate_reduced or warning");
  EXPECT_EQ(
      FromProto(v1::Event()).status().message(),
      "kind = unset, must be evaluation, early_stop, divergence, clipping_began, learning_rate_reduced or warning");
}

TEST(RunEventsTest, AnEnumWithoutAMeaningIsNamedByItsPath) {
  v1::Event event;
  event.mutable_evaluation()->set_part(v1::PART_TEST);
  event.mutable_evaluation()->add_values()->set_metric(static_cast<v1::Metric>(99));
  EXPECT_EQ(ErrorField(FromProto(event).status()), "evaluation.values[0].metric");
}

TEST(RunEventsTest, AMetricWithoutAMeaningNamesTheFieldAndTheMetricsThatThereAre) {
  EXPECT_EQ(
      FromProto(v1::METRIC_UNSPECIFIED, "metrics[1]").status().message(),
      "metrics[1] = METRIC_UNSPECIFIED, must be METRIC_LOSS, METRIC_ACCURACY, METRIC_ZERO_ONE_ERROR, "
      "METRIC_LOG_LOSS, METRIC_RMSE, METRIC_TOP_K_ACCURACY, METRIC_MACRO_F1, METRIC_AUC, METRIC_MAE or METRIC_R2");
}

}  // namespace
}  // namespace trainyard
