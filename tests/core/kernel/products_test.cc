#include <algorithm>
#include <tuple>

#include "core/base/flush_denormals.h"
#include "core/kernel/kernels.h"
#include "gtest/gtest.h"
#include "tests/core/kernel/reference.h"

namespace trainyard {
namespace {

struct Shape {
  int64_t rows;
  int64_t inputs;
  int64_t outputs;
};

// Every pair of 1 to 40 rows and 1 to 70 outputs, every number of inputs from 1 to 70.
std::vector<Shape> SmallShapes() {
  std::vector<Shape> shapes;
  for (int64_t rows = 1; rows <= 40; ++rows) {
    for (int64_t outputs = 1; outputs <= 70; ++outputs) {
      shapes.push_back({rows, 1 + (31 * rows + 17 * outputs) % 70, outputs});
    }
  }
  return shapes;
}

std::vector<Shape> LargeShapes() {
  return {{128, 784, 512}, {128, 512, 10}, {65, 300, 500}, {1, 784, 512},
          {2, 300, 500},   {3, 300, 500},  {128, 500, 2},  {130, 30, 16}};
}

std::vector<Shape> Shapes() {
  std::vector<Shape> shapes = SmallShapes();
  const std::vector<Shape> large = LargeShapes();
  shapes.insert(shapes.end(), large.begin(), large.end());
  return shapes;
}

std::string Name(const Shape& shape, InstructionSet set) {
  return std::to_string(shape.rows) + " rows, " + std::to_string(shape.inputs) + " inputs, " +
         std::to_string(shape.outputs) + " outputs, instruction set " + std::to_string(static_cast<int>(set));
}

Epilogue EpilogueOf(const Shape& shape) { return static_cast<Epilogue>((shape.rows + shape.inputs) % 3); }

template <typename Real>
class ProductsTest : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(ProductsTest, Reals);

TYPED_TEST(ProductsTest, ForwardHasTheBitsOfItsDefinitionAndLeavesPaddingAlone) {
  using Real = TypeParam;
  Noise noise(1);
  for (const Shape& s : Shapes()) {
    const PanelShape shape = {s.inputs, s.outputs};
    const Matrix<Real> x = RandomActivations<Real>(s.rows, s.inputs, noise);
    const AlignedVector<Real> weights = RandomWeights<Real>(shape, noise);
    const Real slope = Real(0.01);
    Matrix<Real> expected(s.rows, s.outputs);
    ReferenceForward(shape, weights.data(), x, EpilogueOf(s), slope, expected);
    for (const InstructionSet set : InstructionSets()) {
      Matrix<Real> y(s.rows, s.outputs);
      KernelsFor<Real>(set).forward(shape, weights.data(), x.view(), EpilogueOf(s), slope, y.view());
      ASSERT_TRUE(AllSameBits(y.data, expected.data)) << Name(s, set);
    }
  }
}

TYPED_TEST(ProductsTest, InputGradientHasTheBitsOfItsDefinitionAndLeavesPaddingAlone) {
  using Real = TypeParam;
  Noise noise(2);
  for (const Shape& s : Shapes()) {
    const PanelShape shape = {s.inputs, s.outputs};
    const PanelShape transposed_shape = {s.outputs, s.inputs};
    const Matrix<Real> x = RandomActivations<Real>(s.rows, s.inputs, noise);
    Matrix<Real> dy(s.rows, s.outputs);
    dy.Fill(noise);
    const AlignedVector<Real> weights = RandomWeights<Real>(shape, noise);
    const Real slope = Real(0.01);
    Matrix<Real> expected(s.rows, s.inputs);
    ReferenceInputGradient(shape, weights.data(), dy, EpilogueOf(s), slope, x, expected);
    for (const InstructionSet set : InstructionSets()) {
      AlignedVector<Real> transposed(transposed_shape.size(), std::numeric_limits<Real>::quiet_NaN());
      KernelsFor<Real>(set).transpose(shape, weights.data(), 0, shape.inputs, transposed.data());
      Matrix<Real> dx(s.rows, s.inputs);
      KernelsFor<Real>(set).input_gradient(shape, transposed.data(), dy.view(), EpilogueOf(s), slope, x.view(),
                                           dx.view());
      ASSERT_TRUE(AllSameBits(dx.data, expected.data)) << Name(s, set);
    }
  }
}

// The whole gradient, asked in pieces of `piece` rows.
template <typename Real>
void WholeWeightGradient(InstructionSet set, const PanelShape& shape, const Matrix<Real>& x, const Matrix<Real>& dy,
                         bool add, int64_t piece, AlignedVector<Real>& out) {
  const int64_t panels = shape.narrow() ? shape.outputs : shape.panels();
  for (int64_t panel = 0; panel < panels; ++panel) {
    const int64_t panel_begin = shape.narrow() ? panel * shape.narrow_stride() : shape.panel_begin(panel);
    const int64_t width = shape.narrow() ? 1 : shape.panel_width(panel);
    for (int64_t begin = 0; begin < shape.rows(); begin += piece) {
      const PanelRange range = {panel, begin, std::min(begin + piece, shape.rows())};
      Real* const to = &out[panel_begin + begin * width];
      KernelsFor<Real>(set).weight_gradient(shape, range, x.view(), dy.view(), add, to, {to, to});
    }
  }
}

TYPED_TEST(ProductsTest, WeightGradientHasTheBitsOfItsDefinitionAndZeroPadding) {
  using Real = TypeParam;
  Noise noise(3);
  for (const Shape& s : Shapes()) {
    const PanelShape shape = {s.inputs, s.outputs};
    const Matrix<Real> x = RandomActivations<Real>(s.rows, s.inputs, noise);
    Matrix<Real> dy(s.rows, s.outputs);
    dy.Fill(noise);
    AlignedVector<Real> expected(shape.size(), Real{0});
    ReferenceWeightGradient(shape, x, dy, false, expected);
    for (const InstructionSet set : InstructionSets()) {
      AlignedVector<Real> out(shape.size(), kUntouched<Real>);
      WholeWeightGradient(set, shape, x, dy, false, 1 + (s.rows + s.outputs) % 90, out);
      ASSERT_TRUE(AllSameBits(out, expected)) << Name(s, set);
    }
  }
}

TYPED_TEST(ProductsTest, WeightGradientAddsItsSumWhereAsked) {
  using Real = TypeParam;
  Noise noise(4);
  for (const Shape& s : SmallShapes()) {
    if (s.rows % 5 != 0) continue;
    const PanelShape shape = {s.inputs, s.outputs};
    const Matrix<Real> x = RandomActivations<Real>(s.rows, s.inputs, noise);
    Matrix<Real> dy(s.rows, s.outputs);
    dy.Fill(noise);
    const AlignedVector<Real> before = RandomWeights<Real>(shape, noise);
    AlignedVector<Real> expected = before;
    ReferenceWeightGradient(shape, x, dy, true, expected);
    for (const InstructionSet set : InstructionSets()) {
      AlignedVector<Real> out = before;
      WholeWeightGradient(set, shape, x, dy, true, shape.rows(), out);
      ASSERT_TRUE(AllSameBits(out, expected)) << Name(s, set);
    }
  }
}

TYPED_TEST(ProductsTest, AWeightGradientOfSeveralPanelsHasTheBitsOfEach) {
  using Real = TypeParam;
  Noise noise(8);
  for (const Shape& s : {Shape{7, 17, 4}, Shape{7, 40, 3}, Shape{7, 5, 2}, Shape{7, 20, 70}, Shape{7, 3, 128}}) {
    const PanelShape shape = {s.inputs, s.outputs};
    const Matrix<Real> x = RandomActivations<Real>(s.rows, s.inputs, noise);
    Matrix<Real> dy(s.rows, s.outputs);
    dy.Fill(noise);
    const int64_t panels = shape.narrow() ? shape.outputs : shape.panels();
    for (const InstructionSet set : InstructionSets()) {
      AlignedVector<Real> one_by_one(shape.size(), kUntouched<Real>);
      WholeWeightGradient(set, shape, x, dy, false, shape.rows(), one_by_one);
      for (int64_t first = 0; first < panels; ++first) {
        const int64_t begin = shape.narrow() ? first * shape.narrow_stride() : shape.panel_begin(first);
        AlignedVector<Real> together = one_by_one;
        std::fill(together.begin() + begin, together.end(), kUntouched<Real>);
        const PanelRange range = {first, 0, shape.rows(), panels - first};
        KernelsFor<Real>(set).weight_gradient(shape, range, x.view(), dy.view(), false, &together[begin], {});
        ASSERT_TRUE(AllSameBits(together, one_by_one)) << Name(s, set);
      }
    }
  }
}

TYPED_TEST(ProductsTest, ARowOfItsOwnHasTheBitsOfARowAmong128) {
  using Real = TypeParam;
  Noise noise(5);
  for (const Shape& s : {Shape{128, 784, 512}, Shape{128, 65, 48}, Shape{128, 512, 10}, Shape{128, 70, 3}}) {
    const PanelShape shape = {s.inputs, s.outputs};
    const Matrix<Real> x = RandomActivations<Real>(s.rows, s.inputs, noise);
    const AlignedVector<Real> weights = RandomWeights<Real>(shape, noise);
    for (const InstructionSet set : InstructionSets()) {
      Matrix<Real> all(s.rows, s.outputs);
      Matrix<Real> one_by_one(s.rows, s.outputs);
      const auto forward = KernelsFor<Real>(set).forward;
      forward(shape, weights.data(), x.view(), Epilogue::kRelu, 0, all.view());
      for (int64_t i = 0; i < s.rows; ++i) {
        const MatrixView<const Real> row = {&x.data[i * x.stride], 1, x.columns, x.stride};
        forward(shape, weights.data(), row, Epilogue::kRelu, 0, {&one_by_one(i, 0), 1, s.outputs, one_by_one.stride});
      }
      ASSERT_TRUE(AllSameBits(one_by_one.data, all.data)) << Name(s, set);
    }
  }
}

TYPED_TEST(ProductsTest, InstructionSetsAgreeWhereProductsAreFlushedToZero) {
  using Real = TypeParam;
  const FlushDenormals flush;
  Noise noise(9);
  const Real tiny = std::sqrt(std::numeric_limits<Real>::min());
  for (const int64_t outputs : {3, 10, 48}) {
    const PanelShape shape = {40, outputs};
    Matrix<Real> x(9, 41);
    x.Fill(noise);
    for (Real& element : x.data) element *= tiny;
    AlignedVector<Real> weights = RandomWeights<Real>(shape, noise);
    for (Real& weight : weights) weight *= tiny;
    Matrix<Real> expected(9, outputs);
    KernelsFor<Real>(InstructionSet::kScalar)
        .forward(shape, weights.data(), x.view(), Epilogue::kNone, 0, expected.view());
    for (const InstructionSet set : InstructionSets()) {
      Matrix<Real> y(9, outputs);
      KernelsFor<Real>(set).forward(shape, weights.data(), x.view(), Epilogue::kNone, 0, y.view());
      EXPECT_TRUE(AllSameBits(y.data, expected.data)) << outputs;
    }
  }
}

TYPED_TEST(ProductsTest, NoRowsAreNoWork) {
  using Real = TypeParam;
  for (const int64_t outputs : {2, 10, 40}) {
    const PanelShape shape = {5, outputs};
    const AlignedVector<Real> weights(shape.size(), Real{1});
    for (const InstructionSet set : InstructionSets()) {
      const Matrix<Real> x(0, 6);
      Matrix<Real> y(0, outputs);
      KernelsFor<Real>(set).forward(shape, weights.data(), x.view(), Epilogue::kNone, 0, y.view());
      AlignedVector<Real> out(shape.size(), kUntouched<Real>);
      WholeWeightGradient(set, shape, x, y, false, 3, out);
      EXPECT_EQ(std::count(out.begin(), out.end(), Real{0}), shape.size());
    }
  }
}

TYPED_TEST(ProductsTest, ARectifierPassesOnWhatIsNotANumber) {
  using Real = TypeParam;
  for (const int64_t outputs : {2, 10, 40}) {
    const PanelShape shape = {1, outputs};
    const AlignedVector<Real> weights(shape.size(), Real{1});
    Matrix<Real> x(1, 2);
    x(0, 0) = std::numeric_limits<Real>::quiet_NaN();
    x(0, 1) = 1;
    for (const InstructionSet set : InstructionSets()) {
      Matrix<Real> y(1, outputs);
      KernelsFor<Real>(set).forward(shape, weights.data(), x.view(), Epilogue::kRelu, 0, y.view());
      for (int64_t j = 0; j < outputs; ++j) EXPECT_TRUE(std::isnan(y(0, j)));
    }
  }
}

template <typename Real>
class TransposeTest : public testing::Test {};
TYPED_TEST_SUITE(TransposeTest, Reals);

TYPED_TEST(TransposeTest, MovesEveryWeightAndLeavesTheBiasRowAlone) {
  using Real = TypeParam;
  Noise noise(6);
  for (const Shape& s : SmallShapes()) {
    if (s.rows > 3) continue;
    const PanelShape shape = {s.inputs, s.outputs};
    const PanelShape to = {s.outputs, s.inputs};
    const AlignedVector<Real> weights = RandomWeights<Real>(shape, noise);
    for (const InstructionSet set : InstructionSets()) {
      AlignedVector<Real> transposed(to.size(), kUntouched<Real>);
      KernelsFor<Real>(set).transpose(shape, weights.data(), 0, shape.inputs, transposed.data());
      for (int64_t k = 0; k < s.inputs; ++k) {
        for (int64_t j = 0; j < s.outputs; ++j) {
          ASSERT_EQ(transposed[to.Index(j, k)], weights[shape.Index(k, j)]) << Name(s, set);
        }
        ASSERT_EQ(transposed[to.Index(s.outputs, k)], kUntouched<Real>) << Name(s, set);
      }
    }
  }
}

TYPED_TEST(TransposeTest, TwiceIsTheIdentity) {
  using Real = TypeParam;
  Noise noise(7);
  for (const Shape& s :
       {Shape{1, 784, 512}, Shape{1, 512, 10}, Shape{1, 500, 300}, Shape{1, 300, 2}, Shape{1, 3, 90}}) {
    const PanelShape shape = {s.inputs, s.outputs};
    const PanelShape to = {s.outputs, s.inputs};
    const AlignedVector<Real> weights = RandomWeights<Real>(shape, noise);
    for (const InstructionSet set : InstructionSets()) {
      AlignedVector<Real> transposed(to.size(), Real{0});
      KernelsFor<Real>(set).transpose(shape, weights.data(), 0, shape.inputs, transposed.data());
      AlignedVector<Real> back(shape.size(), Real{0});
      for (int64_t j = 0; j < s.outputs; ++j) back[shape.Index(s.inputs, j)] = weights[shape.Index(s.inputs, j)];
      KernelsFor<Real>(set).transpose(to, transposed.data(), 0, to.inputs, back.data());
      ASSERT_TRUE(AllSameBits(back, weights)) << Name(s, set);
    }
  }
}

}  // namespace
}  // namespace trainyard
