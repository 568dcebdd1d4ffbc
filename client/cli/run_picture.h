// The live picture of one run: curves, progress and the last events, from the job's events alone.

#ifndef TRAINYARD_CLIENT_CLI_RUN_PICTURE_H_
#define TRAINYARD_CLIENT_CLI_RUN_PICTURE_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/curve.h"
#include "client/cli/styled_text.h"
#include "trainyard/v1/event.pb.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard::cli {

// Speed over the last seconds of the run's own time, so that an old log that is read again shows the speed that it had.
class StepRate {
 public:
  void Add(absl::Time time, int64_t step);

  // In steps a second, 0 where it is not known.
  double value() const;

 private:
  std::deque<std::pair<absl::Time, int64_t>> points_;
};

class RunPicture {
 public:
  explicit RunPicture(const v1::Job& job) : job_(job) {}

  // What only the job knows: its spec, the steps in all.
  void SetJob(const v1::Job& job) { job_ = job; }
  const v1::Job& job() const { return job_; }

  void Apply(const v1::Event& event);

  // A passing remark in place of the state: `reconnecting`. Empty: none.
  void SetRemark(const std::string& remark) { remark_ = remark; }

  v1::State state() const { return state_; }
  int64_t step() const { return step_; }
  double steps_per_second() const { return rate_.value(); }
  const Curve& training_loss() const { return training_loss_; }
  const Curve& gradient_norm() const { return gradient_norm_; }

  // Epoch in which `step` falls, from 0; 0 where the epoch's length is not known.
  int64_t Epoch() const;

  // At most `height` lines of at most `width` columns, both at least 1. Below 10 lines or 30 columns, where no curve can be read, the step
  // comes first, then what else has room. Without colours, marks tell the curves apart.
  std::vector<StyledLine> Draw(int width, int height, bool colours) const;

 private:
  std::vector<StyledLine> DrawSmall(int width, int height, bool colours) const;
  void ApplyMetrics(const v1::MetricChunk& chunk);
  void StartAttempt(int32_t attempt, int64_t step);

  StyledLine Header(int width) const;
  StyledLine Legend(bool colours, bool logarithmic) const;
  StyledLine GradientLine(int width) const;
  StyledLine ProgressBar(int width) const;
  StyledLine Statistics() const;
  std::vector<StyledLine> LastEvents(int count) const;

  // 0..1, negative where the end is not known.
  double Fraction() const;

  v1::Job job_;
  v1::State state_ = v1::STATE_UNSPECIFIED;
  int32_t attempt_ = 1;
  int64_t step_ = 0;
  Curve training_loss_;
  Curve validation_loss_;
  Curve gradient_norm_;
  StepRate rate_;
  std::string remark_;

  // The newest last; metrics left out.
  std::deque<v1::Event> events_;
};

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_RUN_PICTURE_H_
