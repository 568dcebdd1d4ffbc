// The zero-one loss as something to train on: refused.
//
//   L = [the predicted class is not y];   dL/df = 0 wherever there is one: no descent can begin

#ifndef TRAINYARD_CORE_LOSS_ZERO_ONE_H_
#define TRAINYARD_CORE_LOSS_ZERO_ONE_H_

namespace trainyard {

struct ZeroOneOptions {
  friend bool operator==(const ZeroOneOptions&, const ZeroOneOptions&) = default;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_ZERO_ONE_H_
