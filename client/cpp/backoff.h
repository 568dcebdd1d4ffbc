// How long to wait before trying again: doubling from 0.1 s to 5 s, anew after each success.

#ifndef TRAINYARD_CLIENT_CPP_BACKOFF_H_
#define TRAINYARD_CLIENT_CPP_BACKOFF_H_

#include <algorithm>

#include "absl/time/time.h"

namespace trainyard::client {

class Backoff {
 public:
  explicit Backoff(absl::Duration first = absl::Milliseconds(100), absl::Duration longest = absl::Seconds(5))
      : first_(first), longest_(longest), next_(first) {}

  absl::Duration Next() {
    const absl::Duration delay = next_;
    next_ = std::min(2 * next_, longest_);
    return delay;
  }

  void Reset() { next_ = first_; }

 private:
  const absl::Duration first_;
  const absl::Duration longest_;
  absl::Duration next_;
};

}  // namespace trainyard::client

#endif  // TRAINYARD_CLIENT_CPP_BACKOFF_H_
