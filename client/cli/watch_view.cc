#include "client/cli/watch_view.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/event_text.h"
#include "client/cli/json.h"
#include "client/cli/text.h"
#include "client/cpp/watch.h"

namespace trainyard::cli {
namespace {

constexpr absl::Duration kFrame = absl::Milliseconds(100);
// What is printed below a picture that is left before the end.
constexpr int kHintLines = 3;
constexpr absl::Duration kProgressLine = absl::Seconds(2);
constexpr absl::Duration kFrequentEvents = absl::Seconds(1);

void PrintOutcome(const v1::Job& job, std::ostream& out) {
  out << Printable(job.name()) << ' '
      << OutcomeText(job.state(), job.stop_reason(), job.parameters_held(), job.parameters_step()) << '\n';
  if (job.has_error()) out << "error: " << Printable(job.error().message()) << '\n';
  for (const std::string& line : MeasuredLines(job)) out << line << '\n';
}

void PrintReconnecting(Console& console, const std::string& error) {
  console.err << "trainyard: connecting again: " << Printable(error) << std::endl;
}

}  // namespace

PictureView::PictureView(Console& console, const v1::Job& job) : console_(console), picture_(job) {
  screen_.emplace(console.out, console.colours);
}

PictureView::~PictureView() { Leave(kHintLines); }

void PictureView::Leave(int lines_below) {
  if (!screen_.has_value()) return;
  screen_.reset();
  const TerminalSize size = CurrentTerminalSize();
  // The lines that follow and the shell's prompt find room below.
  const int height = std::max(1, size.height - lines_below - 2);
  for (const StyledLine& line : picture_.Draw(std::max(size.width, 1), height, console_.colours)) {
    console_.out << (console_.colours ? line.Coloured() : line.Text()) << '\n';
  }
  console_.out << std::flush;
}

absl::Status PictureView::Apply(const v1::Event& event) {
  picture_.Apply(event);
  return absl::OkStatus();
}

void PictureView::Reconnecting(const std::string&) { picture_.SetRemark("connecting again"); }

void PictureView::Tick(absl::Time now) {
  if (now - last_frame_ < kFrame) return;
  last_frame_ = now;
  const TerminalSize size = CurrentTerminalSize();
  screen_->Draw(picture_.Draw(std::max(size.width, 1), std::max(size.height, 1), console_.colours));
}

absl::Status PictureView::Finish(const v1::Job& job) {
  picture_.SetJob(job);
  Leave(static_cast<int>(MeasuredLines(job).size()) + 2);
  PrintOutcome(job, console_.out);
  return absl::OkStatus();
}

absl::Status LineView::Apply(const v1::Event& event) {
  picture_.Apply(event);
  if (event.has_metrics()) return absl::OkStatus();
  if (event.has_evaluation() || event.has_checkpoint_saved()) {
    const absl::Time time = ToTime(event.time());
    const auto [shown, first] = shown_.try_emplace(event.kind_case(), time);
    if (!first && time < shown->second + kFrequentEvents) return absl::OkStatus();
    shown->second = time;
  }
  console_.out << "step " << event.step() << "  " << Printable(EventText(event)) << std::endl;
  return absl::OkStatus();
}

void LineView::Reconnecting(const std::string& error) { PrintReconnecting(console_, error); }

void LineView::Tick(absl::Time now) {
  if (now < next_progress_ || picture_.step() == shown_step_) return;
  next_progress_ = now + kProgressLine;
  shown_step_ = picture_.step();
  std::string line = absl::StrCat("step ", shown_step_);
  const int64_t total = picture_.job().progress().total_steps();
  if (total > 0) absl::StrAppend(&line, "/", total);
  absl::StrAppend(&line, "  epoch ", picture_.Epoch(), "  loss ", NumberText(picture_.training_loss().last()),
                  "  gradient norm ", NumberText(picture_.gradient_norm().last()));
  if (picture_.steps_per_second() > 0)
    absl::StrAppend(&line, "  ", std::llround(picture_.steps_per_second()), " steps/s");
  console_.out << line << std::endl;
}

absl::Status LineView::Finish(const v1::Job& job) {
  PrintOutcome(job, console_.out);
  return absl::OkStatus();
}

absl::Status JsonView::Apply(const v1::Event& event) { return PrintJson(event, console_.out); }

void JsonView::Reconnecting(const std::string& error) { PrintReconnecting(console_, error); }

absl::Status JsonView::Finish(const v1::Job& job) { return PrintJson(job, console_.out); }

std::unique_ptr<WatchView> MakeWatchView(Session& session, const v1::Job& job) {
  if (session.json()) return std::make_unique<JsonView>(session.console);
  if (session.console.out_is_terminal) return std::make_unique<PictureView>(session.console, job);
  return std::make_unique<LineView>(session.console, job);
}

}  // namespace trainyard::cli
