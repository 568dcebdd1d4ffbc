// A loss on one example of weight 1.

#ifndef TRAINYARD_TESTS_CORE_LOSS_ONE_EXAMPLE_H_
#define TRAINYARD_TESTS_CORE_LOSS_ONE_EXAMPLE_H_

#include <string>
#include <vector>

#include "core/loss/make_loss.h"

namespace trainyard {

// `truth` counts where there are classes, `number` where there are none.
inline double One(const LossOptions& options, const std::vector<std::string>& classes, std::vector<double> outputs,
                  int32_t truth, double number) {
  const auto loss = *MakeLoss<double>(options, {classes});
  std::vector<double> weights = {1};
  std::vector<int32_t> labels;
  std::vector<double> numbers;
  if (classes.empty()) {
    numbers.push_back(number);
  } else {
    labels.push_back(truth);
  }
  const int64_t width = static_cast<int64_t>(outputs.size());
  return loss->Sum({outputs.data(), 1, width, width}, TargetBuffer{labels, numbers, weights});
}

// dL/df of the same example.
inline std::vector<double> Gradient(const LossOptions& options, const std::vector<std::string>& classes,
                                    std::vector<double> outputs, int32_t truth, double number) {
  const auto loss = *MakeLoss<double>(options, {classes});
  std::vector<double> weights = {1};
  std::vector<int32_t> labels(classes.empty() ? 0 : 1, truth);
  std::vector<double> numbers(classes.empty() ? 1 : 0, number);
  const int64_t width = static_cast<int64_t>(outputs.size());
  loss->SumAndGradient(1, {outputs.data(), 1, width, width}, TargetBuffer{labels, numbers, weights});
  return outputs;
}

inline std::vector<double> Scores(const LossOptions& options, const std::vector<std::string>& classes,
                                  std::vector<double> outputs) {
  const auto loss = *MakeLoss<double>(options, {classes});
  const int64_t width = static_cast<int64_t>(outputs.size());
  const int64_t class_count = static_cast<int64_t>(classes.size());
  std::vector<double> scores(classes.size());
  loss->Scores(MatrixView<double>{outputs.data(), 1, width, width}, {scores.data(), 1, class_count, class_count});
  return scores;
}

inline std::string Refusal(const LossOptions& options, const std::vector<std::string>& classes) {
  return std::string(MakeLoss<float>(options, {classes}).status().message());
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_CORE_LOSS_ONE_EXAMPLE_H_
