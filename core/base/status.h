// Errors: absl::Status with the field, its value and the rule, and a stable reason that programs can test.
//
// The parts travel as payloads of the status; server/wire turns them into google.rpc details.

#ifndef TRAINYARD_CORE_BASE_STATUS_H_
#define TRAINYARD_CORE_BASE_STATUS_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace trainyard {

// INVALID_ARGUMENT "<field> = <value>, must be <rule>". `field` is a path as the user wrote it, relative to what the caller validates:
// `momentum`, `hidden[2].dense.units`.
absl::Status FieldError(std::string_view field, std::string_view value, std::string_view rule);

// Numbers print so that they read back: 0.1, nan, 3.
absl::Status FieldError(std::string_view field, double value, std::string_view rule);
absl::Status FieldError(std::string_view field, int64_t value, std::string_view rule);

// The same error with `prefix` and a dot before its field. Other statuses, OK among them, pass unchanged.
absl::Status InField(std::string_view prefix, absl::Status status);

// The field that a FieldError names, with every prefix; nullopt for other statuses.
std::optional<std::string> ErrorField(const absl::Status& status);

// Adds a stable upper-case reason, as in `QUEUE_FULL`, and what programs may want to know beside it.
absl::Status WithReason(absl::Status status, std::string_view reason,
                        const std::map<std::string, std::string>& metadata = {});

// Empty where the status has none.
std::string ErrorReason(const absl::Status& status);
std::map<std::string, std::string> ErrorMetadata(const absl::Status& status);

}  // namespace trainyard

#define TRAINYARD_CONCAT_INNER(a, b) a##b
#define TRAINYARD_CONCAT(a, b) TRAINYARD_CONCAT_INNER(a, b)

// Returns from the enclosing function if `expression` is not OK.
#define RETURN_IF_ERROR(expression)                                         \
  do {                                                                      \
    if (absl::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

// ASSIGN_OR_RETURN(const T x, StatusOrT());
#define ASSIGN_OR_RETURN(declaration, expression)                                                           \
  auto TRAINYARD_CONCAT(status_or_, __LINE__) = (expression);                                               \
  if (!TRAINYARD_CONCAT(status_or_, __LINE__).ok()) return TRAINYARD_CONCAT(status_or_, __LINE__).status(); \
  declaration = *std::move(TRAINYARD_CONCAT(status_or_, __LINE__))

#endif  // TRAINYARD_CORE_BASE_STATUS_H_
