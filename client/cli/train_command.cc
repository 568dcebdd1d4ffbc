#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/csv_table.h"
#include "client/cli/follow_job.h"
#include "client/cli/json.h"
#include "client/cli/reflect.h"
#include "client/cli/schedule_preview.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/cli/train_flags.h"
#include "client/cli/train_options.h"
#include "client/cpp/call_again.h"
#include "client/cpp/status_macros.h"

namespace trainyard::cli {
namespace {

void AddFlags(CLI::App& command, TrainFlags& flags) {
  command.add_option("-f,--file", flags.file, "A job in YAML or JSON, which flags override; -: standard input")
      ->type_name("FILE");
  AddDescriptionFlags(command, flags);
  CLI::Option* watch = command.add_flag("--watch", flags.watch, "Show the run until it ends");
  CLI::Option* check = command.add_flag("--check", flags.check, "Only check the job and say what it would take");
  command.add_flag("--preview-schedule", flags.preview_schedule, "Only show learning rate and momentum by step")
      ->excludes(watch, check);
  check->excludes(watch);
  command.add_option("--steps-per-epoch", flags.steps_per_epoch, "With --preview-schedule: in place of a data set");
  AddSetFlag(command, flags);
  AddDataFlags(command, flags);
  AddMinibatchFlags(command, flags);
  AddModelFlags(command, flags);
  AddRuleFlag(command, flags);
  AddOptimizerFlags(command, flags);
  AddPenaltyFlags(command, flags);
  AddBudgetFlags(command, flags);
  AddStoppingFlags(command, flags);
  AddMeasuringFlags(command, flags);
}

absl::StatusOr<v1::Job> MakeJob(const TrainFlags& flags) {
  v1::Job job;
  if (!flags.file.empty()) {
    ASSIGN_OR_RETURN(const std::string text, ReadTextFile(flags.file));
    absl::StatusOr<v1::Job> parsed = ParseJobFile(text);
    if (!parsed.ok()) return UsageError(flags.file, parsed.status());
    job = *std::move(parsed);
  } else if (flags.dataset.empty() && !flags.steps_per_epoch.has_value()) {
    return absl::InvalidArgumentError("--dataset is required where there is no --file");
  }
  RETURN_IF_ERROR(ApplyFlags(flags, job));
  return job;
}

void PrintCheck(const v1::CheckJobResponse& check, std::ostream& out) {
  PropertyList list;
  list.Add("parameters", CountText(check.parameter_count()));
  list.Add("inputs", CountText(check.input_count()));
  list.Add("outputs", CountText(check.output_count()));
  list.Add("training examples", CountText(check.training_examples()));
  list.Add("validation examples", CountText(check.validation_examples()));
  list.Add("test examples", CountText(check.test_examples()));
  list.Add("steps", check.total_steps() > 0 ? CountText(check.total_steps()) : "not known beforehand");
  list.Add("memory", BytesText(check.memory_bytes()));
  if (check.has_time_per_step()) list.Add("time per step", DurationText(ToDuration(check.time_per_step())));
  if (check.smallest_efficient_minibatch() > 0) {
    list.Add("smallest efficient minibatch", CountText(check.smallest_efficient_minibatch()));
  }
  if (check.has_total_time()) list.Add("time in all", DurationText(ToDuration(check.total_time())));
  list.Print(out);
  out << '\n';
  TextTable tensors({"TENSOR", "SHAPE"});
  for (const v1::TensorInfo& tensor : check.tensors()) {
    tensors.AddRow({tensor.name(), absl::StrJoin(tensor.shape(), " x ")});
  }
  tensors.Print(out);
  out << "\nAt step 0, over the first training examples:\n";
  TextTable layers({"LAYER", "ACTIVATION MEAN", "ACTIVATION VARIANCE", "GRADIENT VARIANCE"}, {1, 2, 3});
  for (const v1::LayerStatistics& layer : check.layers()) {
    layers.AddRow({layer.layer(), NumberText(layer.activation_mean()), NumberText(layer.activation_variance()),
                   NumberText(layer.gradient_variance())});
  }
  layers.Print(out);
  for (const v1::Warning& warning : check.warnings()) out << "warning: " << Printable(warning.message()) << '\n';
}

absl::Status Check(Session& session, client::Client& client, const v1::JobSpec& spec) {
  v1::CheckJobRequest request;
  *request.mutable_spec() = spec;
  ASSIGN_OR_RETURN(const v1::CheckJobResponse check, client::Call(client.insight(), &v1::InsightService::Stub::CheckJob,
                                                                  request, absl::InfiniteDuration()));
  if (session.json()) return PrintJson(check, session.out());
  PrintCheck(check, session.out());
  return absl::OkStatus();
}

absl::Status Preview(Session& session, client::Client& client, const TrainFlags& flags, const v1::JobSpec& spec) {
  v1::PreviewScheduleRequest request;
  *request.mutable_spec() = spec;
  if (flags.steps_per_epoch.has_value()) request.set_steps_per_epoch(*flags.steps_per_epoch);
  return PreviewSchedule(session, client, std::move(request));
}

absl::Status Train(Session& session, const TrainFlags& flags) {
  if (flags.steps_per_epoch.has_value() && !flags.preview_schedule) {
    return absl::InvalidArgumentError("--steps-per-epoch stands with --preview-schedule alone; give --dataset instead");
  }
  ASSIGN_OR_RETURN(const v1::Job wanted, MakeJob(flags));
  ASSIGN_OR_RETURN(const auto client, session.Connect());
  if (flags.check) return Check(session, *client, wanted.spec());
  if (flags.preview_schedule) return Preview(session, *client, flags, wanted.spec());
  v1::CreateJobRequest request;
  *request.mutable_job() = wanted;
  request.set_request_id(client::NewRequestId());
  // A job that begins with another's parameters takes as long as the reading of all rows.
  ASSIGN_OR_RETURN(const v1::Job job, client::CallAgain(*client, client->jobs(), &v1::JobService::Stub::CreateJob,
                                                        request, absl::InfiniteDuration()));
  if (session.json() && !flags.watch) return PrintJson(job, session.out());
  if (!session.json()) session.out() << job.name() << std::endl;
  return flags.watch ? FollowJob(session, *client, job.name(), 1) : absl::OkStatus();
}

}  // namespace

void AddTrainCommand(CLI::App& program, Session& session) {
  AddCommand<TrainFlags>(program, session, "train", "Submit a training job; prints its name", &AddFlags, &Train);
}

}  // namespace trainyard::cli
