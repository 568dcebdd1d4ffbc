#include "core/model/network.h"

#include <numeric>

#include "core/base/status.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

ParameterLayout Layout() { return *ParameterLayout::Make({{DenseOptions{3, Relu()}}}, 2, 4); }

TEST(ParameterLayoutTest, NamesWeightAndBiasOfEachLayerInOrder) {
  std::vector<std::string> names;
  const ParameterLayout layout = Layout();
  for (const TensorShape& tensor : layout.tensors()) names.push_back(tensor.name);
  EXPECT_THAT(names, ElementsAre("layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"));
}

TEST(ParameterLayoutTest, AWeightIsInputsByUnits) {
  EXPECT_THAT(Layout().tensors()[0].dimensions, ElementsAre(2, 3));
  EXPECT_THAT(Layout().tensors()[1].dimensions, ElementsAre(3));
  EXPECT_THAT(Layout().tensors()[2].dimensions, ElementsAre(3, 4));
  EXPECT_EQ(Layout().parameter_count(), 2 * 3 + 3 + 3 * 4 + 4);
}

TEST(ParameterLayoutTest, EveryParameterHasOnePlace) {
  const ParameterLayout layout = Layout();
  std::vector<int> used(layout.flat_size());
  for (int layer = 0; layer < 2; ++layer) {
    const DenseShape& shape = layout.layers()[layer];
    for (int64_t input = 0; input <= shape.fan_in; ++input) {
      for (int64_t unit = 0; unit < shape.fan_out; ++unit) ++used[layout.Index(layer, input, unit)];
    }
  }
  EXPECT_EQ(std::accumulate(used.begin(), used.end(), 0), layout.parameter_count());
  EXPECT_THAT(used, ::testing::Each(::testing::Le(1)));
}

// Panels, panels with padding, weights by output, weights by input.
TEST(ParameterLayoutTest, RunsCoverAllElementsInOrderAndTellWeightsFromBiases) {
  for (const ParameterLayout& layout :
       {Layout(), *ParameterLayout::Make({{DenseOptions{70}}}, 5, 33),
        *ParameterLayout::Make({{DenseOptions{20}}}, 5, 3), *ParameterLayout::Make({}, 600, 3, InputKind::kSparse)}) {
    std::vector<int> is_bias;
    for (const DenseShape& shape : layout.layers()) {
      shape.ForEachRun([&](const ParameterRun& run) {
        EXPECT_EQ(run.begin, static_cast<int64_t>(is_bias.size()));
        is_bias.insert(is_bias.end(), run.size, run.is_bias ? 1 : 0);
      });
    }
    ASSERT_EQ(static_cast<int64_t>(is_bias.size()), layout.flat_size());
    for (int layer = 0; layer < static_cast<int>(layout.layers().size()); ++layer) {
      const DenseShape& shape = layout.layers()[layer];
      for (int64_t unit = 0; unit < shape.fan_out; ++unit) {
        EXPECT_EQ(is_bias[layout.Index(layer, shape.fan_in, unit)], 1);
        for (int64_t input = 0; input < shape.fan_in; ++input) EXPECT_EQ(is_bias[layout.Index(layer, input, unit)], 0);
      }
    }
  }
}

TEST(ParameterLayoutTest, TheLogicalOrderComesBack) {
  const ParameterLayout layout = Layout();
  std::vector<double> logical(layout.parameter_count());
  std::iota(logical.begin(), logical.end(), 1);
  std::vector<double> flat(layout.flat_size(), -1);
  layout.FromLogical<double>(logical, flat);
  EXPECT_EQ(logical[1], flat[layout.Index(0, 0, 1)]);
  EXPECT_EQ(logical[6], flat[layout.Index(0, 2, 0)]);  // the first bias
  std::vector<double> back(layout.parameter_count());
  layout.ToLogical<double>(flat, back);
  EXPECT_EQ(back, logical);
}

