// Softmax cross-entropy of many examples at a time: each lane is an example, so that maximum and sum run down the classes in order.

#ifndef TRAINYARD_CORE_KERNEL_SOFTMAX_H_
#define TRAINYARD_CORE_KERNEL_SOFTMAX_H_

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/base/matrix.h"
#include "core/kernel/functions.h"
#include "core/kernel/panels.h"

namespace trainyard::kernel {

// kCount classes from `column` on of at most kCount examples: one class in each vector, one example in each lane.
template <typename Lanes>
inline void LoadClasses(MatrixView<typename Lanes::Real> f, int64_t column,
                        typename Lanes::Vector (&classes)[Lanes::kCount]) {
  const auto mask = Lanes::FirstLanes(f.columns - column);
#pragma GCC unroll 16
  for (int i = 0; i < Lanes::kCount; ++i) {
    classes[i] = i < f.rows ? Lanes::Load(mask, f.data + i * f.stride + column) : Lanes::Zero();
  }
  Lanes::Transpose(classes);
}

template <typename Lanes>
inline void StoreClasses(MatrixView<typename Lanes::Real> f, int64_t column,
                         typename Lanes::Vector (&classes)[Lanes::kCount]) {
  const auto mask = Lanes::FirstLanes(f.columns - column);
  Lanes::Transpose(classes);
#pragma GCC unroll 16
  for (int i = 0; i < Lanes::kCount; ++i) {
    if (i < f.rows) Lanes::Store(mask, f.data + i * f.stride + column, classes[i]);
  }
}

// Of at most kCount examples, whose classes and factors are given: f becomes factor (softmax(f)_j - [j = class]); out come the maximum of
// each, the sum of e^(f - maximum), and the output of its class.
template <typename Lanes>
struct SoftmaxOfLanes {
  using Real = typename Lanes::Real;
  using Vector = typename Lanes::Vector;

  SoftmaxOfLanes(MatrixView<Real> f, Vector of_true_class, Vector of_factor)
      : true_class(of_true_class), factor(of_factor) {
    Vector classes[Lanes::kCount];
    LoadClasses<Lanes>(f, 0, classes);
    maximum = classes[0];
    if (f.columns <= Lanes::kCount) {
      AddMaximum(classes, 0, f.columns);
      AddExponentials(classes, f.columns);
      Finish(Lanes::Divide(factor, sum), classes, 0, f.columns);
      StoreClasses<Lanes>(f, 0, classes);
    } else {
      InBlocks(
          f, [&](int64_t column, int64_t count) { AddMaximum(classes, column, count); }, classes);
      InBlocks(
          f, [&](int64_t, int64_t count) { AddExponentials(classes, count); }, classes);
      const Vector scale = Lanes::Divide(factor, sum);
      InBlocks(
          f, [&](int64_t column, int64_t count) { Finish(scale, classes, column, count); }, classes);
    }
  }

  auto IsTrueClass(int64_t j) const { return Lanes::Equal(true_class, Lanes::Broadcast(static_cast<Real>(j))); }

  void AddMaximum(const Vector (&classes)[Lanes::kCount], int64_t column, int64_t count) {
    for (int64_t j = 0; j < count; ++j) {
      maximum = Lanes::Max(maximum, classes[j]);
      true_output = Lanes::Select(IsTrueClass(column + j), classes[j], true_output);
    }
  }

  void AddExponentials(Vector (&classes)[Lanes::kCount], int64_t count) {
    for (int64_t j = 0; j < count; ++j) {
      classes[j] = Exponential<Lanes>(Lanes::Subtract(classes[j], maximum)).Value();
      sum = Lanes::Add(sum, classes[j]);
    }
  }

  void Finish(Vector scale, Vector (&classes)[Lanes::kCount], int64_t column, int64_t count) const {
    for (int64_t j = 0; j < count; ++j) {
      const Vector probability = Lanes::Multiply(classes[j], scale);
      classes[j] = Lanes::Select(IsTrueClass(column + j), Lanes::Subtract(probability, factor), probability);
    }
  }

  template <typename Visit>
  static void InBlocks(MatrixView<Real> f, Visit visit, Vector (&classes)[Lanes::kCount]) {
    for (int64_t column = 0; column < f.columns; column += Lanes::kCount) {
      LoadClasses<Lanes>(f, column, classes);
      visit(column, std::min<int64_t>(f.columns - column, Lanes::kCount));
      StoreClasses<Lanes>(f, column, classes);
    }
  }

  const Vector true_class;
  const Vector factor;
  Vector maximum;
  Vector sum = Lanes::Zero();
  Vector true_output = Lanes::Zero();
};

// At most kCount examples; their weighted losses become `losses`.
template <typename Lanes, typename Real = typename Lanes::Real>
inline void CrossEntropies(Real factor, MatrixView<Real> f, const int32_t* classes, const double* weights,
                           double* losses) {
  constexpr int kCount = Lanes::kCount;
  Real true_classes[kCount];
  Real factors[kCount];
  const auto prepare = [&](int64_t i) {
    true_classes[i] = static_cast<Real>(classes[i]);
    factors[i] = static_cast<Real>(factor * weights[i]);
  };
  if (f.rows == kCount) {
    for (int64_t i = 0; i < kCount; ++i) prepare(i);
  } else {
    std::fill_n(true_classes, kCount, Real{-1});
    std::fill_n(factors, kCount, Real{0});
    for (int64_t i = 0; i < f.rows; ++i) prepare(i);
  }
  const SoftmaxOfLanes<Lanes> softmax(f, Lanes::Load(true_classes), Lanes::Load(factors));
  Real maxima[kCount];
  Real true_outputs[kCount];
  Real logs[kCount];
  Lanes::Store(maxima, softmax.maximum);
  Lanes::Store(true_outputs, softmax.true_output);
  Lanes::Store(logs, Log<Lanes>(softmax.sum));
  const auto lose = [&](int64_t i) {
    const double distance = static_cast<double>(maxima[i]) - static_cast<double>(true_outputs[i]);
    losses[i] = weights[i] * (distance + static_cast<double>(logs[i]));
  };
  if (f.rows == kCount) {
    for (int64_t i = 0; i < kCount; ++i) lose(i);
  } else {
    for (int64_t i = 0; i < f.rows; ++i) lose(i);
  }
}

template <typename Lanes, typename Real = typename Lanes::Real>
double SoftmaxCrossEntropy(Real factor, MatrixView<Real> f, std::span<const int32_t> classes,
                           std::span<const double> weights) {
  double total = 0;
  for (int64_t group = 0; group < f.rows; group += kLanes) {
    const int64_t end = std::min(group + kLanes, f.rows);
    double losses[kLanes] = {};
    for (int64_t i = group; i < end; i += Lanes::kCount) {
      const MatrixView<Real> rows = {f.data + i * f.stride, std::min<int64_t>(end - i, Lanes::kCount), f.columns,
                                     f.stride};
      CrossEntropies<Lanes>(factor, rows, classes.data() + i, weights.data() + i, losses + (i - group));
    }
    for (int64_t half = kLanes / 2; half > 0; half /= 2) {
      for (int64_t i = 0; i < half; ++i) losses[i] += losses[i + half];
    }
    total += losses[0];
  }
  return total;
}

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_SOFTMAX_H_
