#include "server/run/update_job.h"

#include <cstdlib>

#include "absl/time/clock.h"
#include "core/base/status.h"
#include "google/protobuf/util/time_util.h"
#include "server/run/names.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

using google::protobuf::util::TimeUtil;

constexpr int64_t kMaxPriority = 1000;

}  // namespace

absl::Status CheckPriority(int32_t priority) {
  if (std::abs(int64_t{priority}) <= kMaxPriority) return absl::OkStatus();
  return FieldError("priority", int64_t{priority}, "in -1000..1000");
}

absl::Status CheckDeadline(const google::protobuf::Timestamp& deadline, absl::Time now) {
  const bool legal = deadline.seconds() >= TimeUtil::kTimestampMinSeconds &&
                     deadline.seconds() <= TimeUtil::kTimestampMaxSeconds && deadline.nanos() >= 0 &&
                     deadline.nanos() < 1'000'000'000;
  if (legal && FromProto(deadline) > now) return absl::OkStatus();
  return FieldError("deadline", legal ? TimeUtil::ToString(deadline) : "not a time", "in the future");
}

absl::StatusOr<JobUpdate> PlanUpdate(const v1::Job& job, const v1::UpdateJobRequest& request, const SpecCheck& check) {
  RETURN_IF_ERROR(CheckEtag(request.job().etag(), job.etag()));
  if (request.update_mask().paths().empty()) {
    return FieldError("update_mask", "empty",
                      "the paths of the fields to take from job, as spec.optimizer.learning_rate");
  }
  JobUpdate update{.display_name = job.display_name(),
                   .labels = job.labels(),
                   .priority = job.priority(),
                   .deadline = job.has_deadline() ? std::optional(job.deadline()) : std::nullopt,
                   .change = {}};
  google::protobuf::FieldMask fields;
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "display_name") {
      RETURN_IF_ERROR(InField("job", CheckDisplayName(request.job().display_name())));
      update.display_name = request.job().display_name();
    } else if (path == "labels") {
      RETURN_IF_ERROR(InField("job", CheckLabels(request.job().labels())));
      update.labels = request.job().labels();
    } else if (path == "priority") {
      RETURN_IF_ERROR(InField("job", CheckPriority(request.job().priority())));
      update.priority = request.job().priority();
    } else if (path == "deadline") {
      update.deadline.reset();
      if (!request.job().has_deadline()) continue;
      RETURN_IF_ERROR(InField("job", CheckDeadline(request.job().deadline(), absl::Now())));
      update.deadline = request.job().deadline();
    } else if (const std::string_view in_spec = path; in_spec.starts_with("spec.")) {
      fields.add_paths(std::string(in_spec.substr(5)));
      RETURN_IF_ERROR(CheckSteerable(*fields.paths().rbegin(), "update_mask", path));
    } else {
      return FieldError(
          "update_mask", std::string_view(path),
          "display_name, labels, priority, deadline, or a path into the spec, as spec.optimizer.learning_rate");
    }
  }
  if (fields.paths().empty()) return update;
  absl::StatusOr<std::optional<PlannedChange>> change =
      PlanChange(SpecAfter(job, job.changes_size()), request.job().spec(), fields, check);
  RETURN_IF_ERROR(change.status());
  if (change->has_value()) RETURN_IF_ERROR(CheckChangeCount(job.changes_size() + 1));
  update.change = *std::move(change);
  return update;
}

}  // namespace trainyard
