#include "core/loss/metric_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/base/elementary.h"
#include "core/loss/area_under_roc.h"

namespace trainyard {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Whether fewer than k classes come before `truth`, the larger score first, of equal ones the first class. A score that is not a number
// comes last.
bool IsAmongFirst(int k, std::span<const double> scores, int32_t truth) {
  const double own = scores[truth];
  if (std::isnan(own)) return false;
  int before = 0;
  for (size_t j = 0; j < scores.size() && before < k; ++j) {
    before += scores[j] > own || (scores[j] == own && j < static_cast<size_t>(truth)) ? 1 : 0;
  }
  return before < k;
}

}  // namespace

MetricSums::MetricSums(MetricPlan plan, int64_t row_count)
    : plan_(std::move(plan)),
      predicts_(plan_.confusion_matrix || plan_.Has(Metric::kAccuracy) || plan_.Has(Metric::kZeroOneError) ||
                plan_.Has(Metric::kMacroF1)) {
  if (plan_.Has(Metric::kMacroF1)) class_counts_.resize(plan_.class_count);
  if (plan_.confusion_matrix) confusion_.resize(plan_.class_count * plan_.class_count);
  if (plan_.Has(Metric::kAuc)) {
    classes_.reserve(row_count);
    scores_.reserve(row_count * score_width());
  }
}

void MetricSums::Add(const MeasuredBlock& block) {
  loss_ += block.loss_sum;
  for (int64_t i = 0; i < block.scores.rows; ++i) {
    ++example_count_;
    if (plan_.class_count == 0) {
      AddNumber(block.scores(i, 0), block.targets.numbers[i]);
    } else {
      AddClass(block.scores.row(i), block.targets.classes[i]);
    }
  }
  if (plan_.Has(Metric::kLogLoss)) AddLogLoss(block);
  if (plan_.Has(Metric::kAuc)) AddScores(block);
}

void MetricSums::AddNumber(double prediction, double truth) {
  const double error = prediction - truth;
  squared_error_ += error * error;
  absolute_error_ += std::abs(error);
  const double distance = truth - mean_;
  mean_ += distance / static_cast<double>(example_count_);
  squared_distance_ += distance * (truth - mean_);
}

void MetricSums::AddClass(std::span<const double> scores, int32_t truth) {
  if (plan_.Has(Metric::kTopKAccuracy)) in_top_k_ += IsAmongFirst(plan_.top_k, scores, truth) ? 1 : 0;
  if (!predicts_) return;
  const int64_t predicted = std::max_element(scores.begin(), scores.end()) - scores.begin();
  const int correct = predicted == truth ? 1 : 0;
  correct_ += correct;
  if (!class_counts_.empty()) {
    ++class_counts_[truth].truth;
    ++class_counts_[predicted].predicted;
    class_counts_[truth].correct += correct;
  }
  if (plan_.confusion_matrix) ++confusion_[truth * plan_.class_count + predicted];
}

void MetricSums::AddLogLoss(const MeasuredBlock& block) {
  for (int64_t i = 0; i < block.probabilities.rows; ++i) {
    log_loss_ -= Log(block.probabilities(i, block.targets.classes[i]));
  }
}

void MetricSums::AddScores(const MeasuredBlock& block) {
  auc_.reset();
  const bool probabilistic = block.probabilities.data != nullptr;
  const MatrixView<const double>& scores = probabilistic ? block.probabilities : block.scores;
  classes_.insert(classes_.end(), block.targets.classes.begin(), block.targets.classes.begin() + scores.rows);
  for (int64_t i = 0; i < scores.rows; ++i) {
    const std::span<const double> row = scores.row(i);
    if (score_width() > 1) {
      scores_.insert(scores_.end(), row.begin(), row.end());
    } else {
      scores_.push_back(probabilistic ? row[1] : row[1] - row[0]);
    }
  }
}

double MetricSums::MacroF1() const {
  double sum = 0;
  int64_t occurring = 0;
  for (const ClassCounts& counts : class_counts_) {
    const int64_t either = counts.truth + counts.predicted;  // 2 TP + FP + FN
    if (either == 0) continue;
    sum += 2 * static_cast<double>(counts.correct) / static_cast<double>(either);
    ++occurring;
  }
  return sum / static_cast<double>(occurring);
}

double MetricSums::AucOf(int32_t positive, int64_t column) const {
  std::vector<double> sorted(classes_.size());
  size_t positives = 0;
  size_t end = sorted.size();
  for (size_t i = 0; i < classes_.size(); ++i) {
    const double score = scores_[i * score_width() + column];
    (classes_[i] == positive ? sorted[positives++] : sorted[--end]) = score;
  }
  const std::span<double> all(sorted);
  return AreaUnderRoc(all.first(positives), all.subspan(positives));
}

double MetricSums::Auc() const {
  if (plan_.class_count == 2) return AucOf(1, 0);
  std::vector<bool> occurs(plan_.class_count);
  for (const int32_t c : classes_) occurs[c] = true;
  double sum = 0;
  int64_t occurring = 0;
  for (int32_t c = 0; c < plan_.class_count; ++c) {
    if (!occurs[c]) continue;
    sum += AucOf(c, c);
    ++occurring;
  }
  return sum / static_cast<double>(occurring);
}

double MetricSums::Value(Metric metric) const {
  if (example_count_ == 0) return kNan;
  const double n = static_cast<double>(example_count_);
  switch (metric) {
    case Metric::kLoss:
      return loss_ / n;
    case Metric::kAccuracy:
      return static_cast<double>(correct_) / n;
    case Metric::kZeroOneError:
      return static_cast<double>(example_count_ - correct_) / n;
    case Metric::kLogLoss:
      return log_loss_ / n;
    case Metric::kRmse:
      return std::sqrt(squared_error_ / n);
    case Metric::kTopKAccuracy:
      return static_cast<double>(in_top_k_) / n;
    case Metric::kMacroF1:
      return MacroF1();
    case Metric::kAuc:
      if (!auc_.has_value()) auc_ = Auc();
      return *auc_;
    case Metric::kMae:
      return absolute_error_ / n;
    case Metric::kR2:
      return squared_distance_ == 0 ? kNan : 1 - squared_error_ / squared_distance_;
  }
  return kNan;
}

std::optional<ConfusionMatrix> MetricSums::confusion_matrix() const {
  if (!plan_.confusion_matrix) return std::nullopt;
  ConfusionMatrix matrix{.counts = confusion_, .class_accuracy = {}};
  for (int64_t c = 0; c < plan_.class_count; ++c) {
    const auto row = confusion_.begin() + c * plan_.class_count;
    const int64_t examples = std::accumulate(row, row + plan_.class_count, int64_t{0});
    matrix.class_accuracy.push_back(examples == 0 ? kNan : static_cast<double>(row[c]) / static_cast<double>(examples));
  }
  return matrix;
}

}  // namespace trainyard
