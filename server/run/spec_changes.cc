#include "server/run/spec_changes.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "google/protobuf/util/field_mask_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/wire/spec.h"

namespace trainyard {
namespace {

using google::protobuf::FieldMask;
using google::protobuf::util::FieldMaskUtil;
using google::protobuf::util::MessageDifferencer;

constexpr std::array<std::string_view, 6> kSteerable = {"optimizer.learning_rate", "optimizer.schedule",
                                                        "optimizer.momentum",      "optimizer.nesterov",
                                                        "optimizer.clipping",      "budget"};
constexpr std::array<std::string_view, 7> kSameInAFork = {"seed",           "data",          "network",   "precision",
                                                          "initialization", "initial_state", "warm_start"};

bool LiesIn(std::string_view path, std::string_view field) {
  return path.starts_with(field) && (path.size() == field.size() || path[field.size()] == '.');
}

FieldMask MaskOf(const std::string& path) {
  FieldMask mask;
  mask.add_paths(path);
  return mask;
}

std::string Listed(std::span<const std::string_view> fields) {
  return absl::StrJoin(fields, ", ", [](std::string* out, std::string_view field) { out->append(field); });
}

v1::JobSpec OnlyFields(const v1::JobSpec& spec, const FieldMask& fields) {
  return MergeFields(v1::JobSpec(), spec, fields);
}

absl::Status CheckSameRule(const v1::JobSpec& spec, const TrainingOptions& now) {
  ASSIGN_OR_RETURN(const TrainingOptions then, FromProto(spec));
  if (then.optimizer.rule.index() == now.optimizer.rule.index()) return absl::OkStatus();
  return FieldError("optimizer", "another update rule", "the job's own rule; a fork may have another");
}

}  // namespace

absl::Status CheckSteerable(const std::string& path, std::string_view field, std::string_view written) {
  const bool listed =
      std::any_of(kSteerable.begin(), kSteerable.end(), [&path](std::string_view part) { return LiesIn(path, part); });
  if (listed && FieldMaskUtil::IsValidPath<v1::JobSpec>(path)) return absl::OkStatus();
  return FieldError(field, written,
                    absl::StrCat("a path in ", Listed(kSteerable),
                                 "; nothing else of a spec may change while a job runs, but in a fork"));
}

absl::Status CheckForkable(const std::string& path, std::string_view field, std::string_view written) {
  const bool same = std::any_of(kSameInAFork.begin(), kSameInAFork.end(),
                                [&path](std::string_view part) { return LiesIn(path, part); });
  if (!same && FieldMaskUtil::IsValidPath<v1::JobSpec>(path)) return absl::OkStatus();
  return FieldError(
      field, written,
      absl::StrCat("a path in the spec, but none in ", Listed(kSameInAFork),
                   ", which a fork has from its source; warm_start takes parameters over into another network"));
}

v1::JobSpec MergeFields(v1::JobSpec spec, const v1::JobSpec& given, const FieldMask& fields) {
  FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  FieldMaskUtil::MergeMessageTo(given, fields, options, &spec);
  return spec;
}

v1::JobSpec SpecAfter(const v1::Job& job, int64_t count) {
  v1::JobSpec spec = job.spec();
  for (int i = 0; i < std::min<int64_t>(count, job.changes_size()); ++i) {
    spec = MergeFields(std::move(spec), job.changes(i).spec(), job.changes(i).fields());
  }
  return spec;
}

void NoteCurrentSpec(v1::Job& job) {
  job.clear_current_spec();
  if (!job.changes().empty()) *job.mutable_current_spec() = SpecAfter(job, job.changes_size());
}

absl::StatusOr<std::optional<PlannedChange>> PlanChange(const v1::JobSpec& spec, const v1::JobSpec& given,
                                                        const FieldMask& fields, const SpecCheck& check) {
  ASSIGN_OR_RETURN(CheckedRun run, check(MergeFields(spec, given, fields)));
  RETURN_IF_ERROR(CheckSameRule(spec, run.options));
  const v1::JobSpec now = ToProto(run.options);
  PlannedChange planned{.change = {}, .run = std::move(run)};
  for (const std::string& path : fields.paths()) {
    const FieldMask field = MaskOf(path);
    if (MessageDifferencer::Equals(OnlyFields(spec, field), OnlyFields(now, field))) continue;
    planned.change.mutable_fields()->add_paths(path);
  }
  if (planned.change.fields().paths().empty()) return std::optional<PlannedChange>();
  *planned.change.mutable_previous() = OnlyFields(spec, planned.change.fields());
  *planned.change.mutable_spec() = OnlyFields(now, planned.change.fields());
  return std::optional<PlannedChange>(std::move(planned));
}

absl::Status CheckChangeCount(int count) {
  if (count <= kMaxChanges) return absl::OkStatus();
  return WithReason(absl::ResourceExhaustedError(absl::StrCat("a job takes at most ", kMaxChanges,
                                                              " changes of its spec; fork it to go on changing it")),
                    "TOO_MANY_CHANGES");
}

absl::StatusOr<PlannedChanges> PlanChanges(const v1::Job& job, const SpecCheck& check) {
  RETURN_IF_ERROR(CheckChangeCount(job.changes_size()));
  PlannedChanges planned;
  v1::JobSpec spec = job.spec();
  std::pair<int64_t, int64_t> reached(0, 0);  // roll-backs and step
  for (int i = 0; i < job.changes_size(); ++i) {
    const v1::SpecChange& change = job.changes(i);
    const std::string field = absl::StrCat("changes[", i, "]");
    const std::pair<int64_t, int64_t> at(change.roll_backs(), change.step());
    if (at.second < 0 || at < reached) {
      return InField(field, FieldError("step", change.step(),
                                       absl::StrCat("at least ", at.first > reached.first ? 0 : reached.second,
                                                    ": changes stand in the order of roll-backs and steps")));
    }
    reached = at;
    for (const std::string& path : change.fields().paths()) {
      RETURN_IF_ERROR(InField(field, CheckSteerable(path, "fields", path)));
    }
    absl::StatusOr<std::optional<PlannedChange>> one = PlanChange(spec, change.spec(), change.fields(), check);
    if (!one.ok()) return InField(absl::StrCat(field, ".spec"), one.status());
    if (!one->has_value()) continue;
    PlannedChange& made = **one;
    made.change.set_step(change.step());
    made.change.set_roll_backs(change.roll_backs());
    spec = MergeFields(std::move(spec), made.change.spec(), made.change.fields());
    planned.memory_bytes = std::max(planned.memory_bytes, made.run.memory_bytes);
    planned.changes.push_back(std::move(made.change));
    planned.options.push_back(
        {.step = change.step(), .roll_backs = change.roll_backs(), .options = std::move(made.run.options)});
  }
  return planned;
}

}  // namespace trainyard
