#include "core/optim/schedule.h"

#include "core/base/status.h"

namespace trainyard {

absl::Status Schedule::Restore(std::string_view state) {
  return state.empty() ? absl::OkStatus() : StateOfAnotherSchedule();
}

absl::Status StateOfAnotherSchedule() {
  return WithReason(absl::DataLossError("the checkpoint is of another run: its schedule differs"),
                    "CHECKPOINT_DAMAGED");
}

}  // namespace trainyard
