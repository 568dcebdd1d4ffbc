// Whole numbers of rows for the parts of a split, class by class.

#ifndef TRAINYARD_CORE_DATA_APPORTION_H_
#define TRAINYARD_CORE_DATA_APPORTION_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace trainyard {

inline constexpr int kValidationPart = 0;
inline constexpr int kTestPart = 1;
inline constexpr int kTrainingPart = 2;

using PartSizes = std::array<int64_t, 3>;

// Divides each class of `sizes` rows: the parts of a class add up to it, each is within one row of its share, and the validation and
// the test part as a whole have their fraction of all rows, rounded to the nearest.
std::vector<PartSizes> Apportion(std::span<const int64_t> sizes, double validation_fraction, double test_fraction);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_APPORTION_H_
