#include "server/store/event_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

bool IsTerminal(const v1::Event& event) {
  if (!event.has_state_changed()) return false;
  const v1::State state = event.state_changed().state();
  return state == v1::STATE_SUCCEEDED || state == v1::STATE_FAILED || state == v1::STATE_CANCELLED;
}

void SetTime(absl::Time time, v1::Event* event) {
  const absl::Duration since_1970 = time - absl::UnixEpoch();
  absl::Duration rest;
  event->mutable_time()->set_seconds(absl::IDivDuration(since_1970, absl::Seconds(1), &rest));
  event->mutable_time()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
}

// One event on its way into the database, with the summaries that it completes.
struct Row {
  JobKey job;
  int64_t sequence;
  int32_t attempt;
  int kind;  // the field number of Event's oneof
  std::shared_ptr<const std::string> payload;
  std::vector<MetricSummary> summaries;
};

absl::Status Insert(Connection& connection, const Row& row) {
  ASSIGN_OR_RETURN(Statement insert,
                   connection.Prepare("INSERT INTO events(job, seq, attempt, kind, payload) VALUES(?, ?, ?, ?, ?)"));
  insert.Bind(1, row.job).Bind(2, row.sequence).Bind(3, int64_t{row.attempt}).Bind(4, int64_t{row.kind});
  return insert.BindBlob(5, *row.payload).Step().status();
}

