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

// Of at most kCount examples: f becomes scale softmax(f); the maximum of each and the sum of e^(f - maximum) come out.
template <typename Lanes>
struct SoftmaxOfLanes {
  using Real = typename Lanes::Real;
  using Vector = typename Lanes::Vector;

  SoftmaxOfLanes(MatrixView<Real> f, const Real (&factors)[Lanes::kCount]) {
    Vector classes[Lanes::kCount];
    LoadClasses<Lanes>(f, 0, classes);
    if (f.columns <= Lanes::kCount) {
      maximum = classes[0];
      AddMaximum(classes, f.columns);
      AddExponentials(classes, f.columns);
      Scale(Lanes::Divide(Lanes::Load(factors), sum), classes, f.columns);
      StoreClasses<Lanes>(f, 0, classes);
    } else {
      maximum = classes[0];
      InBlocks(
          f, [&](int64_t count) { AddMaximum(classes, count); }, classes);
      InBlocks(
          f, [&](int64_t count) { AddExponentials(classes, count); }, classes);
      const Vector scale = Lanes::Divide(Lanes::Load(factors), sum);
      InBlocks(
          f, [&](int64_t count) { Scale(scale, classes, count); }, classes);
    }
  }

  void AddMaximum(const Vector (&classes)[Lanes::kCount], int64_t count) {
    for (int64_t j = 0; j < count; ++j) maximum = Lanes::Max(maximum, classes[j]);
  }

  void AddExponentials(Vector (&classes)[Lanes::kCount], int64_t count) {
    for (int64_t j = 0; j < count; ++j) {
      classes[j] = Exponential<Lanes>(Lanes::Subtract(classes[j], maximum)).Value();
      sum = Lanes::Add(sum, classes[j]);
    }
  }

  static void Scale(Vector scale, Vector (&classes)[Lanes::kCount], int64_t count) {
    for (int64_t j = 0; j < count; ++j) classes[j] = Lanes::Multiply(classes[j], scale);
  }

  template <typename Visit>
  static void InBlocks(MatrixView<Real> f, Visit visit, Vector (&classes)[Lanes::kCount]) {
    for (int64_t column = 0; column < f.columns; column += Lanes::kCount) {
      LoadClasses<Lanes>(f, column, classes);
      visit(std::min<int64_t>(f.columns - column, Lanes::kCount));
      StoreClasses<Lanes>(f, column, classes);
    }
  }

  Vector maximum;
  Vector sum = Lanes::Zero();
};

// At most kCount examples; returns `before` plus their weighted losses, in order.
template <typename Lanes, typename Real = typename Lanes::Real>
inline double AddCrossEntropy(double before, Real factor, MatrixView<Real> f, const int32_t* classes,
                              const double* weights) {
  Real factors[Lanes::kCount] = {};
  Real true_outputs[Lanes::kCount];
  for (int64_t i = 0; i < f.rows; ++i) {
    factors[i] = static_cast<Real>(factor * weights[i]);
    true_outputs[i] = f.data[i * f.stride + classes[i]];
  }
  const SoftmaxOfLanes<Lanes> softmax(f, factors);
  Real maxima[Lanes::kCount];
  Real logs[Lanes::kCount];
  Lanes::Store(maxima, softmax.maximum);
  Lanes::Store(logs, Log<Lanes>(softmax.sum));
  double sum = before;
  for (int64_t i = 0; i < f.rows; ++i) {
    f.data[i * f.stride + classes[i]] -= factors[i];
    const double distance = static_cast<double>(maxima[i]) - static_cast<double>(true_outputs[i]);
    sum += weights[i] * (distance + static_cast<double>(logs[i]));
  }
  return sum;
}

template <typename Lanes, typename Real = typename Lanes::Real>
double SoftmaxCrossEntropy(Real factor, MatrixView<Real> f, std::span<const int32_t> classes,
                           std::span<const double> weights) {
  double total = 0;
  for (int64_t group = 0; group < f.rows; group += kLanes) {
    const int64_t end = std::min(group + kLanes, f.rows);
    double partial = 0;
    for (int64_t i = group; i < end; i += Lanes::kCount) {
      const MatrixView<Real> rows = {f.data + i * f.stride, std::min<int64_t>(end - i, Lanes::kCount), f.columns,
                                     f.stride};
      partial = AddCrossEntropy<Lanes>(partial, factor, rows, classes.data() + i, weights.data() + i);
    }
    total += partial;
  }
  return total;
}

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_SOFTMAX_H_
