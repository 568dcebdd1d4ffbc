#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/csv_output.h"
#include "client/cli/event_text.h"
#include "client/cli/follow_job.h"
#include "client/cli/job_metrics.h"
#include "client/cli/json.h"
#include "client/cli/list_pages.h"
#include "client/cli/names.h"
#include "client/cli/reflect.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/cpp/status_macros.h"
#include "client/cpp/watch.h"

namespace trainyard::cli {
namespace {

struct EventFlags {
  std::string name;
  int64_t from = 1;
  int64_t limit = 1'000'000'000;
};

void AddName(CLI::App& command, NameOption& option) { command.add_option("job", option.name, "Its name")->required(); }

std::string StepText(const v1::Progress& progress) {
  if (progress.total_steps() <= 0) return CountText(progress.step());
  return absl::StrCat(CountText(progress.step()), "/", CountText(progress.total_steps()));
}

void PrintJobs(const google::protobuf::RepeatedPtrField<v1::Job>& jobs, std::ostream& out) {
  TextTable table({"NAME", "STATE", "STEP", "EPOCH", "DATA SET", "CREATED", "DISPLAY NAME"}, {2, 3});
  for (const v1::Job& job : jobs) {
    table.AddRow({job.name(), EnumName(job.state()), StepText(job.progress()), CountText(job.progress().epoch()),
                  job.spec().data().dataset(), TimeText(job.create_time()), job.display_name()});
  }
  table.Print(out);
}

absl::Status PrintJob(const v1::Job& job, std::ostream& out) {
  PropertyList list;
  list.Add("name", job.name());
  list.Add("display name", job.display_name());
  list.Add("labels", absl::StrJoin(job.labels(), ", ", absl::PairFormatter("=")));
  list.Add("state", OutcomeText(job.state(), job.stop_reason(), job.parameters_held(), job.parameters_step()));
  if (!client::IsTerminal(job.state())) list.Add("because", job.state_message());
  list.Add("error", job.error().message());
  list.Add("step", StepText(job.progress()));
  list.Add("epoch", CountText(job.progress().epoch()));
  list.Add("running time", DurationText(ToDuration(job.progress().running_time())));
  list.Add("steps/s", CountText(static_cast<int64_t>(job.progress().steps_per_second())));
  list.Add("priority", absl::StrCat(job.priority()));
  list.Add("deadline", TimeText(job.deadline()));
  if (job.has_forked_from()) {
    list.Add("forked from", absl::StrCat(job.forked_from().job(), ", step ", CountText(job.forked_from().step())));
  }
  list.Add("model", job.model());
  list.Add("created", TimeText(job.create_time()));
  list.Add("started", TimeText(job.start_time()));
  list.Add("ended", TimeText(job.end_time()));
  list.Print(out);
  const std::vector<std::string> metrics = MeasuredLines(job);
  if (!metrics.empty()) out << '\n' << absl::StrJoin(metrics, "\n") << '\n';
  ASSIGN_OR_RETURN(const std::string spec, ToYaml(job.spec()));
  out << "\nspec:\n" << spec << '\n';
  for (const v1::SpecChange& change : job.changes()) out << Printable(SpecChangeText(change)) << '\n';
  return absl::OkStatus();
}

absl::Status List(Session& session, const ListOptions& options) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  v1::ListJobsRequest request;
  request.set_filter(options.filter);
  ASSIGN_OR_RETURN(const v1::ListJobsResponse all,
                   ListPages(client->jobs(), &v1::JobService::Stub::ListJobs, request, options.limit,
                             [](const v1::ListJobsResponse& response) { return response.jobs_size(); }));
  if (session.json()) return PrintJson(all, session.out());
  if (session.output == Output::kCsv) {
    PrintJobsCsv(all.jobs(), session.out());
  } else {
    PrintJobs(all.jobs(), session.out());
  }
  TellOfMore(session, options, all.next_page_token());
  return absl::OkStatus();
}

absl::Status Show(Session& session, const NameOption& option) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  v1::GetJobRequest request;
  request.set_name(JobName(option.name));
  ASSIGN_OR_RETURN(const v1::Job job, client::Call(client->jobs(), &v1::JobService::Stub::GetJob, request));
  return session.json() ? PrintJson(job, session.out()) : PrintJob(job, session.out());
}

absl::Status Watch(Session& session, const EventFlags& flags) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  return FollowJob(session, *client, JobName(flags.name), flags.from);
}

absl::Status PrintEvent(Session& session, const v1::Event& event) {
  if (session.json()) return PrintJson(event, session.out());
  session.out() << event.sequence() << "  " << TimeText(event.time()) << "  step " << event.step() << "  "
                << Printable(EventText(event)) << '\n';
  return absl::OkStatus();
}

absl::Status Events(Session& session, const EventFlags& flags) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  v1::ListEventsRequest request;
  request.set_job(JobName(flags.name));
  request.set_from_sequence(flags.from);
  int64_t left = flags.limit;
  while (left > 0) {
    request.set_page_size(static_cast<int32_t>(std::min<int64_t>(left, 1000)));
    ASSIGN_OR_RETURN(const v1::ListEventsResponse page,
                     client::Call(client->jobs(), &v1::JobService::Stub::ListEvents, request));
    for (const v1::Event& event : page.events()) RETURN_IF_ERROR(PrintEvent(session, event));
    left -= page.events_size();
    if (page.events().empty() || page.next_sequence() > page.newest_sequence()) break;
    request.set_from_sequence(page.next_sequence());
  }
  return absl::OkStatus();
}

