#include "server/run/metrics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "tests/server/store/store_fixtures.h"

namespace trainyard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using Points = std::vector<std::pair<int64_t, double>>;

// What GetMetrics chooses, told plainly: of `points`, ascending, the first smallest and the first largest number of each bucket of whole
// cells, or the first NaN of a bucket without numbers; all of them where they are few.
Points Thinned(const Points& points, int64_t first, int64_t last, int max_points) {
  if (points.size() <= static_cast<size_t>(max_points)) return points;
  int64_t cell = 1;
  for (const int64_t longer : {64, 4096}) {
    if ((last - first + 1) / longer >= int64_t{2} * (max_points / 2)) cell = longer;
  }
  const int64_t cells = last / cell - first / cell + 1;
  const int64_t buckets = std::min<int64_t>(max_points / 2, cells);
  std::map<int64_t, Points> by_bucket;
  for (const auto& point : points) by_bucket[(point.first / cell - first / cell) * buckets / cells].push_back(point);
  Points kept;
  for (auto& [bucket, all] : by_bucket) {
    Points numbers;
    std::copy_if(all.begin(), all.end(), std::back_inserter(numbers), [](auto& p) { return !std::isnan(p.second); });
    if (numbers.empty()) numbers = {all.front()};
    const auto by_value = [](const auto& a, const auto& b) { return a.second < b.second; };
    const auto smallest = *std::min_element(numbers.begin(), numbers.end(), by_value);
    const auto largest = *std::max_element(numbers.begin(), numbers.end(), by_value);
    kept.push_back(smallest.first <= largest.first ? smallest : largest);
    if (smallest.first != largest.first) kept.push_back(smallest.first <= largest.first ? largest : smallest);
  }
  return kept;
}

// The bits of the values, so that NaN equals NaN.
std::vector<std::pair<int64_t, uint64_t>> Bits(const Points& points) {
  std::vector<std::pair<int64_t, uint64_t>> bits;
  for (const auto& [step, value] : points) bits.emplace_back(step, std::bit_cast<uint64_t>(value));
  return bits;
}

Points PointsOf(const v1::SeriesPoints& series) {
  Points points;
  for (int i = 0; i < series.steps_size(); ++i) points.emplace_back(series.steps(i), series.values(i));
  return points;
}

class MetricsTest : public EventLogTest {
 protected:
  struct Range {
    std::optional<int64_t> first;
    std::optional<int64_t> last;
    int max_points;
  };

  // Two series: the loss, which is remembered in `losses_`, and one value for the whole chunk.
  void AppendChunk(int64_t first_step, int64_t count, const std::function<double(int64_t)>& loss) {
    v1::Event event;
    event.set_step(first_step);
    event.set_attempt(attempt_);
    v1::MetricChunk& chunk = *event.mutable_metrics();
    chunk.set_first_step(first_step);
    chunk.set_step_count(count);
    v1::MetricColumn& losses = *chunk.add_columns();
    losses.set_series(v1::SERIES_LOSS);
    for (int64_t step = first_step; step < first_step + count; ++step) {
      losses.add_values(loss(step));
      losses_[step] = loss(step);
    }
    v1::MetricColumn& rate = *chunk.add_columns();
    rate.set_series(v1::SERIES_LEARNING_RATE);
    rate.add_values(0.1);
    log_->Append(kJob, std::move(event));
  }
  void AppendEvaluation(int64_t step) {
    v1::Event event;
    event.set_step(step);
    event.set_attempt(attempt_);
    event.mutable_evaluation()->set_step(step);
    log_->Append(kJob, std::move(event));
  }
  void AppendSteps(int64_t first_step, int64_t end_step, const std::function<double(int64_t)>& loss) {
    for (int64_t step = first_step; step < end_step; step += 256)
      AppendChunk(step, std::min<int64_t>(256, end_step - step), loss);
    Drain();
  }
  void BeginAttempt(int64_t step) {
    ++attempt_;
    losses_.erase(losses_.lower_bound(step), losses_.end());
  }

  v1::GetMetricsResponse Metrics(const Range& range, std::vector<v1::Series> series = {}) {
    v1::GetMetricsRequest request;
    if (range.first.has_value()) request.set_first_step(*range.first);
    if (range.last.has_value()) request.set_last_step(*range.last);
    request.set_max_points(range.max_points);
    for (const v1::Series wanted : series) request.add_series(wanted);
    return ReadMetrics(request, kJob, *log_).value();
  }
  v1::GetMetricsResponse MetricsOfEventsAlone(const Range& range) {
    Forget();
    return Metrics(range);
  }
  void Forget() {
    EXPECT_TRUE(queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("DELETE FROM metric_summaries"); }).ok());
  }
  // The plain definition.
  Points Expected(const Range& range) {
    const int64_t first = range.first.value_or(0);
    const int64_t last = std::min(range.last.value_or(losses_.rbegin()->first), losses_.rbegin()->first);
    return Thinned({losses_.lower_bound(first), losses_.upper_bound(last)}, first, last, range.max_points);
  }
  void ExpectPlain(const Range& range) {
    const v1::GetMetricsResponse response = Metrics(range, {v1::SERIES_LOSS});
    ASSERT_EQ(response.series_size(), 1);
    EXPECT_EQ(Bits(PointsOf(response.series(0))), Bits(Expected(range)))
        << range.first.value_or(-1) << " to " << range.last.value_or(-1) << ", " << range.max_points;
  }
  int64_t CountSummaries(int level) {
    const std::unique_ptr<Connection> reader = Connection::Open(folder_.Database()).value();
    return QueryInt(*reader, level == 1 ? "SELECT count(*) FROM metric_summaries WHERE level = 1"
                                        : "SELECT count(*) FROM metric_summaries WHERE level = 2");
  }

  int32_t attempt_ = 1;
  std::map<int64_t, double> losses_;  // by step, those that hold
};

