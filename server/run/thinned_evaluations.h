// A run's evaluations within a bound of bytes: all of them, or those of every 2nd, 4th, 8th, ... step that has some, and of the last.

#ifndef TRAINYARD_SERVER_RUN_THINNED_EVALUATIONS_H_
#define TRAINYARD_SERVER_RUN_THINNED_EVALUATIONS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trainyard/v1/event.pb.h"

namespace trainyard {

class ThinnedEvaluations {
 public:
  // Those of the first step and of the last are kept also where they alone are more than `most_bytes`.
  explicit ThinnedEvaluations(size_t most_bytes) : most_bytes_(most_bytes) {}

  // In the order of the run; those of one step one after the other.
  void Add(const v1::Evaluation& evaluation);

  // Whether evaluations were left out.
  bool thinned() const { return every_ > 1; }

  // Once.
  void MoveTo(google::protobuf::RepeatedPtrField<v1::Evaluation>& evaluations);

 private:
  struct Step {
    int64_t step;
    int64_t place;  // among the steps with evaluations, from 0 on
    size_t bytes = 0;
    std::vector<v1::Evaluation> evaluations = {};
  };

  bool Stays(const Step& step) const { return step.place % every_ == 0; }
  void LeaveOutEveryOther();

  const size_t most_bytes_;
  std::vector<Step> steps_;  // those that stay, and the last
  int64_t count_ = 0;
  int64_t every_ = 1;
  size_t bytes_ = 0;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_THINNED_EVALUATIONS_H_
