// Where parameters start: drawn, given, or taken over. Every message of the first two has a meaning.

#ifndef TRAINYARD_SERVER_WIRE_INITIALIZATION_H_
#define TRAINYARD_SERVER_WIRE_INITIALIZATION_H_

#include "absl/status/statusor.h"
#include "core/init/make_initializer.h"
#include "core/train/options.h"
#include "trainyard/v1/spec.pb.h"

namespace trainyard {

v1::Initialization ToProto(const InitializationOptions& options);
InitializationOptions FromProto(const v1::Initialization& message);

v1::InitialState ToProto(const InitialStateOptions& options);
InitialStateOptions FromProto(const v1::InitialState& message);

v1::WarmStart ToProto(const WarmStartOptions& options);

// INVALID_ARGUMENT: a FieldError on `source`, which is unset.
absl::StatusOr<WarmStartOptions> FromProto(const v1::WarmStart& message);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_INITIALIZATION_H_
