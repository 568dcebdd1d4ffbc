// For sources of the client; never included by a header.

#ifndef TRAINYARD_CLIENT_CPP_STATUS_MACROS_H_
#define TRAINYARD_CLIENT_CPP_STATUS_MACROS_H_

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

#endif  // TRAINYARD_CLIENT_CPP_STATUS_MACROS_H_
