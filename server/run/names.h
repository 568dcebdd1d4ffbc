// Resource names, labels and what else users may call things.

#ifndef TRAINYARD_SERVER_RUN_NAMES_H_
#define TRAINYARD_SERVER_RUN_NAMES_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/map.h"

namespace trainyard {

// INVALID_ARGUMENT: a FieldError where `name` is not `<collection>/<id>` with an id of [a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?.
absl::Status CheckName(std::string_view field, std::string_view name, std::string_view collection);

// INVALID_ARGUMENT: a FieldError on `display_name`, `labels[key]` or `request_id`.
absl::Status CheckDisplayName(std::string_view display_name);
absl::Status CheckLabels(const google::protobuf::Map<std::string, std::string>& labels);
absl::Status CheckRequestId(std::string_view request_id);

// A new id: the time in milliseconds and 80 random bits, in hexadecimal. Ids sort by time.
std::string NewId();

// NOT_FOUND with the reason NO_SUCH_<KIND>.
absl::Status NoSuch(std::string_view kind, std::string_view name);

// FAILED_PRECONDITION (ETAG_MISMATCH): `etag` is given and is not `current`.
absl::Status CheckEtag(std::string_view etag, std::string_view current);

// The file of an upload, from its name `uploads/<id>`.
std::string UploadFileOf(const std::string& upload_name);

// RESOURCE_EXHAUSTED (STORAGE_FULL), with the room that is left.
absl::Status StorageFull(int64_t free_bytes);

// UNAVAILABLE (DRAINING): the server is about to stop.
absl::Status Draining();

// `page_size` or, where it is 0, the default of 50. INVALID_ARGUMENT: negative, or above 1,000.
absl::Status CheckPageSize(int page_size);
int PageSize(int page_size);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_NAMES_H_
