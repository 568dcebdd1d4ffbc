#include "core/data/class_weights.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/data/bad_data.h"

namespace trainyard {
namespace {

std::string FieldOf(const std::string& name) { return absl::StrCat("given.weights[", name, "]"); }

double FactorOf(const BalancedClasses&, const std::string&, int64_t count, double mean_count) {
  return mean_count / static_cast<double>(count);
}

double FactorOf(const GivenClassWeights& given, const std::string& name, int64_t, double) {
  const auto found = given.weights.find(name);
  return found == given.weights.end() ? 1 : found->second;
}

}  // namespace

absl::Status Validate(const ClassWeightOptions& options) {
  const GivenClassWeights* given = std::get_if<GivenClassWeights>(&options);
  if (given == nullptr) return absl::OkStatus();
  for (const auto& [name, weight] : given->weights) {
    if (!(weight > 0 && std::isfinite(weight))) return FieldError(FieldOf(name), weight, "positive and finite");
  }
  return absl::OkStatus();
}

absl::Status CheckClasses(const ClassWeightOptions& options, const std::vector<std::string>& classes) {
  const GivenClassWeights* given = std::get_if<GivenClassWeights>(&options);
  if (given == nullptr) return absl::OkStatus();
  for (const auto& [name, weight] : given->weights) {
    if (std::find(classes.begin(), classes.end(), name) != classes.end()) continue;
    return FieldError(FieldOf(name), weight, absl::StrCat("of one of the target's classes: ", SomeOf(classes)));
  }
  return absl::OkStatus();
}

std::vector<double> WeightsOf(const ClassWeightOptions& options, const std::vector<std::string>& classes,
                              std::span<const int64_t> counts) {
  const double rows = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  const double mean_count = rows / static_cast<double>(classes.size());
  std::vector<double> weights;
  for (size_t c = 0; c < classes.size(); ++c) {
    weights.push_back(std::visit(
        [&](const auto& alternative) { return FactorOf(alternative, classes[c], counts[c], mean_count); }, options));
  }
  const bool all_one = std::all_of(weights.begin(), weights.end(), [](double weight) { return weight == 1; });
  return all_one ? std::vector<double>() : weights;
}

}  // namespace trainyard
