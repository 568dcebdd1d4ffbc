#include "server/run/thinned_evaluations.h"

#include <utility>

namespace trainyard {

void ThinnedEvaluations::Add(const v1::Evaluation& evaluation) {
  if (steps_.empty() || steps_.back().step != evaluation.step()) {
    if (!steps_.empty() && !Stays(steps_.back())) {
      bytes_ -= steps_.back().bytes;
      steps_.pop_back();
    }
    steps_.push_back({.step = evaluation.step(), .place = count_++});
  }
  constexpr size_t kTagAndLength = 6;
  const size_t bytes = evaluation.ByteSizeLong() + kTagAndLength;
  steps_.back().evaluations.push_back(evaluation);
  steps_.back().bytes += bytes;
  bytes_ += bytes;
  while (bytes_ > most_bytes_ && steps_.size() > 2) LeaveOutEveryOther();
}

void ThinnedEvaluations::LeaveOutEveryOther() {
  every_ *= 2;
  Step last = std::move(steps_.back());
  steps_.pop_back();
  std::erase_if(steps_, [this](const Step& step) { return !Stays(step); });
  steps_.push_back(std::move(last));
  bytes_ = 0;
  for (const Step& step : steps_) bytes_ += step.bytes;
}

void ThinnedEvaluations::MoveTo(google::protobuf::RepeatedPtrField<v1::Evaluation>& evaluations) {
  for (Step& step : steps_) {
    for (v1::Evaluation& evaluation : step.evaluations) *evaluations.Add() = std::move(evaluation);
  }
}

}  // namespace trainyard
