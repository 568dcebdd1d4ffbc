// Biases of the output layer from the marginal statistics of the target: with weights of 0 the network begins as the best constant. The
// loss knows that constant; see Loss::BestConstant.

#ifndef TRAINYARD_CORE_INIT_MARGINAL_BIASES_H_
#define TRAINYARD_CORE_INIT_MARGINAL_BIASES_H_

namespace trainyard {

struct MarginalBiasesOptions {
  friend bool operator==(const MarginalBiasesOptions&, const MarginalBiasesOptions&) = default;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_MARGINAL_BIASES_H_
