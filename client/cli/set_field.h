// Fields of a message by their path, as errors name them.

#ifndef TRAINYARD_CLIENT_CLI_SET_FIELD_H_
#define TRAINYARD_CLIENT_CLI_SET_FIELD_H_

#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace trainyard::cli {

// Does what `assignment`, a text PATH=VALUE, says:
//
//   optimizer.schedule.step.factor=0.5         a number, text, truth value or enum value (by its short name)
//   budget.running_time=1h30m                  a time
//   optimizer.schedule.kind=cosine             a oneof, by the name of the variant
//   initialization.he_normal={}                a message, in YAML's flow style; what it held before is gone
//   evaluation.metrics=accuracy,loss           all elements of a list; of messages: [{...}, {...}]
//   network.hidden[0].dense.units=8            one element, or the next behind the last
//   data.class_weights.given.weights[A]=2      one entry of a map
//
// INVALID_ARGUMENT: no path; a path that leads nowhere (the error says where it ends and what there is); a value that does not fit.
absl::Status SetField(google::protobuf::Message& message, const std::string& assignment);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_SET_FIELD_H_
