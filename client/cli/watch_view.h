// How a job that is watched is shown: as a picture, as plain lines, or as JSON.

#ifndef TRAINYARD_CLIENT_CLI_WATCH_VIEW_H_
#define TRAINYARD_CLIENT_CLI_WATCH_VIEW_H_

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cli/run_picture.h"
#include "client/cli/session.h"
#include "client/cli/terminal.h"
#include "trainyard/v1/event.pb.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard::cli {

// All calls come from one thread.
class WatchView {
 public:
  virtual ~WatchView() = default;

  // The highest rate of steps that the view can show, 0 for all.
  virtual double MaxStepsPerSecond() const = 0;

  // What the server says of the job, now and then.
  virtual void SetJob(const v1::Job& job) = 0;

  virtual absl::Status Apply(const v1::Event& event) = 0;

  // The connection broke and is being made again.
  virtual void Reconnecting(const std::string& error) = 0;

  // The connection is there (again).
  virtual void Connected() = 0;

  // Ten times a second.
  virtual void Tick(absl::Time now) = 0;

  // The job has ended: what is shown last.
  virtual absl::Status Finish(const v1::Job& job) = 0;
};

// Frames on the terminal's other screen; the last one stays on the first.
class PictureView final : public WatchView {
 public:
  PictureView(Console& console, const v1::Job& job);
  ~PictureView() override;

  double MaxStepsPerSecond() const override { return 5000; }
  void SetJob(const v1::Job& job) override { picture_.SetJob(job); }
  absl::Status Apply(const v1::Event& event) override;
  void Reconnecting(const std::string& error) override;
  void Connected() override { picture_.SetRemark(""); }
  void Tick(absl::Time now) override;
  absl::Status Finish(const v1::Job& job) override;

 private:
  // Back to the first screen, with the last picture on it. Once.
  void Leave(int lines_below);

  Console& console_;
  RunPicture picture_;
  std::optional<Screen> screen_;
  absl::Time last_frame_ = absl::InfinitePast();
};

// A line for each event; of metrics one line in two seconds at most, of evaluations and checkpoints one in a second of the run.
class LineView final : public WatchView {
 public:
  LineView(Console& console, const v1::Job& job) : console_(console), picture_(job) {}

  double MaxStepsPerSecond() const override { return 1000; }
  void SetJob(const v1::Job& job) override { picture_.SetJob(job); }
  absl::Status Apply(const v1::Event& event) override;
  void Reconnecting(const std::string& error) override;
  void Connected() override {}
  void Tick(absl::Time now) override;
  absl::Status Finish(const v1::Job& job) override;

 private:
  Console& console_;
  RunPicture picture_;
  // By kind, when the last event of that kind that was shown was written.
  std::map<v1::Event::KindCase, absl::Time> shown_;
  int64_t shown_step_ = 0;
  absl::Time next_progress_ = absl::InfinitePast();
};

// One event a line, and last the finished job.
class JsonView final : public WatchView {
 public:
  explicit JsonView(Console& console) : console_(console) {}

  double MaxStepsPerSecond() const override { return 0; }
  void SetJob(const v1::Job&) override {}
  absl::Status Apply(const v1::Event& event) override;
  void Reconnecting(const std::string& error) override;
  void Connected() override {}
  void Tick(absl::Time) override {}
  absl::Status Finish(const v1::Job& job) override;

 private:
  Console& console_;
};

// The one that fits the session's output.
std::unique_ptr<WatchView> MakeWatchView(Session& session, const v1::Job& job);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_WATCH_VIEW_H_
