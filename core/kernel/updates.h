// The moves of the optimisers: one pass over gradient, velocity and parameters.

#ifndef TRAINYARD_CORE_KERNEL_UPDATES_H_
#define TRAINYARD_CORE_KERNEL_UPDATES_H_

#include <cstdint>
#include <span>

#include "core/kernel/kernels.h"
#include "core/kernel/rows.h"

namespace trainyard::kernel {

// A gradient that is used as it is.
template <typename Lanes>
struct NothingPending {
  using Vector = typename Lanes::Vector;

  Vector Complete(Vector d, Vector) const { return d; }
  Vector Decay(Vector theta) const { return theta; }
};

// clip(scale (d + l2 p + l1 sign(p)), limit), and theta - eps decay theta.
template <typename Lanes>
struct AllPending {
  using Real = typename Lanes::Real;
  using Vector = typename Lanes::Vector;

  explicit AllPending(const UpdateRates<Real>& rates)
      : scale(Lanes::Broadcast(static_cast<Real>(rates.pending.scale))),
        limit(Lanes::Broadcast(static_cast<Real>(rates.pending.limit))),
        least(Lanes::Broadcast(static_cast<Real>(-rates.pending.limit))),
        l2(Lanes::Broadcast(static_cast<Real>(rates.pending.l2))),
        l1(Lanes::Broadcast(static_cast<Real>(rates.pending.l1))),
        shrink(Lanes::Broadcast(static_cast<Real>(rates.learning_rate * rates.pending.decay))) {}

  Vector Complete(Vector d, Vector p) const {
    const Vector zero = Lanes::Zero();
    const Vector sign = Lanes::Select(Lanes::Equal(p, zero), zero, Lanes::CopySign(l1, p));
    const Vector g = Lanes::Multiply(scale, Lanes::Add(Lanes::Fma(l2, p, d), sign));
    return Lanes::Min(limit, Lanes::Max(least, g));
  }
  Vector Decay(Vector theta) const { return Lanes::NegatedFma(shrink, theta, theta); }

  Vector scale;
  Vector limit;
  Vector least;
  Vector l2;
  Vector l1;
  Vector shrink;
};

// A gradient that is clipped by its norm.
template <typename Lanes>
struct ScalePending {
  using Vector = typename Lanes::Vector;

  Vector Complete(Vector d, Vector) const { return Lanes::Multiply(scale, d); }
  Vector Decay(Vector theta) const { return theta; }

  Vector scale;
};

// Calls pass(pending) with the kind that `rates` need.
template <typename Lanes, typename Pass>
inline void WithPending(const UpdateRates<typename Lanes::Real>& rates, Pass pass) {
  if (rates.pending == Pending{}) {
    pass(NothingPending<Lanes>());
  } else if (rates.pending == Pending{.scale = rates.pending.scale}) {
    pass(ScalePending<Lanes>{Lanes::Broadcast(static_cast<typename Lanes::Real>(rates.pending.scale))});
  } else {
    pass(AllPending<Lanes>(rates));
  }
}

// Fetches what lies a block further in an array, line by line, unless it is near already.
template <typename Lanes>
class FetchAhead {
 public:
  using Real = typename Lanes::Real;

  explicit FetchAhead(int64_t block_size) : bytes_(block_size * static_cast<int64_t>(sizeof(Real))) {}

  void operator()(const Real* at) const {
    Lanes::PrefetchToWrite(reinterpret_cast<const char*>(reinterpret_cast<uintptr_t>(at) + bytes_));
  }

 private:
  int64_t bytes_;
};
struct FetchNothing {
  void operator()(const void*) const {}
};

// Calls move(pending, fetch) with the kinds that `rates` need.
template <typename Lanes, typename Move>
inline void WithRates(const UpdateRates<typename Lanes::Real>& rates, int64_t block_size, Move move) {
  WithPending<Lanes>(rates, [&](const auto& pending) {
    rates.fetched ? move(pending, FetchNothing()) : move(pending, FetchAhead<Lanes>(block_size));
  });
}

template <typename Lanes, typename Real = typename Lanes::Real>
void UpdateSgd(const UpdateRates<Real>& rates, std::span<const Real> g, Real* theta) {
  const auto rate = Lanes::Broadcast(rates.learning_rate);
  const Real* __restrict gradient = g.data();
  Real* __restrict parameters = theta;
  const int64_t size = static_cast<int64_t>(g.size());
  WithRates<Lanes>(rates, size, [&](const auto& pending, auto fetch) {
    ForEachVector<Lanes>(size, [&](int64_t i, auto lanes) {
      fetch(parameters + i);
      const auto p = Lanes::Load(lanes, parameters + i);
      const auto completed = pending.Complete(Lanes::Load(lanes, gradient + i), p);
      const auto moved = Lanes::NegatedFma(rate, completed, Lanes::Zero());
      Lanes::Store(lanes, parameters + i, Lanes::Add(pending.Decay(p), moved));
    });
  });
}

template <typename Lanes, typename Real = typename Lanes::Real>
void UpdateMomentum(const UpdateRates<Real>& rates, std::span<const Real> g, Real* v, Real* theta) {
  const auto rate = Lanes::Broadcast(rates.learning_rate);
  const auto alpha = Lanes::Broadcast(rates.momentum);
  const Real* __restrict gradient = g.data();
  Real* __restrict velocity = v;
  Real* __restrict parameters = theta;
  const int64_t size = static_cast<int64_t>(g.size());
  WithRates<Lanes>(rates, size, [&](const auto& pending, auto fetch) {
    ForEachVector<Lanes>(size, [&](int64_t i, auto lanes) {
      fetch(velocity + i);
      fetch(parameters + i);
      const auto p = Lanes::Load(lanes, parameters + i);
      const auto completed = pending.Complete(Lanes::Load(lanes, gradient + i), p);
      const auto kept = Lanes::Multiply(alpha, Lanes::Load(lanes, velocity + i));
      const auto moved = Lanes::NegatedFma(rate, completed, kept);
      Lanes::Store(lanes, velocity + i, moved);
      Lanes::Store(lanes, parameters + i, Lanes::Add(pending.Decay(p), moved));
    });
  });
}

template <typename Lanes, typename Real = typename Lanes::Real>
void UpdateNesterov(const UpdateRates<Real>& rates, std::span<const Real> g, Real* v, Real* theta, Real* ahead) {
  const auto rate = Lanes::Broadcast(rates.learning_rate);
  const auto alpha = Lanes::Broadcast(rates.momentum);
  const Real* __restrict gradient = g.data();
  Real* __restrict velocity = v;
  Real* __restrict parameters = theta;
  Real* __restrict points = ahead;
  const int64_t size = static_cast<int64_t>(g.size());
  WithRates<Lanes>(rates, size, [&](const auto& pending, auto fetch) {
    ForEachVector<Lanes>(size, [&](int64_t i, auto lanes) {
      fetch(velocity + i);
      fetch(parameters + i);
      fetch(points + i);
      const auto completed = pending.Complete(Lanes::Load(lanes, gradient + i), Lanes::Load(lanes, points + i));
      const auto kept = Lanes::Multiply(alpha, Lanes::Load(lanes, velocity + i));
      const auto moved = Lanes::NegatedFma(rate, completed, kept);
      const auto arrived = Lanes::Add(pending.Decay(Lanes::Load(lanes, parameters + i)), moved);
      Lanes::Store(lanes, velocity + i, moved);
      Lanes::Store(lanes, parameters + i, arrived);
      Lanes::Store(lanes, points + i, Lanes::Fma(alpha, moved, arrived));
    });
  });
}

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_UPDATES_H_
