// The gradient of every loss with every kind of hidden layer against central differences. A new loss, activation or layer joins by its
// alternative. The points are fixed draws: none is within a step of a kink of loss, activation or maxout, for there a difference would be
// off by far more than it may.

#include <cmath>
#include <numeric>

#include "core/base/status.h"
#include "core/data/encoding.h"
#include "core/model/dataset_objective.h"
#include "gmock/gmock.h"
#include "tests/core/model/random_parameters.h"
#include "tests/testing/every_loss.h"
#include "tests/testing/small_data.h"

namespace trainyard {
namespace {

struct GradientCase {
  std::string name;
  LossOptions loss;
  int classes;
  std::vector<LayerOptions> hidden;
  int rows;
};

// Two layers of each kind, and one kind before the other.
std::vector<std::vector<LayerOptions>> HiddenLayers() {
  static_assert(std::variant_size_v<LayerOptions> == 2);
  std::vector<std::vector<LayerOptions>> networks;
  for (const ActivationOptions& activation : Alternatives<ActivationOptions>()) {
    networks.push_back({DenseOptions{5, activation}, DenseOptions{3, activation}});
  }
  networks.push_back({MaxoutOptions{5, 2}, MaxoutOptions{3, 3}});
  networks.push_back({MaxoutOptions{4, 3}, DenseOptions{3, Tanh()}});
  return networks;
}

std::vector<GradientCase> Cases() {
  std::vector<GradientCase> cases;
  const std::vector<std::vector<LayerOptions>> networks = HiddenLayers();
  for (const LossCase& loss : EveryLoss()) {
    for (size_t n = 0; n < networks.size(); ++n) {
      for (const int rows : {7, 300}) {  // one block, and more than one
        cases.push_back({loss.name + "Network" + std::to_string(n) + "Rows" + std::to_string(rows), loss.options,
                         static_cast<int>(loss.classes.size()), networks[n], rows});
      }
    }
  }
  return cases;
}

class GradientTest : public ::testing::TestWithParam<GradientCase> {
 protected:
  GradientTest() : dataset_(MakeSmallDataset(GetParam().rows, 4, GetParam().classes)) {
    rows_.resize(GetParam().rows);
    std::iota(rows_.begin(), rows_.end(), 0);
    encoding_ = FitEncoding(*dataset_, rows_, 4, {}).value().encoding;
    encoder_.emplace(RowEncoder::Bind(encoding_, *dataset_, RowEncoder::Needs::kFeaturesAndTarget).value());
    loss_ = *MakeLoss<double>(GetParam().loss, {encoding_.target.classes});
    layout_ = *ParameterLayout::Make({GetParam().hidden}, encoding_.input_count(), loss_->output_count());
    objective_.emplace(layout_, *loss_, *encoder_, encoding_.target.type);
    objective_->SetMinibatch(rows_);
    theta_ = RandomParameters(layout_);
  }

  std::vector<double> Gradient() {
    std::vector<double> gradient(theta_.size());
    absl::Status status;
    do {
      status = objective_->Gradient(theta_, [&](const GradientView<double>& view) {
        std::get<DenseGradient<double>>(view)([&](const GradientBlock<double>& block) {
          std::copy(block.values.begin(), block.values.end(), gradient.begin() + block.begin);
        });
      });
    } while (absl::IsUnavailable(status));
    EXPECT_TRUE(status.ok());
    return gradient;
  }

