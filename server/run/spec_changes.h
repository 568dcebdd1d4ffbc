// Changes of a job's spec: which fields may change, and what the spec is when some have.

#ifndef TRAINYARD_SERVER_RUN_SPEC_CHANGES_H_
#define TRAINYARD_SERVER_RUN_SPEC_CHANGES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/train/steered_trainer.h"
#include "google/protobuf/field_mask.pb.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {

// That a job takes, whether from CreateJob or from UpdateJob.
inline constexpr int kMaxChanges = 1000;

// Everything that CreateJob checks of a spec.
using SpecCheck = std::function<absl::StatusOr<CheckedRun>(const v1::JobSpec& spec)>;

// Whether `path`, from the spec on, names something that may change while a job runs, or differ in a fork.
// INVALID_ARGUMENT: a FieldError on `field`, whose value the user wrote as `written`.
absl::Status CheckSteerable(const std::string& path, std::string_view field, std::string_view written);
absl::Status CheckForkable(const std::string& path, std::string_view field, std::string_view written);

// `spec` with these fields taken from `given`; cleared where it has none.
v1::JobSpec MergeFields(v1::JobSpec spec, const v1::JobSpec& given, const google::protobuf::FieldMask& fields);

// The spec after the first `count` changes of the job.
v1::JobSpec SpecAfter(const v1::Job& job, int64_t count);

// Fills in `current_spec` where the job has changes.
void NoteCurrentSpec(v1::Job& job);

// A change of which it is known that it fits the run.
struct PlannedChange {
  v1::SpecChange change;  // without its step
  CheckedRun run;         // after it
};

// Takes `fields` from `given`. nullopt: they have these values already.
// INVALID_ARGUMENT: another update rule, or what the check says; a FieldError with the path from the spec on.
absl::StatusOr<std::optional<PlannedChange>> PlanChange(const v1::JobSpec& spec, const v1::JobSpec& given,
                                                        const google::protobuf::FieldMask& fields,
                                                        const SpecCheck& check);

// The changes of a job that is to be: as the job keeps them, and as its trainer takes them. Their steps ascend from 0.
// INVALID_ARGUMENT: a FieldError with the path from the job on. RESOURCE_EXHAUSTED: TOO_MANY_CHANGES, or as CheckRun.
struct PlannedChanges {
  std::vector<v1::SpecChange> changes;
  std::vector<OptionsChange> options;
  int64_t memory_bytes = 0;  // that the run takes at most after any of them
};
absl::StatusOr<PlannedChanges> PlanChanges(const v1::Job& job, const SpecCheck& check);

// RESOURCE_EXHAUSTED (TOO_MANY_CHANGES)
absl::Status CheckChangeCount(int count);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_SPEC_CHANGES_H_
