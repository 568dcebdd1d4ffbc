#include "client/cli/run_picture.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/chart.h"
#include "client/cli/event_text.h"
#include "client/cli/reflect.h"
#include "client/cli/text.h"
#include "client/cpp/watch.h"

namespace trainyard::cli {
namespace {

constexpr size_t kEventsKept = 32;
constexpr absl::Duration kRateWindow = absl::Seconds(5);
constexpr size_t kRatePoints = 4096;

// Value j of a column, which may hold one value for all steps.
double ValueAt(const v1::MetricColumn& column, int j) {
  return column.values_size() == 1 ? column.values(0) : column.values(j);
}

std::string Repeated(const char* glyph, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += glyph;
  return text;
}

int64_t StepsPerEpoch(const v1::Job& job) {
  const v1::Minibatches& minibatches = job.spec().minibatches();
  if (minibatches.has_full_batch()) return 1;
  if (minibatches.size() <= 0) return 0;
  const int64_t spare = minibatches.drop_last() ? 0 : minibatches.size() - 1;
  return (job.progress().training_examples() + spare) / minibatches.size();
}

Ink StateInk(v1::State state) {
  if (state == v1::STATE_SUCCEEDED || state == v1::STATE_RUNNING) return Ink::kGood;
  return client::IsTerminal(state) ? Ink::kBad : Ink::kPlain;
}

}  // namespace

void StepRate::Add(absl::Time time, int64_t step) {
  points_.emplace_back(time, step);
  while (points_.size() > 2 && (points_.front().first < time - kRateWindow || points_.size() > kRatePoints)) {
    points_.pop_front();
  }
}

double StepRate::value() const {
  if (points_.size() < 2) return 0;
  const double seconds = absl::ToDoubleSeconds(points_.back().first - points_.front().first);
  return seconds > 0 ? static_cast<double>(points_.back().second - points_.front().second) / seconds : 0;
}

void RunPicture::Apply(const v1::Event& event) {
  if (event.attempt() > attempt_) StartAttempt(event.attempt(), event.step());
  step_ = std::max(step_, event.step());
  if (event.has_metrics()) {
    ApplyMetrics(event.metrics());
    rate_.Add(ToTime(event.time()), step_);
    return;
  }
  if (event.has_state_changed()) {
    state_ = event.state_changed().state();
    // Time spent waiting or paused says nothing about speed.
    if (state_ == v1::STATE_RUNNING) rate_ = StepRate();
  }
  if (event.has_evaluation() && event.evaluation().part() == v1::PART_VALIDATION) {
    for (const v1::MetricValue& value : event.evaluation().values()) {
      if (value.metric() == v1::METRIC_LOSS) validation_loss_.Add(event.step(), value.value());
    }
  }
  // Of the checkpoints only the newest is news.
  if (event.has_checkpoint_saved()) std::erase_if(events_, [](const v1::Event& e) { return e.has_checkpoint_saved(); });
  events_.push_back(event);
  if (events_.size() > kEventsKept) events_.pop_front();
}

void RunPicture::ApplyMetrics(const v1::MetricChunk& chunk) {
  for (const v1::MetricColumn& column : chunk.columns()) {
    Curve* curve = column.series() == v1::SERIES_LOSS            ? &training_loss_
                   : column.series() == v1::SERIES_GRADIENT_NORM ? &gradient_norm_
                                                                 : nullptr;
    if (curve == nullptr || column.values().empty()) continue;
    const int count = chunk.steps().empty() ? static_cast<int>(chunk.step_count()) : chunk.steps_size();
    if (column.values_size() != 1 && column.values_size() < count) continue;
    for (int j = 0; j < count; ++j) {
      curve->Add(chunk.steps().empty() ? chunk.first_step() + j : chunk.steps(j), ValueAt(column, j));
    }
  }
  step_ = std::max(step_, chunk.first_step() + chunk.step_count());
}

void RunPicture::StartAttempt(int32_t attempt, int64_t step) {
  attempt_ = attempt;
  step_ = step;
  for (Curve* curve : {&training_loss_, &validation_loss_, &gradient_norm_}) curve->CutFrom(step);
  rate_ = StepRate();
}

int64_t RunPicture::Epoch() const {
  const int64_t steps = StepsPerEpoch(job_);
  return steps > 0 ? step_ / steps : 0;
}

double RunPicture::Fraction() const {
  const int64_t total = job_.progress().total_steps();
  if (total <= 0) return state_ == v1::STATE_SUCCEEDED ? 1 : -1;
  return std::min(1.0, static_cast<double>(step_) / static_cast<double>(total));
}

std::vector<StyledLine> RunPicture::Draw(int width, int height, bool colours) const {
  if (width < 30 || height < 10) return DrawSmall(width, height, colours);
  constexpr int kFixedLines = 5;
  const bool roomy = height >= 20;
  const int event_count = std::clamp((height - 6) / 4, 1, 6);
  const int spaces = roomy ? 2 : 0;
  const Chart chart = DrawChart({{.curve = &training_loss_, .ink = Ink::kTraining, .shadow = colours},
                                 {.curve = &validation_loss_, .ink = Ink::kValidation, .marks = !colours}},
                                width, std::max(4, height - kFixedLines - event_count - spaces));
  std::vector<StyledLine> lines;
  lines.push_back(Header(width));
  if (roomy) lines.emplace_back();
  lines.insert(lines.end(), chart.lines.begin(), chart.lines.end());
  lines.push_back(Legend(colours, chart.logarithmic));
  lines.push_back(GradientLine(width));
  lines.push_back(ProgressBar(width));
  lines.push_back(Statistics());
  if (roomy) lines.emplace_back();
  for (const StyledLine& line : LastEvents(event_count)) lines.push_back(line);
  for (StyledLine& line : lines) line = line.Shortened(width);
  return lines;
}

std::vector<StyledLine> RunPicture::DrawSmall(int width, int height, bool colours) const {
  std::vector<StyledLine> lines = {Statistics()};
  if (!remark_.empty()) lines.insert(lines.begin(), StyledLine(" ").Add(Printable(remark_), Ink::kBad));
  lines.push_back(Legend(colours, false));
  lines.push_back(ProgressBar(width));
  for (const StyledLine& line : LastEvents(1)) lines.push_back(line);
  if (static_cast<int>(lines.size()) > height) lines.resize(static_cast<size_t>(height));
  for (StyledLine& line : lines) line = line.Shortened(width);
  return lines;
}

StyledLine RunPicture::Header(int width) const {
  const std::string state =
      remark_.empty() ? EnumName(state_ == v1::STATE_UNSPECIFIED ? job_.state() : state_) : Printable(remark_);
  std::string title = job_.name();
  if (!job_.display_name().empty()) absl::StrAppend(&title, "  ", Printable(job_.display_name()));
  StyledLine line(Shortened(title, width - DisplayWidth(state) - 2), Ink::kStrong);
  line.Add(std::string(static_cast<size_t>(std::max(2, width - line.width() - DisplayWidth(state))), ' '));
  return line.Add(state, remark_.empty() ? StateInk(state_) : Ink::kBad);
}

StyledLine RunPicture::Legend(bool colours, bool logarithmic) const {
  StyledLine line(" ");
  line.Add(colours ? "━━" : "⠒⠒", Ink::kTraining).Add(" training loss ");
  line.Add(training_loss_.empty() ? "–" : NumberText(training_loss_.last()), Ink::kStrong);
  if (!validation_loss_.empty()) {
    line.Add("   ").Add(colours ? "━━" : "•", Ink::kValidation).Add(" validation loss ");
    line.Add(NumberText(validation_loss_.last()), Ink::kStrong);
  }
  if (logarithmic) line.Add("   log scale", Ink::kFaint);
  return line;
}

StyledLine RunPicture::GradientLine(int width) const {
  const std::string value = gradient_norm_.empty() ? "–" : NumberText(gradient_norm_.last());
  const StyledLine title(" gradient norm ");
  const int room = width - title.width() - DisplayWidth(value) - 1;
  StyledLine line = title;
  if (room > 0) line.Add(DrawSparkline(gradient_norm_, room), Ink::kTraining);
  return line.Add(" ").Add(value, Ink::kStrong);
}

StyledLine RunPicture::ProgressBar(int width) const {
  const double fraction = Fraction();
  const std::string percent = fraction < 0 ? "" : absl::StrFormat(" %3.0f%%", std::floor(100 * fraction));
  const int room = std::max(0, width - 1 - DisplayWidth(percent));
  const int done = static_cast<int>(std::floor(std::max(fraction, 0.0) * room));
  StyledLine line(" ");
  line.Add(Repeated("━", done), state_ == v1::STATE_FAILED ? Ink::kBad : Ink::kGood);
  return line.Add(Repeated("─", room - done), Ink::kShadow).Add(percent, Ink::kStrong);
}

StyledLine RunPicture::Statistics() const {
  const int64_t total = job_.progress().total_steps();
  StyledLine line(absl::StrCat(" step ", CountText(step_)));
  if (total > 0) line.Add(absl::StrCat("/", CountText(total)), Ink::kFaint);
  const double rate = rate_.value();
  if (rate > 0) line.Add(absl::StrCat("   ", CountText(std::llround(rate)), " steps/s"));
  if (rate > 0 && total > step_ && state_ == v1::STATE_RUNNING) {
    const absl::Duration left = absl::Seconds(static_cast<double>(total - step_) / rate);
    line.Add(absl::StrCat("   ", DurationText(left), " left"));
  }
  if (StepsPerEpoch(job_) > 0) {
    line.Add(absl::StrCat("   epoch ", CountText(Epoch())));
    if (job_.spec().budget().has_epochs()) {
      line.Add(absl::StrCat("/", CountText(job_.spec().budget().epochs())), Ink::kFaint);
    }
  }
  return line;
}

std::vector<StyledLine> RunPicture::LastEvents(int count) const {
  std::vector<StyledLine> lines;
  const size_t first = events_.size() - std::min(events_.size(), static_cast<size_t>(count));
  for (size_t i = first; i < events_.size(); ++i) {
    StyledLine line(absl::StrFormat(" %8s  ", CountText(events_[i].step())), Ink::kFaint);
    lines.push_back(line.Add(Printable(EventText(events_[i])), EventInk(events_[i])));
  }
  lines.resize(static_cast<size_t>(count));
  return lines;
}

}  // namespace trainyard::cli
