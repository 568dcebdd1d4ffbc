// `job metrics`: series and evaluations of a run as a summary, JSON or CSV.

#ifndef TRAINYARD_CLIENT_CLI_JOB_METRICS_H_
#define TRAINYARD_CLIENT_CLI_JOB_METRICS_H_

#include <CLI/CLI.hpp>
#include <ostream>

#include "client/cli/session.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard::cli {

void AddMetricsCommand(CLI::App& group, Session& session);

// `name,step,value` lines: series first, then evaluations as `validation.accuracy`. Numbers read back exactly.
void PrintMetricsCsv(const v1::GetMetricsResponse& metrics, std::ostream& out);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_JOB_METRICS_H_
