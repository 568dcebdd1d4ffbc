#include "core/loss/best_constant.h"

#include <algorithm>
#include <numeric>

#include "core/base/elementary.h"

namespace trainyard {
namespace {

// Half of one example's, the weights being of mean 1.
constexpr double kLeastWeight = 0.5;

double TotalWeight(const Targets& targets) {
  return std::accumulate(targets.weights.begin(), targets.weights.end(), 0.0);
}

std::vector<double> WeightOfClasses(const Targets& targets, int64_t class_count) {
  std::vector<double> weights(class_count);
  for (size_t i = 0; i < targets.classes.size(); ++i) weights[targets.classes[i]] += targets.weights[i];
  for (double& weight : weights) {
    if (weight == 0) weight = kLeastWeight;
  }
  return weights;
}

double WeightedSum(const Targets& targets) {
  double sum = 0;
  for (size_t i = 0; i < targets.numbers.size(); ++i) sum += targets.weights[i] * targets.numbers[i];
  return sum;
}

}  // namespace

std::vector<double> LogFrequencies(const Targets& targets, int64_t class_count) {
  if (targets.classes.empty()) return std::vector<double>(class_count);
  std::vector<double> logs = WeightOfClasses(targets, class_count);
  const double total = TotalWeight(targets);
  for (double& value : logs) value = Log(value / total);
  return logs;
}

double LogOdds(const Targets& targets, int32_t positive) {
  const std::vector<double> weights = WeightOfClasses(targets, 2);
  return Log(weights[positive] / weights[1 - positive]);
}

double Mean(const Targets& targets) {
  return targets.numbers.empty() ? 0 : WeightedSum(targets) / TotalWeight(targets);
}

double LogMean(const Targets& targets) {
  if (targets.numbers.empty()) return 0;
  const double sum = WeightedSum(targets);
  return Log((sum == 0 ? kLeastWeight : sum) / TotalWeight(targets));
}

double Quantile(const Targets& targets, double share) {
  if (targets.numbers.empty()) return 0;
  std::vector<uint32_t> order(targets.numbers.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return targets.numbers[a] < targets.numbers[b]; });
  const double enough = share * TotalWeight(targets);
  double weight = 0;
  for (const uint32_t i : order) {
    weight += targets.weights[i];
    if (weight >= enough && targets.weights[i] > 0) return targets.numbers[i];
  }
  return targets.numbers[order.back()];
}

}  // namespace trainyard
