// Penalties in the gradient of an objective.

#include <cmath>
#include <numeric>

#include "core/data/encoding.h"
#include "core/loss/make_loss.h"
#include "core/model/dataset_objective.h"
#include "core/model/packed_rows.h"
#include "gmock/gmock.h"
#include "tests/core/model/random_parameters.h"
#include "tests/testing/small_data.h"
#include "tests/testing/sparse_run.h"

namespace trainyard {
namespace {

class PenaltyTest : public ::testing::Test {
 protected:
  PenaltyTest() : dataset_(MakeSmallDataset(40, 4, 3)), rows_(40) {
    std::iota(rows_.begin(), rows_.end(), 0);
    encoding_ = FitEncoding(*dataset_, rows_, 4, {}).value().encoding;
    encoder_.emplace(RowEncoder::Bind(encoding_, *dataset_, RowEncoder::Needs::kFeaturesAndTarget).value());
    loss_ = *MakeLoss<double>(SoftmaxCrossEntropyOptions(), {encoding_.target.classes});
    layout_ = *ParameterLayout::Make({{DenseOptions{5, Tanh()}}}, encoding_.input_count(), loss_->output_count());
    theta_ = RandomParameters(layout_);
    theta_[layout_.Index(0, 0, 3)] = 0;
  }

  // The gradient that an optimiser sees, with the objective's measures of it.
  struct Seen {
    std::vector<double> gradient;
    double loss;
    double penalty;
    double norm;
  };
  Seen See(const RegularizationOptions& regularization) {
    DatasetObjective<double> objective(layout_, *loss_, *encoder_, encoding_.target.type, regularization);
    objective.SetMinibatch(rows_);
    Seen seen{.gradient = std::vector<double>(theta_.size())};
    EXPECT_TRUE(objective
                    .Gradient(theta_,
                              [&](const GradientView<double>& view) {
                                std::get<DenseGradient<double>>(view)([&](const GradientBlock<double>& block) {
                                  std::copy(block.values.begin(), block.values.end(),
                                            seen.gradient.begin() + block.begin);
                                });
                              })
                    .ok());
    seen.loss = objective.loss();
    seen.penalty = objective.penalty();
    seen.norm = objective.gradient_norm();
    return seen;
  }

  bool IsWeight(int64_t j) const {
    bool is_weight = false;
    for (const DenseShape& shape : layout_.layers()) {
      shape.ForEachRun([&](const ParameterRun& run) {
        if (j >= run.begin && j < run.begin + run.size) is_weight = !run.is_bias;
      });
    }
    return is_weight;
  }

  const std::shared_ptr<const Dataset> dataset_;
  std::vector<uint32_t> rows_;
  Encoding encoding_;
  std::optional<RowEncoder> encoder_;
  std::unique_ptr<const Loss<double>> loss_;
  ParameterLayout layout_;
  AlignedVector<double> theta_;
};

TEST_F(PenaltyTest, JoinsTheGradientOfWeightsAndNeverOfBiases) {
  const Seen plain = See({});
  const Seen seen = See({.l2 = 0.5, .l1 = 0.25});
  for (int64_t j = 0; j < layout_.flat_size(); ++j) {
    const double w = theta_[j];
    const double sign = w > 0 ? 1 : w < 0 ? -1 : 0;
    const double penalty = IsWeight(j) ? 0.5 * w + 0.25 * sign : 0;
    EXPECT_NEAR(seen.gradient[j], plain.gradient[j] + penalty, 1e-15) << "parameter " << j;
  }
}

TEST_F(PenaltyTest, ItsValueStandsBesideTheLoss) {
  const Seen seen = See({.l2 = 0.5, .l1 = 0.25});
  double squares = 0;
  double magnitudes = 0;
  for (int64_t j = 0; j < layout_.flat_size(); ++j) {
    if (!IsWeight(j)) continue;
    squares += theta_[j] * theta_[j];
    magnitudes += std::abs(theta_[j]);
  }
  EXPECT_EQ(seen.loss, See({}).loss);
  EXPECT_NEAR(seen.penalty, 0.25 * squares + 0.25 * magnitudes, 1e-14);
}

TEST_F(PenaltyTest, TheNormIsOfDataAndPenaltyTogether) {
  const Seen seen = See({.l2 = 0.5, .l1 = 0.25});
  EXPECT_NEAR(seen.norm,
              std::sqrt(std::inner_product(seen.gradient.begin(), seen.gradient.end(), seen.gradient.begin(), 0.0)),
              1e-13);
  EXPECT_NE(seen.norm, See({}).norm);
}

TEST_F(PenaltyTest, DecoupledDecayIsNoPartOfTheGradient) {
  EXPECT_EQ(See({.weight_decay = 0.5}).gradient, See({}).gradient);
}

// A linear model of sparse rows, one of which is the minibatch.
TEST(SparsePenaltyTest, OfOneRowIsThatOfAllWeights) {
  const auto dataset = sparse_run::Open(sparse_run::MakeSample(50, 5000, 12, 2).Libsvm(), Format::kLibsvm);
  std::vector<uint32_t> rows(50);
  std::iota(rows.begin(), rows.end(), 0u);
  const int target = *dataset->schema().Find(std::string_view("label"));
  const Encoding encoding = FitEncoding(*dataset, rows, target, {})->encoding;
  const RowEncoder encoder = *RowEncoder::Bind(encoding, *dataset, RowEncoder::Needs::kFeaturesAndTarget);
  const auto loss = *MakeLoss<double>(LogisticOptions(), {encoding.target.classes});
  const ParameterLayout layout = *ParameterLayout::Make({}, encoding.input_count(), 1, InputsOf(encoding));
  const AlignedVector<double> theta = RandomParameters(layout);
  constexpr double kL2 = 0.5;
  DatasetObjective<double> objective(layout, *loss, encoder, encoding.target.type, {.l2 = kL2});
  const std::span<const double> weights = std::span(theta).first(static_cast<size_t>(layout.input_count()));
  const double bias = theta[weights.size()];
  for (const uint32_t row : {3u, 17u, 4u}) {
    objective.SetMinibatch(std::span(&row, 1));
    SparseGradient<double> data;
    ASSERT_TRUE(
        objective
            .Gradient(theta, [&](const GradientView<double>& view) { data = std::get<SparseGradient<double>>(view); })
            .ok());
    std::vector<double> whole(weights.size());
    for (size_t j = 0; j < whole.size(); ++j) whole[j] = kL2 * weights[j];
    for (size_t k = 0; k < data.inputs.size(); ++k) whole[data.inputs[k]] += data.values[k];
    double squares = data.biases[0] * data.biases[0];
    double squared_weights = 0;
    for (const double g : whole) squares += g * g;
    for (const double w : weights) squared_weights += w * w;
    EXPECT_NEAR(objective.penalty(), kL2 / 2 * squared_weights, 1e-12 * squared_weights);
    EXPECT_NEAR(objective.gradient_norm(), std::sqrt(squares), 1e-12 * std::sqrt(squares));

    PackedRows<double> packed(encoder);
    const SparseRow<double> x = packed.At(row).inputs;
    double output = bias;
    for (size_t k = 0; k < x.inputs.size(); ++k) output += x.values[k] * weights[x.inputs[k]];
    const double y = dataset->Code(row, target) == 1 ? 1 : -1;
    EXPECT_NEAR(objective.loss(), std::log1p(std::exp(-y * output)), 1e-12);
  }
}

}  // namespace
}  // namespace trainyard
