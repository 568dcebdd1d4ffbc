#include "server/run/update_job.h"

#include <cstdlib>

#include "core/base/status.h"
#include "google/protobuf/util/field_mask_util.h"
#include "server/run/names.h"

namespace trainyard {
namespace {

constexpr int64_t kMaxPriority = 1000;

}  // namespace

absl::Status CheckPriority(int32_t priority) {
  if (std::abs(int64_t{priority}) <= kMaxPriority) return absl::OkStatus();
  return FieldError("priority", int64_t{priority}, "in -1000..1000");
}

absl::StatusOr<JobUpdate> PlanUpdate(const v1::Job& job, const v1::UpdateJobRequest& request, const SpecCheck& check) {
  RETURN_IF_ERROR(CheckEtag(request.job().etag(), job.etag()));
  if (request.update_mask().paths().empty()) {
    return FieldError("update_mask", "empty",
                      "the paths of the fields to take from job, as spec.optimizer.learning_rate");
  }
  JobUpdate update{
      .display_name = job.display_name(), .labels = job.labels(), .priority = job.priority(), .change = {}};
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
    } else if (const std::string_view in_spec = path; in_spec.starts_with("spec.")) {
      fields.add_paths(std::string(in_spec.substr(5)));
      RETURN_IF_ERROR(CheckSteerable("update_mask", *fields.paths().rbegin()));
    } else {
      return FieldError("update_mask", std::string_view(path),
                        "display_name, labels, priority, or a path into the spec, as spec.optimizer.learning_rate");
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