TEST(ParameterLayoutTest, PaddingIsZero) {
  const ParameterLayout layout = Layout();
  std::vector<double> flat(layout.flat_size(), -1);
  layout.FromLogical<double>(std::vector<double>(layout.parameter_count(), 1), flat);
  EXPECT_GT(layout.flat_size(), layout.parameter_count());
  EXPECT_EQ(std::accumulate(flat.begin(), flat.end(), 0.0), static_cast<double>(layout.parameter_count()));
}

TEST(ParameterLayoutTest, AMaxoutLayerHasAColumnForEachPieceAndAnOutputForEachUnit) {
  const ParameterLayout layout = *ParameterLayout::Make({{MaxoutOptions{3, 4}}}, 2, 5);
  EXPECT_THAT(layout.tensors()[0].dimensions, ElementsAre(2, 3 * 4));
  EXPECT_THAT(layout.tensors()[1].dimensions, ElementsAre(3 * 4));
  EXPECT_THAT(layout.tensors()[2].dimensions, ElementsAre(3, 5));
  EXPECT_EQ(layout.parameter_count(), 3 * 12 + 4 * 5);
  std::vector<double> logical(layout.parameter_count());
  std::iota(logical.begin(), logical.end(), 1);
  std::vector<double> flat(layout.flat_size(), -1);
  layout.FromLogical<double>(logical, flat);
  EXPECT_EQ(logical[12 + 1 * 4 + 2], flat[layout.Index(0, 1, 1 * 4 + 2)]);  // of input 1, piece 2 of unit 1
  std::vector<double> back(layout.parameter_count());
  layout.ToLogical<double>(flat, back);
  EXPECT_EQ(back, logical);
}

TEST(NetworkOptionsTest, NamesTheSettingOutOfRange) {
  const auto message = [](LayerOptions layer) { return std::string(Validate(NetworkOptions{{layer}}).message()); };
  EXPECT_EQ(message(DenseOptions{5, LeakyRelu{0}}), "");
  EXPECT_EQ(message(DenseOptions{5, LeakyRelu{1}}),
            "hidden[0].dense.activation.leaky_relu.slope = 1, must be in [0, 1)");
  EXPECT_EQ(message(DenseOptions{5, LeakyRelu{-0.5}}),
            "hidden[0].dense.activation.leaky_relu.slope = -0.5, must be in [0, 1)");
  EXPECT_EQ(message(MaxoutOptions{5, 64}), "");
  EXPECT_EQ(message(MaxoutOptions{0, 2}), "hidden[0].maxout.units = 0, must be in 1..1000000000");
  EXPECT_EQ(message(MaxoutOptions{5, 1}), "hidden[0].maxout.pieces = 1, must be in 2..64");
  EXPECT_EQ(message(MaxoutOptions{5, 65}), "hidden[0].maxout.pieces = 65, must be in 2..64");
}

TEST(NetworkOptionsTest, NamesTheLayerOutOfRange) {
  const auto message = [](NetworkOptions options) { return std::string(Validate(options).message()); };
  EXPECT_EQ(message({{DenseOptions{5}, DenseOptions{0}}}), "hidden[1].dense.units = 0, must be in 1..1000000000");
  EXPECT_EQ(message({{DenseOptions{-1}}}), "hidden[0].dense.units = -1, must be in 1..1000000000");
  EXPECT_EQ(message({std::vector<LayerOptions>(65, DenseOptions{1})}), "hidden = 65 layers, must be at most 64");
  EXPECT_EQ(message({std::vector<LayerOptions>(64, DenseOptions{1})}), "");
}

TEST(ParameterLayoutTest, MoreParametersThanCanBeCountedAreRefused) {
  EXPECT_EQ(ParameterLayout::Make({std::vector<LayerOptions>(3, DenseOptions{4'000'000'000})}, 4'000'000'000, 1)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trainyard
