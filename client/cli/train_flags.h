// What `train` asks for, from its flags and from a file.

#ifndef TRAINYARD_CLIENT_CLI_TRAIN_FLAGS_H_
#define TRAINYARD_CLIENT_CLI_TRAIN_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard::cli {

// Flags as they were written; empty where they were not given. Only text becomes fields here: what they may hold is the
// server's to say.
struct TrainFlags {
  std::string file;
  std::string name;
  std::vector<std::string> labels;
  std::optional<int32_t> priority;
  // From now on: `90s`, `1h30m`
  std::string deadline;

  std::string dataset;
  std::string target;
  // A fraction or a data set.
  std::string validation;
  std::string test;
  std::optional<bool> stratified;
  std::string scaling;
  // `balanced`, or `A=2,B=0.5`
  std::string class_weights;

  std::vector<int32_t> hidden;
  std::string activation;
  std::string loss;
  std::string init;
  std::string biases;
  std::string output_biases;
  std::string output_weights;
  // `models/ID` or `jobs/ID[@STEP]`
  std::string warm_start;
  std::string precision;
  std::optional<uint64_t> seed;
  std::optional<int> threads;

  std::string optimizer;
  std::optional<double> learning_rate;
  std::string momentum;
  std::string schedule;
  std::string final_learning_rate;
  std::string tau_steps;
  std::string tau_epochs;
  // `500` or `2.5epochs`
  std::string warm_up;
  // A number or `all`.
  std::string batch_size;
  std::string order;
  bool in_order = false;
  bool drop_last = false;

  std::optional<int64_t> epochs;
  std::optional<int64_t> steps;
  std::optional<int64_t> examples;
  // `90`, `90s`, `1h30m`
  std::string time;
  std::optional<int32_t> patience;
  std::optional<double> clip_norm;
  std::optional<double> l2;
  std::optional<double> l1;
  std::optional<double> weight_decay;
  std::optional<int64_t> evaluate_every;
  std::vector<std::string> metrics;
  std::optional<int32_t> top_k;
  bool confusion_matrix = false;
  std::optional<int64_t> checkpoint_every;

  // PATH=VALUE each; see SetField. They come after all other flags.
  std::vector<std::string> assignments;

  bool check = false;
  bool preview_schedule = false;
  std::optional<int64_t> steps_per_epoch;
  bool watch = false;
};

// A v1.Job, or a v1.JobSpec where there is no `spec` at the top, in YAML or JSON. INVALID_ARGUMENT: see FromYaml.
absl::StatusOr<v1::Job> ParseJobFile(const std::string& text);

// Puts what the flags say over what `job` holds. INVALID_ARGUMENT names the flag.
absl::Status ApplyFlags(const TrainFlags& flags, v1::Job& job);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_TRAIN_FLAGS_H_
