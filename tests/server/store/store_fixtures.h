// A catalogue and an event log over a database of their own, and what their tests write into them.

#ifndef TRAINYARD_TESTS_SERVER_STORE_STORE_FIXTURES_H_
#define TRAINYARD_TESTS_SERVER_STORE_STORE_FIXTURES_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/store/catalogue.h"
#include "server/store/event_log.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {

class CatalogueTest : public testing::Test {
 protected:
  CatalogueTest()
      : queue_(CommitQueue::Open(folder_.Database()).value()),
        catalogue_(Catalogue::Open(folder_.Database()).value()) {}

  absl::Status Commit(CommitQueue::Change change) { return queue_->CommitDurablyAndWait(std::move(change)); }

  static StoredCheckpoint MakeCheckpoint(std::string file) {
    StoredCheckpoint checkpoint;
    checkpoint.file = std::move(file);
    return checkpoint;
  }
  StoredJob MakeJob(std::string name, v1::State state = v1::STATE_QUEUED) {
    StoredJob stored;
    stored.key = catalogue_->NextJobKey();
    stored.job.set_name(std::move(name));
    stored.job.set_state(state);
    stored.job.mutable_create_time()->set_seconds(1000 + stored.key);
    return stored;
  }
  JobKey InsertJob(const std::string& name, v1::State state = v1::STATE_QUEUED) {
    const StoredJob stored = MakeJob(name, state);
    EXPECT_TRUE(Commit(catalogue_->Insert(stored)).ok());
    return stored.key;
  }
  static Filter Parse(std::string_view text) {
    static constexpr std::array<std::string_view, 5> kFields = {"state", "labels", "dataset", "display_name",
                                                                "create_time"};
    return ParseFilter(text, kFields).value();
  }
  static std::vector<std::string> Names(const CataloguePage<StoredJob>& page) {
    std::vector<std::string> names;
    for (const StoredJob& stored : page.rows) names.push_back(stored.job.name());
    return names;
  }
  std::vector<std::string> JobsThatMatch(std::string_view filter) {
    return Names(catalogue_->ListJobs(Parse(filter), 100, "").value());
  }

  TemporaryFolder folder_;
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<Catalogue> catalogue_;
};

class EventLogTest : public testing::Test {
 protected:
  static constexpr JobKey kJob = 7;

  static v1::Event Step(int64_t step, size_t padding = 0) {
    v1::Event event;
    event.set_step(step);
    event.mutable_warning()->set_message(std::string(padding, 'x'));
    return event;
  }
  static v1::Event Terminal(v1::State state) {
    v1::Event event;
    event.mutable_state_changed()->set_state(state);
    return event;
  }
  static v1::Event Parse(const LogEntry& entry) {
    v1::Event event;
    EXPECT_TRUE(event.ParseFromString(*entry.event));
    return event;
  }

  EventLogTest() { Reopen(); }

  void Reopen(EventLogOptions options = {}) {
    log_.reset();
    queue_.reset();
    queue_ = CommitQueue::Open(folder_.Database()).value();
    log_ = std::make_unique<EventLog>(
        folder_.Database(), *queue_, [] { return absl::FromUnixMillis(1500); }, options);
    EXPECT_TRUE(log_->Load(kJob).ok());
  }
  void Drain() { ASSERT_TRUE(queue_->CommitDurablyAndWait(Nothing).ok()); }
  void AppendSteps(int count, size_t padding = 0) {
    for (int i = 0; i < count; ++i) log_->Append(kJob, Step(i, padding));
    Drain();
  }
  static std::vector<int64_t> Sequences(const LogPage& page) {
    std::vector<int64_t> sequences;
    for (const LogEntry& entry : page.entries) sequences.push_back(entry.sequence);
    return sequences;
  }

  TemporaryFolder folder_;
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<EventLog> log_;
};

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_SERVER_STORE_STORE_FIXTURES_H_