// Cancel, pause and resume: a name in, the job out.
template <typename Request>
absl::Status Change(Session& session, const std::string& name,
                    grpc::Status (v1::JobService::Stub::*method)(grpc::ClientContext*, const Request&, v1::Job*),
                    Request request = Request()) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  request.set_name(JobName(name));
  ASSIGN_OR_RETURN(const v1::Job job, client::Call(client->jobs(), method, request));
  if (session.json()) return PrintJson(job, session.out());
  session.out() << Printable(job.name()) << ' ' << EnumName(job.state()) << '\n';
  return absl::OkStatus();
}

absl::Status Cancel(Session& session, const NameOption& option) {
  return Change<v1::CancelJobRequest>(session, option.name, &v1::JobService::Stub::CancelJob);
}

absl::Status Pause(Session& session, const NameOption& option) {
  return Change<v1::PauseJobRequest>(session, option.name, &v1::JobService::Stub::PauseJob);
}

struct ResumeFlags {
  std::string name;
  std::optional<int64_t> from;
};

void AddResumeFlags(CLI::App& command, ResumeFlags& flags) {
  command.add_option("job", flags.name, "Its name")->required();
  command.add_option("--from", flags.from, "Go back to the checkpoint of this step first, as a new attempt");
}

absl::Status Resume(Session& session, const ResumeFlags& flags) {
  v1::ResumeJobRequest request;
  if (flags.from.has_value()) request.set_from_step(*flags.from);
  return Change(session, flags.name, &v1::JobService::Stub::ResumeJob, std::move(request));
}

struct VerifyFlags {
  std::string name;
  std::optional<int64_t> from;
  std::optional<int64_t> steps;
};

void AddVerifyFlags(CLI::App& command, VerifyFlags& flags) {
  command.add_option("job", flags.name, "Its name")->required();
  command.add_option("--from", flags.from, "0, or the step of a checkpoint that is kept");
  command.add_option("--steps", flags.steps, "At most so many");
}

std::string VerifiedText(const v1::VerifyJobResponse& response) {
  if (!response.identical()) return response.difference();
  return absl::StrCat(CountText(response.step_count()), " steps from step ", CountText(response.first_step()),
                      " on and the parameters of ", response.checkpoint_steps_size(),
                      " checkpoints are the same to the bit");
}

absl::Status Verify(Session& session, const VerifyFlags& flags) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  v1::VerifyJobRequest request;
  request.set_name(JobName(flags.name));
  if (flags.from.has_value()) request.set_from_step(*flags.from);
  if (flags.steps.has_value()) request.set_step_count(*flags.steps);
  ASSIGN_OR_RETURN(const v1::VerifyJobResponse response,
                   client::Call(client->jobs(), &v1::JobService::Stub::VerifyJob, request, absl::InfiniteDuration()));
  if (!response.identical()) session.exit_code = kJobFailed;
  if (session.json()) return PrintJson(response, session.out());
  session.out() << Printable(VerifiedText(response)) << '\n';
  return absl::OkStatus();
}

absl::Status Delete(Session& session, const NameOption& option) {
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  v1::DeleteJobRequest request;
  request.set_name(JobName(option.name));
  ASSIGN_OR_RETURN(const google::protobuf::Empty empty,
                   client::Call(client->jobs(), &v1::JobService::Stub::DeleteJob, request));
  return session.json() ? PrintJson(empty, session.out()) : absl::OkStatus();
}

void AddListOptions(CLI::App& command, ListOptions& options) {
  command.add_option("--filter", options.filter, "As in `state = RUNNING AND labels.team = \"a\"`");
  AddLimit(command, options.limit);
}

void AddWatchFlags(CLI::App& command, EventFlags& flags) {
  command.add_option("job", flags.name, "Its name")->required();
  command.add_option("--from", flags.from, "The first event's number")->capture_default_str();
}

void AddEventFlags(CLI::App& command, EventFlags& flags) {
  AddWatchFlags(command, flags);
  AddLimit(command, flags.limit);
}

}  // namespace

void AddJobCommands(CLI::App& program, Session& session) {
  CLI::App& group = *program.add_subcommand("job", "Look at and steer training jobs");
  group.require_subcommand(1);
  AddCommand<ListOptions>(group, session, "list", "List jobs, newest first (also --output csv)", &AddListOptions, &List,
                          {Output::kTable, Output::kJson, Output::kCsv});
  AddCommand<NameOption>(group, session, "show", "Show a job and its spec", &AddName, &Show);
  AddCommand<EventFlags>(group, session, "watch", "Show a job's run until it ends", &AddWatchFlags, &Watch);
  AddMetricsCommand(group, session);
  AddCommand<EventFlags>(group, session, "events", "Print a job's log", &AddEventFlags, &Events);
  AddCommand<NameOption>(group, session, "cancel", "End a job; its model stays", &AddName, &Cancel);
  AddCommand<NameOption>(group, session, "pause", "Stop a job until it is resumed", &AddName, &Pause);
  AddCommand<ResumeFlags>(group, session, "resume", "Go on with a paused job", &AddResumeFlags, &Resume);
  AddChangeCommands(group, session);
  AddCommand<VerifyFlags>(group, session, "verify", "Compute a job's steps anew and compare every bit with its log",
                          &AddVerifyFlags, &Verify);
  AddCommand<NameOption>(group, session, "delete", "Delete an ended job and its model", &AddName, &Delete);
}

}  // namespace trainyard::cli
