// How weights move on momentum alone, where neither a penalty nor decay acts on them:
//
//   theta += travelled v,  v *= left        travelled = alpha + ... + alpha^n,  left = alpha^n,  over n steps

#ifndef TRAINYARD_CORE_OPTIM_COASTING_H_
#define TRAINYARD_CORE_OPTIM_COASTING_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/optim/linear_history.h"

namespace trainyard {

// The last run of a history, in the precision of the weights. Not thread-safe. Allocates nothing after its construction.
template <typename Real>
class Coasting {
 public:
  struct Stretch {
    Real travelled;
    Real left;
  };

  Coasting() { stretches_.reserve(kMost); }

  // Brings the stretches up to the end of `history`.
  void Follow(const LinearHistory& history) {
    const LinearStep& step = history.last_step();
    if (step.tt != 1 || step.vt != 0) {
      stretches_.clear();
      longest_ = -1;
      return;
    }
    if (step != step_) stretches_.clear();
    step_ = step;
    longest_ = std::min(history.now() - history.last_begin(), kMost - 1);
    while (static_cast<int64_t>(stretches_.size()) <= longest_) {
      const LinearStep power = history.Since(history.now() - static_cast<int64_t>(stretches_.size()));
      stretches_.push_back({static_cast<Real>(power.tv), static_cast<Real>(power.vv)});
    }
  }

  // The longest stretch to the end of the history that is known; -1: none is.
  int64_t longest() const { return longest_; }

  // The last n steps of the history, n in [0, longest()].
  const Stretch* stretches() const { return stretches_.data(); }

 private:
  static constexpr int64_t kMost = 8192;

  LinearStep step_;
  std::vector<Stretch> stretches_;
  int64_t longest_ = -1;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_COASTING_H_