absl::Status InsertSummary(Connection& connection, JobKey job, const MetricSummary& summary) {
  ASSIGN_OR_RETURN(
      Statement insert,
      connection.Prepare("INSERT INTO metric_summaries(job, level, first_seq, last_seq, attempt, least_event_step,"
                         " first_step, end_step, content) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  const std::string content = EncodeContent(summary);
  insert.Bind(1, job).Bind(2, int64_t{summary.level}).Bind(3, summary.first_sequence).Bind(4, summary.last_sequence);
  insert.Bind(5, int64_t{summary.attempt}).Bind(6, summary.least_event_step);
  return insert.Bind(7, summary.first_step).Bind(8, summary.end_step).BindBlob(9, content).Step().status();
}

absl::StatusOr<MetricSummary> ReadSummary(int level, const Statement& row) {
  MetricSummary summary{.level = level,
                        .first_sequence = row.Int(0),
                        .last_sequence = row.Int(1),
                        .attempt = static_cast<int32_t>(row.Int(2)),
                        .least_event_step = row.Int(3),
                        .others = {},
                        .first_step = row.Int(4),
                        .end_step = row.Int(5),
                        .columns = {}};
  RETURN_IF_ERROR(DecodeContent(row.Blob(6), &summary));
  return summary;
}

absl::Status InsertAll(Connection& connection, const Row& row) {
  RETURN_IF_ERROR(Insert(connection, row));
  for (const MetricSummary& summary : row.summaries) RETURN_IF_ERROR(InsertSummary(connection, row.job, summary));
  return absl::OkStatus();
}

absl::Status Write(Connection& connection, const Row& row, JobTail& tail, CommitQueue::Change& with) {
  RETURN_IF_ERROR(tail.MayWrite(row.sequence));
  absl::Status status = InsertAll(connection, row);
  if (status.ok() && with) status = with(connection);
  if (!status.ok()) tail.CouldNotWrite(row.sequence);
  return status;
}

}  // namespace

EventLog::EventLog(const std::string& database_path, CommitQueue& queue, Clock clock, EventLogOptions options)
    : queue_(queue),
      clock_(std::move(clock)),
      readers_(database_path),
      shared_(std::make_shared<Shared>(options.memory_budget)) {}

EventLog::~EventLog() { shared_->news.Stop(); }

absl::Status EventLog::Load(JobKey job) const {
  const std::shared_ptr<JobTail> tail = shared_->tails.Get(job);
  if (tail->loaded()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const LogRange range, ReadRange(job));
  tail->Load(range);
  return absl::OkStatus();
}

int64_t EventLog::Append(JobKey job, v1::Event event, CommitQueue::Change with, CommitQueue::Told committed) {
  return Enqueue(job, std::move(event), std::move(with), std::move(committed), nullptr);
}

int64_t EventLog::AppendDurably(JobKey job, v1::Event event, CommitQueue::Change with, CommitQueue::Told durable,
                                CommitQueue::Told committed) {
  return Enqueue(job, std::move(event), std::move(with), std::move(committed), std::move(durable));
}

int64_t EventLog::Enqueue(JobKey job, v1::Event event, CommitQueue::Change with, CommitQueue::Told committed,
                          CommitQueue::Told durable) {
  if (!event.has_time()) SetTime(clock_(), &event);
  const bool terminal = IsTerminal(event);
  const std::shared_ptr<JobTail> tail = shared_->tails.Get(job);
  const absl::StatusOr<int64_t> number = tail->Number(terminal, [&](int64_t sequence, Summarizer& summarizer) {
    event.set_sequence(sequence);
    const auto payload = std::make_shared<const std::string>(event.SerializeAsString());
    const auto bytes = static_cast<int64_t>(payload->size());
    CommitQueue::Change write = [tail, with = std::move(with),
                                 row = Row{.job = job,
                                           .sequence = sequence,
                                           .attempt = event.attempt(),
                                           .kind = event.kind_case(),
                                           .payload = payload,
                                           .summaries = summarizer.Add(event)}](Connection& connection) mutable {
      return Write(connection, row, *tail, with);
    };
    CommitQueue::Told publish = [job, sequence, tail, terminal, bytes, shared = shared_,
                                 entry = LogEntry{sequence, payload},
                                 committed = std::move(committed)](absl::Status status) mutable {
      if (status.ok()) {
        shared->tails.Grew(job, tail->Committed(std::move(entry), terminal));
        shared->news.Publish(job, sequence);
      } else {
        tail->Dropped(bytes);
      }
      if (committed) committed(std::move(status));
    };
    queue_.CommitDurably(std::move(write), std::move(durable), std::move(publish));
    return bytes;
  });
  if (number.ok()) return *number;
  queue_.CommitDurably([status = number.status()](Connection&) { return status; }, std::move(durable),
                       std::move(committed));
  return 0;
}

absl::StatusOr<std::optional<LogPage>> EventLog::ReadFromMemory(JobKey job, int64_t from, int limit) const {
  const std::shared_ptr<JobTail> tail = shared_->tails.Find(job);
  if (tail == nullptr) return std::nullopt;
  return tail->Read(from, limit);
}

absl::StatusOr<LogPage> EventLog::Read(JobKey job, int64_t from, int limit) const {
  RETURN_IF_ERROR(Load(job));
  const std::shared_ptr<JobTail> tail = shared_->tails.Get(job);
  ASSIGN_OR_RETURN(std::optional<LogPage> page, tail->Read(from, limit));
  if (page.has_value()) return *std::move(page);
  return ReadFromDisk(job, tail->range().value_or(LogRange()), from, limit);
}

absl::StatusOr<LogRange> EventLog::ReadRange(JobKey job) const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  LogRange range;
  ASSIGN_OR_RETURN(Statement newest,
                   reader->Prepare("SELECT seq, payload FROM events WHERE job = ? ORDER BY seq DESC LIMIT 1"));
  ASSIGN_OR_RETURN(const bool has_events, newest.Bind(1, job).Step());
  if (!has_events) return range;
  range.newest = newest.Int(0);
  v1::Event event;
  if (!event.ParseFromArray(newest.Blob(1).data(), static_cast<int>(newest.Blob(1).size()))) {
    return absl::DataLossError(absl::StrCat("event ", range.newest, " of job ", job, " cannot be read"));
  }
  range.ended = IsTerminal(event);
  ASSIGN_OR_RETURN(Statement oldest, reader->Prepare("SELECT seq FROM events WHERE job = ? ORDER BY seq LIMIT 1"));
  ASSIGN_OR_RETURN(const bool found, oldest.Bind(1, job).Step());
  if (found) range.oldest = oldest.Int(0);
  return range;
}

