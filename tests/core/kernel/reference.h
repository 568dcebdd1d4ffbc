// The kernels' definition as plain loops, and matrices whose padding tells when somebody wrote to it.

#ifndef TRAINYARD_TESTS_CORE_KERNEL_REFERENCE_H_
#define TRAINYARD_TESTS_CORE_KERNEL_REFERENCE_H_

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "core/base/aligned_vector.h"
#include "core/base/matrix.h"
#include "core/kernel/kernels.h"
#include "gtest/gtest.h"

namespace trainyard {

inline std::vector<InstructionSet> InstructionSets() {
  std::vector<InstructionSet> sets = {InstructionSet::kScalar};
  if (BestInstructionSet() >= InstructionSet::kAvx2) sets.push_back(InstructionSet::kAvx2);
  if (BestInstructionSet() >= InstructionSet::kAvx512) sets.push_back(InstructionSet::kAvx512);
  return sets;
}

// Numbers in [-1, 1) of full precision.
class Noise {
 public:
  explicit Noise(uint64_t seed) : state_(seed * 2654435761u + 12345) {}

  double operator()() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<double>(static_cast<int64_t>(state_)) * 0x1p-63;
  }

 private:
  uint64_t state_;
};

// What padding holds.
template <typename Real>
constexpr Real kUntouched = Real{-77.25};

template <typename Real>
struct Matrix {
  Matrix(int64_t row_count, int64_t column_count, int64_t padding = 3)
      : rows(row_count), columns(column_count), stride(column_count + padding), data(rows * stride, kUntouched<Real>) {}

  MatrixView<Real> view() { return {data.data(), rows, columns, stride}; }
  MatrixView<const Real> view() const { return {data.data(), rows, columns, stride}; }
  Real& operator()(int64_t i, int64_t j) { return data[i * stride + j]; }
  Real operator()(int64_t i, int64_t j) const { return data[i * stride + j]; }

  void Fill(Noise& noise) {
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) (*this)(i, j) = static_cast<Real>(noise());
    }
  }

  int64_t rows;
  int64_t columns;
  int64_t stride;
  AlignedVector<Real> data;
};

// With a last column of ones.
template <typename Real>
Matrix<Real> RandomActivations(int64_t rows, int64_t inputs, Noise& noise) {
  Matrix<Real> x(rows, inputs + 1);
  x.Fill(noise);
  for (int64_t i = 0; i < rows; ++i) x(i, inputs) = 1;
  return x;
}

// Padding 0.
template <typename Real>
AlignedVector<Real> RandomWeights(const PanelShape& shape, Noise& noise) {
  AlignedVector<Real> weights(shape.size(), Real{0});
  for (int64_t k = 0; k < shape.rows(); ++k) {
    for (int64_t j = 0; j < shape.outputs; ++j) weights[shape.Index(k, j)] = static_cast<Real>(noise());
  }
  return weights;
}

// sum_k a(k) b(k) as a product of `columns` columns adds it.
template <typename Real, typename A, typename B>
Real ChainedSum(int64_t columns, int64_t depth, A a, B b) {
  const int64_t chains = columns <= 4 ? 16 : columns <= 16 ? 2 : 1;
  std::array<Real, 16> sums{};
  for (int64_t k = 0; k < depth; ++k) sums[k % chains] = std::fma(a(k), b(k), sums[k % chains]);
  for (int64_t half = chains / 2; half > 0; half /= 2) {
    for (int64_t i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

template <typename Real>
Real ReferenceEpilogue(Epilogue epilogue, Real slope, Real z) {
  if (epilogue == Epilogue::kRelu) return z < 0 ? Real{0} : z;
  if (epilogue == Epilogue::kLeakyRelu) return z < 0 ? slope * z : z;
  return z;
}

template <typename Real>
void ReferenceForward(const PanelShape& shape, const Real* weights, const Matrix<Real>& x, Epilogue epilogue,
                      Real slope, Matrix<Real>& y) {
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t j = 0; j < shape.outputs; ++j) {
      const Real z = ChainedSum<Real>(
          shape.outputs, shape.rows(), [&](int64_t k) { return x(i, k); },
          [&](int64_t k) { return weights[shape.Index(k, j)]; });
      y(i, j) = ReferenceEpilogue(epilogue, slope, z);
    }
  }
}

// Of the weights as they are, not transposed.
template <typename Real>
void ReferenceInputGradient(const PanelShape& shape, const Real* weights, const Matrix<Real>& dy, Epilogue epilogue,
                            Real slope, const Matrix<Real>& x, Matrix<Real>& dx) {
  for (int64_t i = 0; i < dy.rows; ++i) {
    for (int64_t k = 0; k < shape.inputs; ++k) {
      const Real sum = ChainedSum<Real>(
          shape.inputs, shape.outputs, [&](int64_t j) { return dy(i, j); },
          [&](int64_t j) { return weights[shape.Index(k, j)]; });
      const bool open = epilogue == Epilogue::kNone || x(i, k) > 0;
      dx(i, k) = open ? sum : epilogue == Epilogue::kRelu ? Real{0} : slope * sum;
    }
  }
}

template <typename Real>
void ReferenceWeightGradient(const PanelShape& shape, const Matrix<Real>& x, const Matrix<Real>& dy, bool add,
                             AlignedVector<Real>& out) {
  for (int64_t k = 0; k < shape.rows(); ++k) {
    for (int64_t j = 0; j < shape.outputs; ++j) {
      Real sum = 0;
      for (int64_t i = 0; i < x.rows; ++i) sum = std::fma(x(i, k), dy(i, j), sum);
      Real& element = out[shape.Index(k, j)];
      element = add ? element + sum : sum;
    }
  }
}

// 0 is 0, whatever its sign.
template <typename Real>
bool SameBits(Real a, Real b) {
  using Bits = std::conditional_t<sizeof(Real) == 4, uint32_t, uint64_t>;
  return std::bit_cast<Bits>(a + Real{0}) == std::bit_cast<Bits>(b + Real{0});
}

// Names the first element that differs.
template <typename Reals>
testing::AssertionResult AllSameBits(const Reals& actual, const Reals& expected) {
  if (actual.size() != expected.size()) return testing::AssertionFailure() << "sizes differ";
  for (size_t i = 0; i < actual.size(); ++i) {
    if (SameBits(actual[i], expected[i])) continue;
    return testing::AssertionFailure() << "element " << i << " is " << actual[i] << ", not " << expected[i];
  }
  return testing::AssertionSuccess();
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_CORE_KERNEL_REFERENCE_H_
