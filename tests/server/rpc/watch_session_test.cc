// Which jobs a stream may have, and what it makes of those that are deleted meanwhile.

#include "server/rpc/watch_session.h"

#include <atomic>
#include <thread>

#include "gmock/gmock.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "tests/server/run/all_tables.h"
#include "tests/server/run/next_server.h"

namespace trainyard {
namespace {

using testing::Each;

// What a session gives to gRPC; a message stays on its way until the test says that it has arrived.
class KeptStream final : public WatchSession::Stream {
 public:
  // Nullopt: the stream has ended.
  std::optional<v1::WatchResponse> Next() {
    absl::MutexLock lock(&mutex_);
    const auto has_come = [this] { return message_.has_value() || status_.has_value(); };
    mutex_.Await(absl::Condition(&has_come));
    return std::exchange(message_, std::nullopt);
  }
  grpc::StatusCode code() const {
    absl::MutexLock lock(&mutex_);
    return status_.value().error_code();
  }

 private:
  void Write(grpc::ByteBuffer message) override {
    absl::MutexLock lock(&mutex_);
    using Traits = grpc::SerializationTraits<v1::WatchResponse>;
    EXPECT_TRUE(Traits::Deserialize(&message, &message_.emplace()).ok());
  }
  void Finish(grpc::Status status) override {
    absl::MutexLock lock(&mutex_);
    status_ = std::move(status);
  }
  void Cancel() override {}

  mutable absl::Mutex mutex_;
  std::optional<v1::WatchResponse> message_ ABSL_GUARDED_BY(mutex_);
  std::optional<grpc::Status> status_ ABSL_GUARDED_BY(mutex_);
};

// Keeps the log's thread from telling anybody that a job is deleted, until it is let go.
class HeldNews final : public LogObserver {
 public:
  void OnNews(JobKey, int64_t newest) override {
    if (newest > 0) return;
    absl::MutexLock lock(&mutex_);
    deleted_ = true;
    mutex_.Await(absl::Condition(&let_go_));
  }
  void AwaitDeletion() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&deleted_));
  }
  void LetGo() {
    absl::MutexLock lock(&mutex_);
    let_go_ = true;
  }

 private:
  absl::Mutex mutex_;
  bool deleted_ ABSL_GUARDED_BY(mutex_) = false;
  bool let_go_ ABSL_GUARDED_BY(mutex_) = false;
};

class WatchSessionTest : public AllTables {
 protected:
  WatchSessionTest() { EXPECT_TRUE(Commit(Upload("datasets/iris")).ok()); }

  // One that has ended, with an event for each step at least.
  std::string EndedJob(int64_t steps) {
    v1::CreateJobRequest request;
    v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
    spec.mutable_data()->set_dataset("datasets/iris");
    spec.mutable_data()->set_validation_fraction(0.2);
    spec.mutable_evaluation()->set_every_steps(1);
    spec.mutable_budget()->set_steps(steps);
    return AwaitEnd(jobs_->Create(request, Caller())->name()).name();
  }

  absl::Status Delete(const std::string& name) {
    v1::DeleteJobRequest request;
    request.set_name(name);
    return jobs_->Delete(request);
  }

  static v1::WatchTarget Target(const std::string& job) {
    v1::WatchTarget target;
    target.set_job(job);
    return target;
  }

  std::shared_ptr<WatchSession> Watch(const std::vector<v1::WatchTarget>& targets, KeptStream& stream) {
    v1::WatchRequest request;
    for (const v1::WatchTarget& target : targets) *request.add_targets() = target;
    const auto session = std::make_shared<WatchSession>(WatchServices{*jobs_, log_, watching_, table_}, Admission(),
                                                        std::move(request), &stream);
    session->Start();
    return session;
  }

  // Opens a stream of all jobs, and returns how it ended by the time that it had caught up; OK: it goes on.
  grpc::StatusCode CatchUp() {
    KeptStream stream;
    const std::shared_ptr<WatchSession> session = Watch({Target("jobs/-")}, stream);
    while (true) {
      const std::optional<v1::WatchResponse> response = stream.Next();
      const grpc::StatusCode code = response.has_value() ? grpc::StatusCode::OK : stream.code();
      if (!response.has_value() || response->has_heartbeat()) {
        session->OnDone();
        return code;
      }
      session->OnWriteDone(true);
    }
  }

  // The next message with an event, or the end.
  static std::optional<v1::WatchResponse> NextEvents(WatchSession& session, KeptStream& stream) {
    while (true) {
      std::optional<v1::WatchResponse> response = stream.Next();
      if (!response.has_value()) return response;
      session.OnWriteDone(true);
      if (response->events_size() > 0) return response;
    }
  }

  // How a stream of these is refused.
  grpc::StatusCode Refusal(const std::vector<v1::WatchTarget>& targets) {
    KeptStream stream;
    const std::shared_ptr<WatchSession> session = Watch(targets, stream);
    const bool refused = !stream.Next().has_value();
    session->OnDone();
    return refused ? stream.code() : grpc::StatusCode::OK;
  }

