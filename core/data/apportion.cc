#include "core/data/apportion.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

namespace trainyard {
namespace {

constexpr double kRounding = 1e-9;
constexpr std::array<int, 3> kParts = {kValidationPart, kTestPart, kTrainingPart};

class Apportionment {
 public:
  Apportionment(std::span<const int64_t> sizes, double validation_fraction, double test_fraction)
      : fractions_{validation_fraction, test_fraction, 1 - validation_fraction - test_fraction} {
    const int64_t total = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
    missing_[kValidationPart] = std::llround(validation_fraction * static_cast<double>(total));
    missing_[kTestPart] = std::llround(test_fraction * static_cast<double>(total));
    missing_[kTrainingPart] = total - missing_[kValidationPart] - missing_[kTestPart];
    for (const int64_t size : sizes) Divide(size);
    Balance();
  }

  std::vector<PartSizes> Take() && { return std::move(parts_); }

 private:
  double Share(size_t i, int part) const { return fractions_[part] * static_cast<double>(sizes_[i]); }

  // Rounds the shares of one class down, and gives the rows left over to the parts that the classes so far have shortened most.
  void Divide(int64_t size) {
    sizes_.push_back(size);
    PartSizes& parts = parts_.emplace_back();
    const size_t i = parts_.size() - 1;
    int64_t left = size;
    std::array<double, 3> shortage = shortage_;
    for (const int part : kParts) {
      parts[part] = static_cast<int64_t>(std::floor(Share(i, part) + kRounding));
      left -= parts[part];
      shortage[part] += Share(i, part) - static_cast<double>(parts[part]);
    }
    std::array<int, 3> order = kParts;
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return shortage[a] > shortage[b]; });
    for (const int part : order) {
      const bool whole = Share(i, part) - static_cast<double>(parts[part]) < kRounding;
      if (left == 0 || whole) continue;
      ++parts[part];
      --left;
      shortage[part] -= 1;
    }
    shortage_ = shortage;
    for (const int part : kParts) missing_[part] -= parts[part];
  }

  // How far the class's part is from its share after `change` more rows.
  double Distance(size_t i, int part, int64_t change) const {
    return std::abs(static_cast<double>(parts_[i][part] + change) - Share(i, part));
  }

  // Moves a row of the class that suffers least; false where each would then be off by more than one row.
  bool Move(int from, int to) {
    std::optional<size_t> best;
    double least = 1 + kRounding;
    for (size_t i = 0; i < parts_.size(); ++i) {
      const double distance = std::max(Distance(i, from, -1), Distance(i, to, 1));
      if (parts_[i][from] == 0 || distance >= least) continue;
      best = i;
      least = distance;
    }
    if (!best.has_value()) return false;
    --parts_[*best][from];
    ++parts_[*best][to];
    ++missing_[from];
    --missing_[to];
    return true;
  }

  // Moves rows between parts until none has too many.
  void Balance() {
    while (true) {
      const int from = static_cast<int>(std::min_element(missing_.begin(), missing_.end()) - missing_.begin());
      const int to = static_cast<int>(std::max_element(missing_.begin(), missing_.end()) - missing_.begin());
      if (missing_[to] == 0) return;
      const int third = 3 - from - to;
      if (!Move(from, to) && !(Move(from, third) && Move(third, to))) return;
    }
  }

  std::array<double, 3> fractions_;
  std::array<double, 3> shortage_{};
  std::array<int64_t, 3> missing_{};  // rows that a part still lacks
  std::vector<int64_t> sizes_;
  std::vector<PartSizes> parts_;
};

}  // namespace

std::vector<PartSizes> Apportion(std::span<const int64_t> sizes, double validation_fraction, double test_fraction) {
  return Apportionment(sizes, validation_fraction, test_fraction).Take();
}

}  // namespace trainyard
