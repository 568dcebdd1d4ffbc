// A minibatch drawn from the training part gives the gradient of the whole, on average: with weights, too, since their mean is 1 over
// the whole and never over the minibatch.

#include <cmath>
#include <numeric>
#include <optional>

#include "core/data/encoding.h"
#include "core/loss/make_loss.h"
#include "core/model/dataset_objective.h"
#include "gtest/gtest.h"
#include "tests/core/model/random_parameters.h"
#include "tests/testing/small_data.h"

namespace trainyard {
namespace {

constexpr int kRows = 12;

// Every set of `size` of kRows rows.
std::vector<std::vector<uint32_t>> Subsets(int size) {
  std::vector<std::vector<uint32_t>> subsets;
  for (uint32_t mask = 0; mask < 1u << kRows; ++mask) {
    std::vector<uint32_t> subset;
    for (uint32_t row = 0; row < kRows; ++row) {
      if (mask >> row & 1) subset.push_back(row);
    }
    if (static_cast<int>(subset.size()) == size) subsets.push_back(subset);
  }
  return subsets;
}

// 12 examples of 2 features, 3 classes and unequal weights.
std::shared_ptr<const Dataset> Examples(bool weighted) {
  const auto plain = MakeSmallDataset(kRows, 2, 3);
  Schema schema = plain->schema();
  if (weighted) schema.columns.push_back({.name = "w", .role = ColumnRole::kWeight});
  DatasetBuilder builder(schema);
  for (int row = 0; row < kRows; ++row) {
    std::vector<double> cells = {plain->Number(row, 0), plain->Number(row, 1),
                                 static_cast<double>(plain->Code(row, 2))};
    if (weighted) cells.push_back(row % 5 * 0.75);
    builder.AddRow(cells);
  }
  return std::move(builder).Build();
}

struct UnbiasedCase {
  std::string name;
  bool weighted;
  std::optional<ClassWeightOptions> class_weights;
};

class UnbiasedTest : public ::testing::TestWithParam<UnbiasedCase> {
 protected:
  UnbiasedTest() : dataset_(Examples(GetParam().weighted)) {
    std::iota(rows_.begin(), rows_.end(), 0);
    encoding_ = FitEncoding(*dataset_, rows_, 2, {}, GetParam().class_weights).value().encoding;
    encoder_.emplace(RowEncoder::Bind(encoding_, *dataset_, RowEncoder::Needs::kFeaturesAndTarget).value());
    loss_ = *MakeLoss<double>(SoftmaxCrossEntropyOptions(), {encoding_.target.classes});
    layout_ = *ParameterLayout::Make({{DenseOptions{4, Tanh()}}}, encoding_.input_count(), loss_->output_count());
    objective_.emplace(layout_, *loss_, *encoder_, encoding_.target.type);
    theta_ = RandomParameters(layout_);
  }

  // The loss last.
  std::vector<double> Gradient(std::span<const uint32_t> rows) {
    objective_->SetMinibatch(rows);
    std::vector<double> gradient(theta_.size());
    EXPECT_TRUE(objective_
                    ->Gradient(theta_,
                               [&](const GradientView<double>& view) {
                                 std::get<DenseGradient<double>>(view)([&](const GradientBlock<double>& block) {
                                   std::copy(block.values.begin(), block.values.end(), gradient.begin() + block.begin);
                                 });
                               })
                    .ok());
    gradient.push_back(objective_->loss());
    return gradient;
  }

  const std::shared_ptr<const Dataset> dataset_;
  std::vector<uint32_t> rows_ = std::vector<uint32_t>(kRows);
  Encoding encoding_;
  std::optional<RowEncoder> encoder_;
  std::unique_ptr<const Loss<double>> loss_;
  ParameterLayout layout_;
  std::optional<DatasetObjective<double>> objective_;
  AlignedVector<double> theta_;
};

TEST_P(UnbiasedTest, TheMeanGradientOverAllMinibatchesIsTheFullGradient) {
  const std::vector<double> full = Gradient(rows_);
  for (const int size : {1, 4, 7}) {
    const std::vector<std::vector<uint32_t>> minibatches = Subsets(size);
    std::vector<double> mean(full.size());
    for (const std::vector<uint32_t>& rows : minibatches) {
      const std::vector<double> gradient = Gradient(rows);
      for (size_t j = 0; j < mean.size(); ++j) mean[j] += gradient[j] / static_cast<double>(minibatches.size());
    }
    for (size_t j = 0; j < mean.size(); ++j) EXPECT_NEAR(mean[j], full[j], 1e-12) << "minibatches of " << size;
  }
}

INSTANTIATE_TEST_SUITE_P(Weights, UnbiasedTest,
                         ::testing::Values(UnbiasedCase{"None", false, std::nullopt},
                                           UnbiasedCase{"OfExamples", true, std::nullopt},
                                           UnbiasedCase{"OfClasses", false, BalancedClasses()},
                                           UnbiasedCase{"OfBoth", true, GivenClassWeights{{{"c1", 5}, {"c2", 0.3}}}}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace trainyard