absl::StatusOr<LogPage> EventLog::ReadFromDisk(JobKey job, const LogRange& range, int64_t from, int limit) const {
  RETURN_IF_ERROR(CheckCursor(range, from));
  LogPage page{.entries = {}, .oldest = range.oldest, .newest = range.newest, .ended = range.ended};
  const int64_t count = std::min<int64_t>(std::max(limit, 0), range.newest - from + 1);
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select,
                   reader->Prepare("SELECT seq, payload FROM events WHERE job = ? AND seq >= ? ORDER BY seq LIMIT ?"));
  select.Bind(1, job).Bind(2, from).Bind(3, count);
  int64_t bytes = 0;
  while (true) {
    ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) break;
    const int64_t expected = from + static_cast<int64_t>(page.entries.size());
    if (select.Int(0) != expected) break;
    bytes += static_cast<int64_t>(select.Blob(1).size());
    if (bytes > kMostPageBytes && !page.entries.empty()) break;
    page.entries.push_back({expected, std::make_shared<const std::string>(select.Blob(1))});
  }
  if (page.entries.empty() && count > 0) {
    return absl::NotFoundError(absl::StrCat("event ", from, " is gone: the job's log is being deleted"));
  }
  return page;
}

absl::StatusOr<std::vector<LogEntry>> EventLog::ReadSome(JobKey job, std::span<const int64_t> sequences) const {
  std::vector<LogEntry> entries;
  if (sequences.empty()) return entries;
  const std::string asked = absl::StrCat("[", absl::StrJoin(sequences, ","), "]");
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select,
                   reader->Prepare("SELECT events.seq, events.payload FROM json_each(?) asked CROSS JOIN events"
                                   " WHERE events.job = ? AND events.seq = asked.value"));
  select.Bind(1, std::string_view(asked)).Bind(2, job);
  while (true) {
    ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return entries;
    entries.push_back({select.Int(0), std::make_shared<const std::string>(select.Blob(1))});
  }
}

absl::StatusOr<std::vector<MetricSummary>> EventLog::Summaries(JobKey job, int level, int64_t first_sequence,
                                                               int64_t last_sequence) const {
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(
      Statement select,
      reader->Prepare("SELECT first_seq, last_seq, attempt, least_event_step, first_step, end_step, content"
                      " FROM metric_summaries WHERE job = ? AND level = ? AND first_seq BETWEEN ? AND ?"
                      " AND last_seq <= ? ORDER BY first_seq"));
  select.Bind(1, job).Bind(2, int64_t{level}).Bind(3, first_sequence).Bind(4, last_sequence).Bind(5, last_sequence);
  std::vector<MetricSummary> summaries;
  while (true) {
    ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) return summaries;
    ASSIGN_OR_RETURN(MetricSummary summary, ReadSummary(level, select));
    summaries.push_back(std::move(summary));
  }
}

absl::StatusOr<std::vector<int64_t>> EventLog::Newest(std::span<const JobKey> jobs) const {
  std::vector<int64_t> newest(jobs.size());
  std::vector<size_t> places;  // of the jobs to ask the database for
  std::vector<JobKey> asked;
  for (size_t i = 0; i < jobs.size(); ++i) {
    const std::shared_ptr<JobTail> tail = shared_->tails.Find(jobs[i]);
    const std::optional<LogRange> range = tail == nullptr ? std::nullopt : tail->range();
    if (range.has_value()) {
      newest[i] = range->newest;
    } else {
      places.push_back(i);
      asked.push_back(jobs[i]);
    }
  }
  if (asked.empty()) return newest;
  const std::string keys = absl::StrCat("[", absl::StrJoin(asked, ","), "]");
  ASSIGN_OR_RETURN(const ReadPool::Lease reader, readers_.Take());
  ASSIGN_OR_RETURN(Statement select,
                   reader->Prepare("SELECT (SELECT seq FROM events WHERE job = asked.value ORDER BY seq DESC LIMIT 1)"
                                   " FROM json_each(?) asked ORDER BY asked.key"));
  select.Bind(1, std::string_view(keys));
  for (const size_t place : places) {
    ASSIGN_OR_RETURN(const bool found, select.Step());
    if (found) newest[place] = select.Int(0);  // 0: NULL
  }
  return newest;
}

int64_t EventLog::UncommittedBytes(JobKey job) const {
  const std::shared_ptr<JobTail> tail = shared_->tails.Find(job);
  return tail == nullptr ? 0 : tail->uncommitted_bytes();
}

void EventLog::Subscribe(std::optional<JobKey> job, std::shared_ptr<LogObserver> observer) {
  shared_->news.Subscribe(job, std::move(observer));
}

void EventLog::Unsubscribe(const LogObserver* observer) { shared_->news.Unsubscribe(observer); }

void EventLog::Forget(JobKey job) {
  shared_->tails.Erase(job);
  shared_->news.Publish(job, 0);
}

}  // namespace trainyard
