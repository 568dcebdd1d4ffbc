// Uploading a data set, so that neither a broken connection nor a restart of the server loses what has arrived.

#ifndef TRAINYARD_CLIENT_CPP_UPLOAD_H_
#define TRAINYARD_CLIENT_CPP_UPLOAD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cpp/client.h"
#include "trainyard/v1/dataset.pb.h"

namespace trainyard::client {

struct UploadOptions {
  // The data set to be: name, display_name, labels, read_options.
  v1::Dataset dataset;

  // Read one after the other, as one content.
  std::vector<std::string> paths;

  // The SHA-256 that the content must have, in lower-case hexadecimal. Empty: not compared.
  std::string digest;

  // Bytes sent and bytes in all; on the calling thread, after each chunk.
  std::function<void(int64_t sent, int64_t total)> progress;

  int64_t chunk_bytes = 512 << 10;

  // Attempts in a row without a byte of progress after which a passing error is returned, and the wait before the first
  // of them. Not counted are those that find the server still busy with a former one.
  int attempts = 8;
  absl::Duration first_delay = absl::Milliseconds(100);
};

// Opens an upload, sends the content in chunks with their CRC-32C, goes on after a broken stream from where the server
// says that it is, and commits; what is returned has the SHA-256 of what arrived. After an error other than UNAVAILABLE the
// upload is dropped on the server as well. Errors: those of FileSequence and of DatasetService.
absl::StatusOr<v1::Dataset> Upload(Client& client, const UploadOptions& options);

}  // namespace trainyard::client

#endif  // TRAINYARD_CLIENT_CPP_UPLOAD_H_
