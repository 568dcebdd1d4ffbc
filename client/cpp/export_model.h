// Taking a model home as a file.

#ifndef TRAINYARD_CLIENT_CPP_EXPORT_MODEL_H_
#define TRAINYARD_CLIENT_CPP_EXPORT_MODEL_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "client/cpp/client.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard::client {

// Writes the file beside `path` under a temporary name and gives it its name when it is whole, so that `path` is never
// half a model. Returns its size in bytes. `progress`, where given, gets bytes received and bytes in all after each
// piece.
// DATA_LOSS: a piece does not follow the last one, or its bytes do not match their CRC-32C. Others: the system's, where
// the file can't be written, and those of ModelService.ExportModel.
absl::StatusOr<int64_t> ExportModel(Client& client, const v1::ExportModelRequest& request, const std::string& path,
                                    const std::function<void(int64_t received, int64_t total)>& progress = nullptr);

}  // namespace trainyard::client

#endif  // TRAINYARD_CLIENT_CPP_EXPORT_MODEL_H_