  const std::shared_ptr<const Dataset> dataset_;
  std::vector<uint32_t> rows_;
  Encoding encoding_;
  std::optional<RowEncoder> encoder_;
  std::unique_ptr<const Loss<double>> loss_;
  ParameterLayout layout_;
  std::optional<DatasetObjective<double>> objective_;
  AlignedVector<double> theta_;
};

TEST_P(GradientTest, IsTheCentralDifferenceOfTheValue) {
  const std::vector<double> gradient = Gradient();
  for (size_t j = 0; j < theta_.size(); ++j) {
    constexpr double kStep = 1e-6;
    AlignedVector<double> up = theta_;
    AlignedVector<double> down = theta_;
    up[j] += kStep;
    down[j] -= kStep;
    const double difference = (objective_->Value(up) - objective_->Value(down)) / (2 * kStep);
    EXPECT_NEAR(gradient[j], difference, 1e-7) << "parameter " << j;
  }
}

TEST_P(GradientTest, LossAndNormAreThoseOfTheSamePoint) {
  const std::vector<double> gradient = Gradient();
  double squares = 0;
  for (const double g : gradient) squares += g * g;
  EXPECT_NEAR(objective_->gradient_norm(), std::sqrt(squares), 1e-12);
  EXPECT_NEAR(objective_->loss(), objective_->Value(theta_), 1e-12);
}

INSTANTIATE_TEST_SUITE_P(EveryLossAndLayer, GradientTest, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

using DatasetObjectiveTest = GradientTest;
INSTANTIATE_TEST_SUITE_P(Logistic, DatasetObjectiveTest,
                         ::testing::Values(GradientCase{
                             "Long", LogisticOptions(), 2, {DenseOptions{5, Tanh()}, DenseOptions{3, Tanh()}}, 600}));

TEST_P(DatasetObjectiveTest, AMinibatchOfThreeBlocksAnswersUnavailableTwice) {
  const auto ignore = [](const GradientView<double>&) {};
  EXPECT_EQ(objective_->Gradient(theta_, ignore).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(objective_->Gradient(theta_, ignore).code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(objective_->Gradient(theta_, ignore).ok());
}

TEST_P(DatasetObjectiveTest, ALossThatIsNotFiniteIsOutOfRangeAndUsesNothing) {
  theta_[0] = std::nan("");
  absl::Status status;
  do {
    status = objective_->Gradient(theta_, [](const GradientView<double>&) { FAIL(); });
  } while (absl::IsUnavailable(status));
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(objective_->NotFiniteTensor(), "");
}

TEST_P(DatasetObjectiveTest, AGradientWhoseNormIsNotFiniteIsOutOfRangeAndUsesNothing) {
  std::fill(theta_.begin(), theta_.end(), 0.0);
  for (int layer : {1, 2}) theta_[layout_.Index(layer, 0, 0)] = 1e100;
  for (const size_t rows : {size_t{7}, rows_.size()}) {  // used as it is computed, where it may be; and stored first
    objective_->SetMinibatch(std::span(rows_).first(rows));
    absl::Status status;
    do {
      status = objective_->Gradient(theta_, [](const GradientView<double>&) { FAIL(); });
    } while (absl::IsUnavailable(status));
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << rows;
    EXPECT_TRUE(std::isfinite(objective_->loss())) << rows;
  }
}

using FlatEndTest = GradientTest;
INSTANTIATE_TEST_SUITE_P(Logistic, FlatEndTest,
                         ::testing::Values(GradientCase{
                             "Short",
                             LogisticOptions(),
                             2,
                             {DenseOptions{5, Relu()}, DenseOptions{5, Relu()}, DenseOptions{3, Tanh()}},
                             7}));

// Infinity times 0 in the gradient of the last hidden layer's weights.
TEST_P(FlatEndTest, AnInfiniteActivationBehindASlopeOfZeroIsOutOfRangeAndUsesNothing) {
  std::fill(theta_.begin(), theta_.end(), 0.0);
  const auto fill = [&](int layer, int from, int to, double value) {
    for (int input = from; input < to; ++input) {
      for (int unit = 0; unit < 3; ++unit) theta_[layout_.Index(layer, input, unit)] = value;
    }
  };
  fill(0, 4, 5, 1e308);  // the biases
  fill(1, 0, 3, 2);
  fill(2, 0, 3, 1);
  const absl::Status status = objective_->Gradient(theta_, [](const GradientView<double>&) { FAIL(); });
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(std::isfinite(objective_->loss()));
}

TEST_P(DatasetObjectiveTest, TheMeanOverAllPartsIsTheWhole) {
  const double whole = objective_->Value(theta_);
  double sum = 0;
  for (size_t begin = 0; begin < rows_.size(); begin += 100) {
    objective_->SetMinibatch(std::span(rows_).subspan(begin, 100));
    sum += 100 * objective_->Value(theta_);
  }
  EXPECT_NEAR(sum / static_cast<double>(rows_.size()), whole, 1e-12);
}

}  // namespace
}  // namespace trainyard
