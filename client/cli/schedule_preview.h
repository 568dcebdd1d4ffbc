// `train --preview-schedule`: learning rate and momentum of the steps to come.

#ifndef TRAINYARD_CLIENT_CLI_SCHEDULE_PREVIEW_H_
#define TRAINYARD_CLIENT_CLI_SCHEDULE_PREVIEW_H_

#include <vector>

#include "client/cli/session.h"
#include "client/cli/styled_text.h"
#include "trainyard/v1/insight.pb.h"

namespace trainyard::cli {

// Rows of the table.
inline constexpr int kPreviewRows = 20;

// Asks for the preview and prints it: a chart on a terminal, else a table, or the response as JSON. `request.max_points` is chosen here.
absl::Status PreviewSchedule(Session& session, client::Client& client, v1::PreviewScheduleRequest request);

// Charts `width` columns wide (at least 20): of the learning rate, and of the momentum where it changes.
std::vector<StyledLine> DrawPreview(const v1::PreviewScheduleResponse& preview, int width);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_SCHEDULE_PREVIEW_H_