// Values among which many are equal, some infinite, and some, in runs, NaN.
class Noise {
 public:
  explicit Noise(uint32_t seed) : seed_(seed) {}
  double operator()(int64_t step) const {
    const uint64_t hash = (static_cast<uint64_t>(step) + seed_) * 0x9E3779B97F4A7C15 >> 20;
    if (step / 5000 % 3 == 1 || hash % 97 == 0) return kNaN;
    if (hash % 9973 == 0) return hash % 2 == 0 ? kInfinity : -kInfinity;
    return std::sin(static_cast<double>(step) * 1e-4) + static_cast<double>(hash % 64) / 64;
  }

 private:
  uint32_t seed_;
};

// Chunks of 1 to 256 steps, evaluations between them, several attempts, restarts in the middle.
class RandomHistoryTest : public MetricsTest, public testing::WithParamInterface<uint32_t> {
 protected:
  RandomHistoryTest() : random_(GetParam()) {
    int64_t step = 0;
    for (int part = 0; part < 6; ++part) {
      step = AppendSome(step, 60'000 + Draw(60'000));
      if (part % 2 == 0) Reopen();
      if (part % 3 != 1) continue;
      step -= Draw(std::min<int64_t>(step, 40'000));
      BeginAttempt(step);
    }
    step = AppendSome(step, 300'000);
  }
  int64_t Draw(int64_t below) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(below)); }
  int64_t AppendSome(int64_t step, int64_t count) {
    const Noise noise(GetParam() + static_cast<uint32_t>(attempt_));
    for (const int64_t end = step + count; step < end;) {
      const int64_t steps = Draw(8) == 0 ? 1 + Draw(256) : 256;
      AppendChunk(step, steps, noise);
      step += steps;
      if (Draw(40) == 0) AppendEvaluation(step);
    }
    Drain();
    return step;
  }
  std::vector<Range> Ranges() {
    std::vector<Range> ranges;
    for (const int points : {4, 5, 31, 500, 2000, 100'000}) ranges.push_back({{}, {}, points});
    const int64_t end = losses_.rbegin()->first + 1;
    for (int i = 0; i < 30; ++i) {
      const int64_t first = Draw(end);
      ranges.push_back({first, first + Draw(i < 15 ? end : 3000), 4 + static_cast<int>(Draw(100))});
    }
    return ranges;
  }

  std::mt19937 random_;
};

TEST_P(RandomHistoryTest, PointsAreTheExtremaOfEachBucketOfSteps) {
  EXPECT_GT(CountSummaries(1), 0);
  EXPECT_GT(CountSummaries(2), 0);
  for (const Range& range : Ranges()) ExpectPlain(range);
}

TEST_P(RandomHistoryTest, TheAnswerDoesNotDependOnSummaries) {
  const std::vector<Range> ranges = Ranges();
  std::vector<std::string> with_summaries;
  for (const Range& range : ranges) with_summaries.push_back(Metrics(range).SerializeAsString());
  Forget();
  for (size_t i = 0; i < ranges.size(); ++i) EXPECT_EQ(Metrics(ranges[i]).SerializeAsString(), with_summaries[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHistoryTest, testing::Values(1, 2));

double Line(int64_t step) { return static_cast<double>(step); }

TEST_F(MetricsTest, FewStepsComeAsTheyAre) {
  AppendSteps(0, 1000, Line);
  const v1::GetMetricsResponse response = Metrics({{}, {}, 1000});
  ASSERT_EQ(response.series_size(), 2);
  EXPECT_FALSE(response.series(0).thinned());
  EXPECT_EQ(response.series(0).steps_size(), 1000);
}

TEST_F(MetricsTest, StepsOfWhichFewHaveMetricsComeAsTheyAre) {
  AppendSteps(0, 3000, Line);
  AppendSteps(5'000'000, 5'003'000, Line);
  const v1::GetMetricsResponse response = Metrics({{}, {}, 6000}, {v1::SERIES_LOSS});
  EXPECT_FALSE(response.series(0).thinned());
  EXPECT_EQ(PointsOf(response.series(0)), Points(losses_.begin(), losses_.end()));
}

TEST_F(MetricsTest, AGapIsOneWhereTheHistoryIsThinnedToo) {
  AppendSteps(0, 50'000, Line);
  AppendSteps(150'000, 200'000, Line);
  ExpectPlain({{}, {}, 20});
}

TEST_F(MetricsTest, BothEndsAreIncluded) {
  AppendSteps(0, 20'000, Line);
  const v1::GetMetricsResponse response = Metrics({5, 19'000, 4}, {v1::SERIES_LOSS});
  EXPECT_EQ(response.series(0).steps(0), 5);
  EXPECT_EQ(response.series(0).steps().rbegin()[0], 19'000);
}

TEST_F(MetricsTest, WhereNoStepIsWantedThereIsNoSeries) {
  AppendSteps(0, 10'000, Line);
  EXPECT_THAT(Metrics({50'000, {}, 100}).series(), IsEmpty());
  EXPECT_THAT(Metrics({600, 500, 100}).series(), IsEmpty());
  EXPECT_THAT(Metrics({{}, -1, 100}).series(), IsEmpty());
  EXPECT_EQ(Metrics({-100, 10, 100}).series(0).steps_size(), 11);
}

TEST_F(MetricsTest, StepsThatALaterAttemptMadeAnewAreLeftOut) {
  AppendSteps(0, 300'000, Line);
  BeginAttempt(100'000);
  AppendSteps(100'000, 150'000, [](int64_t step) { return -static_cast<double>(step); });
  ExpectPlain({{}, {}, 100});
  EXPECT_LE(Metrics({{}, {}, 100}, {v1::SERIES_LOSS}).series(0).steps().rbegin()[0], 149'999);
}

TEST_F(MetricsTest, EveryEvaluationOfTheStepsWantedComes) {
  for (int64_t step = 0; step < 40'960; step += 256) {
    AppendChunk(step, 256, Line);
    if (step % 8192 == 0) AppendEvaluation(step);
  }
  Drain();
  EXPECT_GT(CountSummaries(1), 0);
  for (const auto& response : {Metrics({8192, 24'576, 4}), MetricsOfEventsAlone({8192, 24'576, 4})}) {
    std::vector<int64_t> steps;
    for (const v1::Evaluation& evaluation : response.evaluations()) steps.push_back(evaluation.step());
    EXPECT_THAT(steps, ElementsAre(8192, 16'384, 24'576));
  }
}

TEST_F(MetricsTest, AnAnswerIsNoLargerThanClientsTake) {
  v1::Event event;
  event.set_attempt(attempt_);
  for (int cell = 0; cell < 100 * 100; ++cell) event.mutable_evaluation()->mutable_confusion_matrix()->add_counts(1000);
  for (int64_t step = 0; step < 400; ++step) {
    event.set_step(step);
    event.mutable_evaluation()->set_step(step);
    log_->Append(kJob, event);
  }
  AppendSteps(0, 200'000, Line);
  const v1::GetMetricsResponse response = Metrics({{}, {}, 100'000}, {v1::SERIES_LOSS, v1::SERIES_LEARNING_RATE});
  EXPECT_EQ(response.series(0).steps_size(), 100'000);
  EXPECT_LT(response.ByteSizeLong(), size_t{4} << 20);
  EXPECT_TRUE(response.evaluations_thinned());
  EXPECT_EQ(response.evaluations().begin()->step(), 0);
  EXPECT_EQ(response.evaluations().rbegin()->step(), 399);

  EXPECT_EQ(Metrics({{}, {}, 100'000}).series(0).steps_size(), 2 * (200'000 / 6 / 2));
  EXPECT_TRUE(Metrics({{}, {}, 100'000}).series(0).thinned());

  EXPECT_FALSE(Metrics({100, 120, 4}).evaluations_thinned());
  EXPECT_EQ(Metrics({100, 120, 4}).evaluations_size(), 21);
}

TEST_F(MetricsTest, EvaluationsOfStepsMadeAnewAreThoseOfTheLaterAttempt) {
  AppendEvaluation(100);
  AppendEvaluation(200);
  AppendSteps(0, 300, Line);
  BeginAttempt(150);
  AppendSteps(150, 180, Line);
  AppendEvaluation(180);
  Drain();
  std::vector<int64_t> steps;
  const std::vector<v1::Evaluation> evaluations = ReadEvaluations(190, kJob, *log_).value();
  for (const v1::Evaluation& evaluation : evaluations) steps.push_back(evaluation.step());
  EXPECT_THAT(steps, ElementsAre(100, 180));
  EXPECT_EQ(ReadEvaluations(179, kJob, *log_)->size(), 1);
}

TEST_F(MetricsTest, AJobWithoutMetricsHasNoSeries) {
  EXPECT_THAT(Metrics({{}, {}, 100}).series(), IsEmpty());
  AppendEvaluation(0);
  Drain();
  EXPECT_THAT(Metrics({{}, {}, 100}).series(), IsEmpty());
  EXPECT_EQ(Metrics({{}, {}, 100}).evaluations_size(), 1);
}

}  // namespace
}  // namespace trainyard
