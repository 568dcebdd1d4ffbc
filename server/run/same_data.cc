#include "server/run/same_data.h"

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/wire/model.h"

namespace trainyard {

absl::Status CheckSameData(const RunPlan& plan, const v1::Job& job, const v1::Model& model) {
  v1::Model here;
  ToProto(plan.encoding, *plan.options.loss, &here);
  bool same = here.features_size() == model.features_size();
  for (int i = 0; same && i < here.features_size(); ++i) {
    same = google::protobuf::util::MessageDifferencer::Equals(here.features(i), model.features(i));
  }
  if (same) return absl::OkStatus();
  return WithReason(absl::FailedPreconditionError(
                        absl::StrCat(plan.options.data.dataset, " is not the data set that ", job.name(),
                                     " was trained on; begin another job with warm_start to take its parameters over")),
                    "DATASET_CHANGED", {{"dataset", plan.options.data.dataset}});
}

}  // namespace trainyard
