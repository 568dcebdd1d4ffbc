// Parts of messages as columns of the database, and page tokens.

#ifndef TRAINYARD_SERVER_STORE_COLUMNS_H_
#define TRAINYARD_SERVER_STORE_COLUMNS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message_lite.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/store/database.h"

namespace trainyard {

// Since 1970.
int64_t ToNanoseconds(const google::protobuf::Timestamp& time);

// RFC 3339, in nanoseconds since 1970; nullopt: another text.
std::optional<int64_t> ParseTime(std::string_view text);

// DATA_LOSS: not such a message.
absl::Status ParseColumn(std::string_view bytes, google::protobuf::MessageLite* message);

// An opaque text that holds where the next page of the list `list` begins.
std::string MakePageToken(std::string_view list, std::string_view position);

// The position; empty for an empty token. INVALID_ARGUMENT: not a token of this list; a FieldError on `page_token`.
absl::StatusOr<std::string> ReadPageToken(std::string_view list, std::string_view token);

// The same for lists that go down by key: the page holds keys below this one.
absl::StatusOr<int64_t> ReadKeyToken(std::string_view list, std::string_view token);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_COLUMNS_H_
