#include "core/base/metric.h"

namespace trainyard {

bool LargerIsBetter(Metric metric) {
  switch (metric) {
    case Metric::kAccuracy:
    case Metric::kTopKAccuracy:
    case Metric::kMacroF1:
    case Metric::kAuc:
    case Metric::kR2:
      return true;
    case Metric::kLoss:
    case Metric::kZeroOneError:
    case Metric::kLogLoss:
    case Metric::kRmse:
    case Metric::kMae:
      return false;
  }
  return false;
}

std::string_view Name(Metric metric) {
  switch (metric) {
    case Metric::kLoss:
      return "loss";
    case Metric::kAccuracy:
      return "accuracy";
    case Metric::kZeroOneError:
      return "zero_one_error";
    case Metric::kLogLoss:
      return "log_loss";
    case Metric::kRmse:
      return "rmse";
    case Metric::kTopKAccuracy:
      return "top_k_accuracy";
    case Metric::kMacroF1:
      return "macro_f1";
    case Metric::kAuc:
      return "auc";
    case Metric::kMae:
      return "mae";
    case Metric::kR2:
      return "r2";
  }
  return "";
}

}  // namespace trainyard
