// Where parameters start: drawn, or given. Every message has a meaning.

#ifndef TRAINYARD_SERVER_WIRE_INITIALIZATION_H_
#define TRAINYARD_SERVER_WIRE_INITIALIZATION_H_

#include "core/init/make_initializer.h"
#include "core/train/options.h"
#include "trainyard/v1/spec.pb.h"

namespace trainyard {

v1::Initialization ToProto(const InitializationOptions& options);
InitializationOptions FromProto(const v1::Initialization& message);

v1::InitialState ToProto(const InitialStateOptions& options);
InitialStateOptions FromProto(const v1::InitialState& message);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_INITIALIZATION_H_
