// Events and results as sentences.

#ifndef TRAINYARD_CLIENT_CLI_EVENT_TEXT_H_
#define TRAINYARD_CLIENT_CLI_EVENT_TEXT_H_

#include <string>
#include <vector>

#include "client/cli/styled_text.h"
#include "trainyard/v1/event.pb.h"
#include "trainyard/v1/job.pb.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard::cli {

// `accuracy`, `zero-one error`, `RMSE`
std::string MetricText(v1::Metric metric);

// Shares with four decimals, others with four significant digits.
std::string MetricNumberText(v1::Metric metric, double value);

// `accuracy 0.9722`
std::string MetricValueText(const v1::MetricValue& value);

// One line that says what happened, without the step; for metrics how many steps came.
std::string EventText(const v1::Event& event);

// `from step 500 on optimizer.learning_rate: 0.1 to 0.01`
std::string SpecChangeText(const v1::SpecChange& change);

// Good and bad news have their colours.
Ink EventInk(const v1::Event& event);

// One line for each metric of each part: `test accuracy 0.9722`. One that was not measured at the newest parameters, or at those that
// an ended job's model holds, says its step.
std::vector<std::string> MeasuredLines(const v1::Job& job);
std::vector<std::string> MeasuredLines(const v1::Model& model);

// `succeeded (early stop); the model holds the best parameters, those of step 900`
std::string OutcomeText(v1::State state, v1::StopReason reason, v1::ParametersHeld held, int64_t parameters_step);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_EVENT_TEXT_H_
