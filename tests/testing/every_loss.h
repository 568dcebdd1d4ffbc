// Every surrogate loss that can be trained on, with a target that it fits. A new loss joins by its alternative.

#ifndef TRAINYARD_TESTS_TESTING_EVERY_LOSS_H_
#define TRAINYARD_TESTS_TESTING_EVERY_LOSS_H_

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/loss/make_loss.h"

namespace trainyard {

// A default value of each alternative of a variant.
template <typename Variant>
std::vector<Variant> Alternatives() {
  return []<size_t... I>(std::index_sequence<I...>) { return std::vector<Variant>{Variant(std::in_place_index<I>)...}; }
  (std::make_index_sequence<std::variant_size_v<Variant>>());
}

struct LossCase {
  std::string name;
  LossOptions options;
  std::vector<std::string> classes;  // of the target, as many as the loss takes; none for numbers
};

inline std::vector<LossCase> EveryLoss() {
  std::vector<LossCase> cases;
  for (const LossOptions& options : Alternatives<LossOptions>()) {
    for (const std::vector<std::string>& classes :
         {std::vector<std::string>{"a", "b", "c"}, std::vector<std::string>{"a", "b"}, std::vector<std::string>()}) {
      if (!MakeLoss<double>(options, {classes}).ok()) continue;
      cases.push_back({"Loss" + std::to_string(options.index()), options, classes});
      break;
    }
  }
  return cases;
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_TESTING_EVERY_LOSS_H_
