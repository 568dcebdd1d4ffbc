#include "server/wire/length.h"

namespace trainyard {

v1::Length ToProto(const Length& length) {
  v1::Length message;
  if (const auto* steps = std::get_if<Steps>(&length)) {
    message.set_steps(steps->count);
  } else {
    message.set_epochs(std::get<Epochs>(length).count);
  }
  return message;
}

absl::StatusOr<Length> FromProto(const v1::Length& message) {
  switch (message.unit_case()) {
    case v1::Length::kSteps:
      return Steps{message.steps()};
    case v1::Length::kEpochs:
      return Epochs{message.epochs()};
    case v1::Length::UNIT_NOT_SET:
      break;
  }
  return UnsetOneof(message, "unit");
}

}  // namespace trainyard