  // The stream's answer once the rest of a job that it has begun is gone, while nothing has told it of that yet.
  std::optional<v1::WatchResponse> NextAfterDeletion(const std::string& target, KeptStream& stream) {
    const std::string name = EndedJob(200);
    const auto news = std::make_shared<HeldNews>();
    log_.Subscribe(std::nullopt, news);
    const std::shared_ptr<WatchSession> session = Watch({Target(target.empty() ? name : target)}, stream);
    EXPECT_GT(stream.Next()->events_size(), 0);
    EXPECT_TRUE(Delete(name).ok());
    news->AwaitDeletion();
    session->OnWriteDone(true);
    std::optional<v1::WatchResponse> next = stream.Next();
    session->OnDone();
    news->LetGo();
    log_.Unsubscribe(news.get());
    return next;
  }

  WatchTable table_{10};
  WorkerPool watching_{1};
};

TEST_F(WatchSessionTest, AllJobsCanBeWatchedWhileSomeAreBeingDeleted) {
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) names.push_back(EndedJob(1));
  std::atomic<bool> deleted = false;
  std::thread deleting([&] {
    for (const std::string& name : names) EXPECT_TRUE(Delete(name).ok());
    deleted = true;
  });
  std::vector<grpc::StatusCode> codes;
  while (!deleted) codes.push_back(CatchUp());
  deleting.join();
  EXPECT_THAT(codes, Each(grpc::StatusCode::OK));
}

TEST_F(WatchSessionTest, AJobIsNamedOnceOrEachTimeAlike) {
  const v1::WatchTarget whole = Target(EndedJob(1));
  v1::WatchTarget rest = whole;
  rest.set_from_sequence(2);
  const v1::WatchTarget all = Target("jobs/-");
  v1::WatchTarget some = all;
  some.set_filter("display_name = \"some\"");
  EXPECT_EQ(Refusal({whole, all}), grpc::StatusCode::OK);
  EXPECT_EQ(Refusal({whole, whole}), grpc::StatusCode::OK);
  EXPECT_EQ(Refusal({whole, rest}), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Refusal({all, all}), grpc::StatusCode::OK);
  EXPECT_EQ(Refusal({all, some}), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(WatchSessionTest, EachOfAllJobsBeginsWithTheNumberAskedFor) {
  const std::string former = EndedJob(1);
  KeptStream stream;
  v1::WatchTarget all = Target("jobs/-");
  all.set_from_sequence(3);
  const std::shared_ptr<WatchSession> session = Watch({all}, stream);
  const std::optional<v1::WatchResponse> first = NextEvents(*session, stream);
  ASSERT_TRUE(first.has_value()) << stream.code();
  EXPECT_EQ(first->events(0).job(), former);
  EXPECT_EQ(first->events(0).sequence(), 3);
  const std::string later = EndedJob(1);
  std::optional<v1::WatchResponse> next;
  do {
    next = NextEvents(*session, stream);
    ASSERT_TRUE(next.has_value()) << stream.code();
  } while (next->events(0).job() != later);
  EXPECT_EQ(next->events(0).sequence(), 3);
  session->OnDone();
}

TEST_F(WatchSessionTest, OfAllJobsOneThatEndsBeforeTheNumberAskedForLeavesTheStream) {
  const std::string name = jobs_->Create(EndlessJob(), Caller())->name();
  KeptStream stream;
  v1::WatchTarget all = Target("jobs/-");
  all.set_from_sequence(int64_t{1} << 40);
  const std::shared_ptr<WatchSession> session = Watch({all}, stream);
  EXPECT_EQ(stream.Next()->heartbeat().newest_size(), 1);
  session->OnWriteDone(true);
  ASSERT_TRUE(jobs_->Cancel(name).ok());
  const absl::Time latest = absl::Now() + absl::Seconds(30);
  int listed = 1;
  while (listed > 0 && absl::Now() < latest) {
    session->Tick(absl::InfiniteFuture());
    const std::optional<v1::WatchResponse> heartbeat = stream.Next();
    ASSERT_TRUE(heartbeat.has_value()) << stream.code();
    EXPECT_EQ(heartbeat->events_size(), 0);
    listed = heartbeat->heartbeat().newest_size();
    session->OnWriteDone(true);
  }
  EXPECT_EQ(listed, 0);
  session->OnDone();
}

TEST_F(WatchSessionTest, AStreamOfAllJobsOutlivesTheLogOfOne) {
  KeptStream stream;
  const std::optional<v1::WatchResponse> next = NextAfterDeletion("jobs/-", stream);
  ASSERT_TRUE(next.has_value()) << stream.code();
  EXPECT_TRUE(next->has_heartbeat());
  EXPECT_EQ(next->heartbeat().newest_size(), 0);
}

TEST_F(WatchSessionTest, ANamedJobWhoseLogIsGoneIsNotFound) {
  KeptStream stream;
  EXPECT_FALSE(NextAfterDeletion("", stream).has_value());
  EXPECT_EQ(stream.code(), grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace trainyard
