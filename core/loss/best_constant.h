// The constant outputs that losses are least for, from the marginal statistics of the target.
//
// All are weighted by Targets::weights and summed in the order of rows. A share or mean of 0, whose logarithm no bias can hold, counts as
// that of half an example. Of no examples every statistic is 0.

#ifndef TRAINYARD_CORE_LOSS_BEST_CONSTANT_H_
#define TRAINYARD_CORE_LOSS_BEST_CONSTANT_H_

#include <cstdint>
#include <vector>

#include "core/base/matrix.h"

namespace trainyard {

// log p_c, p_c the share of class c.
std::vector<double> LogFrequencies(const Targets& targets, int64_t class_count);

// log(p / (1 - p)), p the share of class `positive` of two.
double LogOdds(const Targets& targets, int32_t positive);

double Mean(const Targets& targets);

// log of the mean of numbers that are at least 0.
double LogMean(const Targets& targets);

// The least number that has at least `share` of the weight up to it; share in (0, 1).
double Quantile(const Targets& targets, double share);

// The lower median.
inline double Median(const Targets& targets) { return Quantile(targets, 0.5); }

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_BEST_CONSTANT_H_
