// Softmax cross-entropy of many examples at a time: each lane is an example, so that maximum and sum run down the classes in order.

#ifndef TRAINYARD_CORE_KERNEL_SOFTMAX_H_
#define TRAINYARD_CORE_KERNEL_SOFTMAX_H_

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/base/matrix.h"
#include "core/kernel/functions.h"
#include "core/kernel/panels.h"
#include "core/kernel/tiles.h"

namespace trainyard::kernel {

// visit(i) for i < count <= most; where it is all of them, without a loop.
template <int most, typename Visit>
inline void ForEachOf(int count, Visit visit) {
  if (count == most) {
#pragma GCC unroll 16
    for (int i = 0; i < most; ++i) visit(i);
  } else {
    for (int i = 0; i < count; ++i) visit(i);
  }
}

// At most kCount examples as the softmax takes them: in each lane one of them.
template <typename Lanes>
struct LaneExamples {
  using Vector = typename Lanes::Vector;

  auto IsOfClass(int64_t j) const {
    return Lanes::Equal(true_class, Lanes::Broadcast(static_cast<typename Lanes::Real>(j)));
  }

  Vector true_class;
  Vector factor;
  Vector maximum;              // of its outputs
  Vector sum = Lanes::Zero();  // of e^(f - maximum)
  Vector true_output = Lanes::Zero();
};

// The outputs of at most kCount classes: one class in each vector, one example in each lane.
template <typename Lanes, int count>
struct LaneClasses {
  using Real = typename Lanes::Real;
  using Vector = typename Lanes::Vector;
  using Examples = LaneExamples<Lanes>;

  // Of each row of f those from `first` on.
  LaneClasses(MatrixView<const Real> f, int64_t first) : first_(first) {
    const Real* const from = f.data + first;
    if (f.rows < Lanes::kCount) std::fill(classes_, classes_ + Lanes::kCount, Lanes::Zero());
    ForEachOf<Lanes::kCount>(static_cast<int>(f.rows),
                             [&](int i) { classes_[i] = Lanes::Load(Lanes::FirstLanes(count), from + i * f.stride); });
    Lanes::Transpose(classes_);
  }

  void Store(MatrixView<Real> f) {
#pragma GCC unroll 16
    for (int j = count; j < Lanes::kCount; ++j) classes_[j] = Lanes::Zero();
    Lanes::Transpose(classes_);
    Real* const to = f.data + first_;
    ForEachOf<Lanes::kCount>(static_cast<int>(f.rows),
                             [&](int i) { Lanes::Store(Lanes::FirstLanes(count), to + i * f.stride, classes_[i]); });
  }

  void AddMaximum(Examples& examples) const {
    if (first_ == 0) examples.maximum = classes_[0];
#pragma GCC unroll 16
    for (int j = 0; j < count; ++j) {
      examples.maximum = Lanes::Max(examples.maximum, classes_[j]);
      examples.true_output = Lanes::Select(examples.IsOfClass(first_ + j), classes_[j], examples.true_output);
    }
  }

  void AddExponentials(Examples& examples) {
#pragma GCC unroll 16
    for (int j = 0; j < count; ++j) {
      classes_[j] = Exponential<Lanes>(Lanes::Subtract(classes_[j], examples.maximum)).Value();
      examples.sum = Lanes::Add(examples.sum, classes_[j]);
    }
  }

  // e^(f - maximum) becomes factor (softmax - [the class is the true one]).
  void Finish(const Examples& examples) {
    const Vector scale = Lanes::Divide(examples.factor, examples.sum);
#pragma GCC unroll 16
    for (int j = 0; j < count; ++j) {
      const Vector share = Lanes::Multiply(classes_[j], scale);
      classes_[j] = Lanes::Select(examples.IsOfClass(first_ + j), Lanes::Subtract(share, examples.factor), share);
    }
  }

 private:
  const int64_t first_;
  Vector classes_[Lanes::kCount];
};

// Few classes stay in registers from beginning to end: a function for each number of them.
template <typename Lanes>
struct FewClasses {
  using View = MatrixView<typename Lanes::Real>;
  using Function = void (*)(View f, LaneExamples<Lanes>& examples);

  template <int count>
  static void Tile(View f, LaneExamples<Lanes>& examples) {
    LaneClasses<Lanes, count> classes(f, 0);
    classes.AddMaximum(examples);
    classes.AddExponentials(examples);
    classes.Finish(examples);
    classes.Store(f);
  }

  static constexpr auto kOfCount = TileTable<FewClasses, Function, Lanes::kCount>::Of();
};

// Many classes are passed through three times, kCount at a time.
template <typename Lanes>
struct ManyClasses {
  using View = MatrixView<typename Lanes::Real>;
  using Examples = LaneExamples<Lanes>;
  using Function = void (*)(int pass, int64_t first, View f, Examples& examples);

  template <int count>
  static void Tile(int pass, int64_t first, View f, Examples& examples) {
    LaneClasses<Lanes, count> classes(f, first);
    if (pass == 0) return classes.AddMaximum(examples);
    pass == 1 ? classes.AddExponentials(examples) : classes.Finish(examples);
    classes.Store(f);
  }

  static void Run(View f, Examples& examples) {
    static constexpr auto kOfCount = TileTable<ManyClasses, Function, Lanes::kCount>::Of();
    for (int pass = 0; pass < 3; ++pass) {
      for (int64_t first = 0; first < f.columns; first += Lanes::kCount) {
        kOfCount[std::min<int64_t>(f.columns - first, Lanes::kCount)](pass, first, f, examples);
      }
    }
  }
};

// At most kCount examples; their weighted losses become `losses`.
template <typename Lanes, typename Real = typename Lanes::Real>
inline void CrossEntropies(Real factor, MatrixView<Real> f, const int32_t* classes, const double* weights,
                           double* losses) {
  constexpr int kCount = Lanes::kCount;
  const int count = static_cast<int>(f.rows);
  Real true_classes[kCount] = {};
  Real factors[kCount] = {};
  ForEachOf<kCount>(count, [&](int i) {
    true_classes[i] = static_cast<Real>(classes[i]);
    factors[i] = static_cast<Real>(factor * weights[i]);
  });
  LaneExamples<Lanes> examples{.true_class = Lanes::Load(true_classes), .factor = Lanes::Load(factors)};
  if (f.columns <= kCount) {
    FewClasses<Lanes>::kOfCount[f.columns](f, examples);
  } else {
    ManyClasses<Lanes>::Run(f, examples);
  }
  Real maxima[kCount];
  Real true_outputs[kCount];
  Real logs[kCount];
  Lanes::Store(maxima, examples.maximum);
  Lanes::Store(true_outputs, examples.true_output);
  Lanes::Store(logs, Log<Lanes>(examples.sum));
  ForEachOf<kCount>(count, [&](int i) {
    const double distance = static_cast<double>(maxima[i]) - static_cast<double>(true_outputs[i]);
    losses[i] = weights[i] * (distance + static_cast<double>(logs[i]));
  });
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
#pragma GCC unroll 4
    for (int half = kLanes / 2; half > 0; half /= 2) {
#pragma GCC unroll 16
      for (int i = 0; i < half; ++i) losses[i] += losses[i + half];
    }
    total += losses[0];
  }
  return total;
}

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_SOFTMAX_H_
