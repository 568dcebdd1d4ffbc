// Filters of lists: a job that matches is a job that SQL finds.

#include "server/store/filter.h"

#include <array>

#include "server/store/columns.h"
#include "server/store/database.h"
#include "server/store/filter_sql.h"
#include "tests/fuzz/fuzzing.h"

namespace trainyard::fuzz {
namespace {

constexpr std::array<std::string_view, 5> kFields = {"state", "labels", "dataset", "display_name", "create_time"};

v1::Job MakeJob() {
  v1::Job job;
  job.set_state(v1::STATE_RUNNING);
  job.set_display_name("a");
  job.mutable_spec()->mutable_data()->set_dataset("datasets/iris");
  job.mutable_create_time()->set_seconds(1'769'817'600);  // 2026-01-31
  (*job.mutable_labels())["team"] = "a";
  return job;
}

std::unique_ptr<Connection> StoreWith(const v1::Job& job) {
  auto connection = Connection::Open(":memory:");
  Expect(connection.ok(), "a store in memory opens", std::string(connection.status().ToString()));
  auto insert =
      (*connection)
          ->Prepare(
              "INSERT INTO jobs(key, name, state, display_name, dataset, created, request_id, request_digest, message) "
              "VALUES(1, 'jobs/a', ?, ?, ?, ?, '', '', '')");
  insert->Bind(1, int64_t{job.state()}).Bind(2, std::string_view(job.display_name()));
  insert->Bind(3, std::string_view(job.spec().data().dataset())).Bind(4, ToNanoseconds(job.create_time()));
  Expect(insert->Step().ok(), "a job is inserted");
  Expect((*connection)->Run("INSERT INTO job_labels VALUES(1, 'team', 'a')").ok(), "a label is inserted");
  return std::move(*connection);
}

}  // namespace
}  // namespace trainyard::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  static const v1::Job job = fuzz::MakeJob();
  static const std::unique_ptr<Connection> store = fuzz::StoreWith(job);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<Filter> filter = ParseFilter(text, fuzz::kFields);
  if (!filter.ok()) {
    fuzz::ExpectCode(filter.status(), absl::StatusCode::kInvalidArgument);
    return 0;
  }
  const SqlText condition = ToSql(*filter, "j", "job_labels");
  auto query = store->PrepareOnce("SELECT 1 FROM jobs j WHERE " + condition.text);
  fuzz::Expect(query.ok(), "a filter is SQL", condition.text);
  BindAll(condition, *query);
  const absl::StatusOr<bool> found = query->Step();
  fuzz::Expect(found.ok() && *found == Matches(*filter, job), "SQL finds what matches", text);
  return 0;
}
