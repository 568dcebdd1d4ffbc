// The flags that describe a job, by what they are of.

#ifndef TRAINYARD_CLIENT_CLI_TRAIN_OPTIONS_H_
#define TRAINYARD_CLIENT_CLI_TRAIN_OPTIONS_H_

#include <CLI/CLI.hpp>

#include "client/cli/train_flags.h"

namespace trainyard::cli {

void AddDescriptionFlags(CLI::App& command, TrainFlags& flags);
void AddSetFlag(CLI::App& command, TrainFlags& flags);
void AddDataFlags(CLI::App& command, TrainFlags& flags);
void AddMinibatchFlags(CLI::App& command, TrainFlags& flags);
void AddModelFlags(CLI::App& command, TrainFlags& flags);
void AddRuleFlag(CLI::App& command, TrainFlags& flags);

// Learning rate, momentum, schedule, clipping.
void AddOptimizerFlags(CLI::App& command, TrainFlags& flags);
void AddPenaltyFlags(CLI::App& command, TrainFlags& flags);
void AddBudgetFlags(CLI::App& command, TrainFlags& flags);

// Early stopping, evaluations, checkpoints.
void AddStoppingFlags(CLI::App& command, TrainFlags& flags);
void AddMeasuringFlags(CLI::App& command, TrainFlags& flags);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_TRAIN_OPTIONS_H_
