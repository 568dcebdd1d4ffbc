#include "core/model/evaluator.h"

#include <cmath>

#include "core/base/aligned_vector.h"
#include "core/data/dataset_builder.h"
#include "core/loss/make_loss.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

// A softmax of the outputs (0, -2000, -1000) for every example, which is of the third class.
class EvaluatorTest : public ::testing::Test {
 protected:
  EvaluatorTest() {
    encoding_.features = {FeatureEncoding{.column = "x"}};
    encoding_.target = {.column = "y", .type = ColumnType::kCategorical, .classes = {"a", "b", "c"}};
    Schema schema;
    schema.columns.push_back({.name = "x"});
    schema.columns.push_back({.name = "y",
                              .type = ColumnType::kCategorical,
                              .role = ColumnRole::kTarget,
                              .categories = {{"a", 0}, {"b", 0}, {"c", 0}}});
    DatasetBuilder builder(schema);
    builder.AddRow(std::vector<double>{1, 2});
    dataset_ = std::move(builder).Build();
    layout_ = *ParameterLayout::Make({}, 1, 3);
    theta_.resize(layout_.flat_size());
    theta_[layout_.Index(0, 0, 1)] = -2000;
    theta_[layout_.Index(0, 0, 2)] = -1000;
  }

  double Measure(const MetricPlan& plan, Metric metric) {
    const auto loss = *MakeLoss<double>(SoftmaxCrossEntropyOptions(), {encoding_.target.classes});
    const RowEncoder encoder = *RowEncoder::Bind(encoding_, *dataset_, RowEncoder::Needs::kFeaturesAndTarget);
    Evaluator<double> evaluator(layout_, *loss, 3);
    MetricSums sums(plan, 1);
    const std::vector<uint32_t> rows = {0};
    evaluator.Measure(theta_, encoder, rows, sums);
    return sums.Value(metric);
  }

  Encoding encoding_;
  std::shared_ptr<const Dataset> dataset_;
  ParameterLayout layout_;
  AlignedVector<double> theta_;
};

TEST_F(EvaluatorTest, OutputsDecideWhereProbabilitiesVanish) {
  const MetricPlan plan{.metrics = {Metric::kTopKAccuracy}, .class_count = 3, .top_k = 2};
  EXPECT_EQ(Measure(plan, Metric::kTopKAccuracy), 1);
}

TEST_F(EvaluatorTest, LogLossIsOfProbabilities) {
  const MetricPlan plan{.metrics = {Metric::kLogLoss}, .class_count = 3};
  EXPECT_EQ(Measure(plan, Metric::kLogLoss), INFINITY);
  EXPECT_EQ(Measure(plan, Metric::kLoss), 1000);
}

}  // namespace
}  // namespace trainyard
