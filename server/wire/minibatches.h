// How many examples a step sees, and in which order. Every message has a meaning.

#ifndef TRAINYARD_SERVER_WIRE_MINIBATCHES_H_
#define TRAINYARD_SERVER_WIRE_MINIBATCHES_H_

#include "core/data/minibatches.h"
#include "trainyard/v1/spec.pb.h"

namespace trainyard {

v1::Minibatches ToProto(const MinibatchOptions& options);
MinibatchOptions FromProto(const v1::Minibatches& message);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_MINIBATCHES_H_
