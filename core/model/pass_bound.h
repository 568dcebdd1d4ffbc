// How large the numbers of a network's passes can become, known before any of them is computed.
//
//   |z_l| <= (n_{l-1} |a_{l-1}| + 1) p      |a_l| <= |z_l| + 1
//   |dL/dz_l| <= n_{l+1} p |dL/dz_{l+1}|    |dL/dW_l| <= max(|a_{l-1}|, 1) |dL/dz_l|
//
// p: the largest magnitude of a parameter; n_l: the columns of layer l. No activation is steeper than 1 or further than 1 from 0 at 0.
// Gradients are those of a mean over the minibatch; their partial sums have the same bounds.

#ifndef TRAINYARD_CORE_MODEL_PASS_BOUND_H_
#define TRAINYARD_CORE_MODEL_PASS_BOUND_H_

#include "core/model/network.h"

namespace trainyard {

// What the network does not know of its ends.
struct EndBounds {
  double input = 0;            // of |x|
  double output_gradient = 0;  // of m |dL/df|, m examples in the minibatch
};

// At least the magnitude of every number of both passes and of the gradient while no parameter's exceeds `parameter`. May be infinite.
double LargestInPasses(const ParameterLayout& layout, const EndBounds& ends, double parameter);

// The largest power of 2, at most 2^100, for which LargestInPasses is below `limit`; 0 where there is none above 2^-100.
double LargestSafeParameter(const ParameterLayout& layout, const EndBounds& ends, double limit);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_PASS_BOUND_H_
