// `job update` and `job fork`: what differs from a job as it is.

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/field_mask.h"
#include "client/cli/follow_job.h"
#include "client/cli/json.h"
#include "client/cli/names.h"
#include "client/cli/text.h"
#include "client/cli/train_flags.h"
#include "client/cli/train_options.h"
#include "client/cpp/call_again.h"
#include "client/cpp/status_macros.h"

namespace trainyard::cli {
namespace {

struct ChangeFlags {
  std::string name;
  TrainFlags train;
  std::optional<int64_t> from;
};

absl::StatusOr<v1::Job> GetJob(client::Client& client, const std::string& name) {
  v1::GetJobRequest request;
  request.set_name(JobName(name));
  return client::Call(client.jobs(), &v1::JobService::Stub::GetJob, request);
}

const v1::JobSpec& SpecNow(const v1::Job& job) { return job.has_current_spec() ? job.current_spec() : job.spec(); }

// The job as the flags want it, and the paths of what is then another in its spec.
struct Change {
  v1::Job job;
  google::protobuf::FieldMask fields;
};

absl::StatusOr<Change> MakeChange(const v1::Job& now, const v1::Job& description, const TrainFlags& flags) {
  Change change{.job = description, .fields = {}};
  *change.job.mutable_spec() = SpecNow(now);
  RETURN_IF_ERROR(ApplyFlags(flags, change.job));
  AddDifferingFields(SpecNow(now), change.job.spec(), "spec.", change.fields);
  return change;
}

// The fields that an update takes beside the spec.
v1::Job DescriptionOf(const v1::Job& job) {
  v1::Job description;
  description.set_name(job.name());
  description.set_display_name(job.display_name());
  *description.mutable_labels() = job.labels();
  description.set_priority(job.priority());
  if (job.has_deadline()) *description.mutable_deadline() = job.deadline();
  return description;
}

absl::Status Update(Session& session, const ChangeFlags& flags) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  ASSIGN_OR_RETURN(const v1::Job now, GetJob(*client, flags.name));
  ASSIGN_OR_RETURN(Change change, MakeChange(now, DescriptionOf(now), flags.train));
  v1::Job before = DescriptionOf(now);
  v1::Job after = DescriptionOf(change.job);
  AddDifferingFields(before, after, "", change.fields);
  if (change.fields.paths().empty()) {
    if (session.json()) return PrintJson(now, session.out());
    session.out() << Printable(now.name()) << ": nothing changes\n";
    return absl::OkStatus();
  }
  v1::UpdateJobRequest request;
  *request.mutable_job() = std::move(change.job);
  *request.mutable_update_mask() = change.fields;
  ASSIGN_OR_RETURN(const v1::Job job, client::Call(client->jobs(), &v1::JobService::Stub::UpdateJob, request));
  if (session.json()) return PrintJson(job, session.out());
  session.out() << Printable(job.name()) << ": " << absl::StrJoin(change.fields.paths(), ", ");
  if (job.changes_size() > now.changes_size()) {
    session.out() << " from step " << CountText(job.changes().rbegin()->step()) << " on";
  }
  session.out() << '\n';
  return absl::OkStatus();
}

absl::Status Fork(Session& session, const ChangeFlags& flags) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  ASSIGN_OR_RETURN(const v1::Job source, GetJob(*client, flags.name));
  v1::ForkJobRequest request;
  request.set_name(source.name());
  request.set_request_id(client::NewRequestId());
  if (flags.from.has_value()) request.set_from_step(*flags.from);
  ASSIGN_OR_RETURN(Change change, MakeChange(source, v1::Job(), flags.train));
  *request.mutable_job() = std::move(change.job);
  *request.mutable_update_mask() = std::move(change.fields);
  ASSIGN_OR_RETURN(const v1::Job job, client::CallAgain(*client, client->jobs(), &v1::JobService::Stub::ForkJob,
                                                        request, absl::InfiniteDuration()));
  if (flags.train.watch) return FollowJob(session, *client, job.name(), 1);
  if (session.json()) return PrintJson(job, session.out());
  session.out() << Printable(job.name()) << '\n';
  return absl::OkStatus();
}

void AddUpdateFlags(CLI::App& command, ChangeFlags& flags) {
  command.add_option("job", flags.name, "Its name")->required();
  AddDescriptionFlags(command, flags.train);
  AddSetFlag(command, flags.train);
  AddOptimizerFlags(command, flags.train);
  AddBudgetFlags(command, flags.train);
}

void AddForkFlags(CLI::App& command, ChangeFlags& flags) {
  AddUpdateFlags(command, flags);
  command.add_option("--from", flags.from, "The step of a checkpoint that is kept; default: the newest");
  command.add_flag("--watch", flags.train.watch, "Show the run until it ends");
  command.add_option("--threads", flags.train.threads, "Workers that may be at one step; the bits are the same")
      ->group("Optimizer");
  AddRuleFlag(command, flags.train);
  AddPenaltyFlags(command, flags.train);
  AddMinibatchFlags(command, flags.train);
  AddStoppingFlags(command, flags.train);
  AddMeasuringFlags(command, flags.train);
}

}  // namespace

void AddChangeCommands(CLI::App& group, Session& session) {
  AddCommand<ChangeFlags>(group, session, "update", "Change a job while it runs", &AddUpdateFlags, &Update);
  AddCommand<ChangeFlags>(group, session, "fork", "A new job that goes on from a job's checkpoint", &AddForkFlags,
                          &Fork);
}

}  // namespace trainyard::cli
