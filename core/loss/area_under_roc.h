// The area under the ROC curve, exactly.
//
//   AUC = P(s+ > s-) + P(s+ = s-) / 2      s+, s-: scores of a positive and of a negative example, drawn independently

#ifndef TRAINYARD_CORE_LOSS_AREA_UNDER_ROC_H_
#define TRAINYARD_CORE_LOSS_AREA_UNDER_ROC_H_

#include <span>

namespace trainyard {

// Sorts both. NaN where one is empty, or a score is NaN. The same bits in whatever order the scores come.
double AreaUnderRoc(std::span<double> positives, std::span<double> negatives);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_AREA_UNDER_ROC_H_
