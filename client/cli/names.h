// Resource names from what people type.

#ifndef TRAINYARD_CLIENT_CLI_NAMES_H_
#define TRAINYARD_CLIENT_CLI_NAMES_H_

#include <string>

namespace trainyard::cli {

// `digits` and `datasets/digits` are both `datasets/digits`.
std::string DatasetName(const std::string& text);

// A job's model has the job's id: `0192`, `jobs/0192` and `models/0192` are the same job and the same model.
std::string JobName(const std::string& text);
std::string ModelName(const std::string& text);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_NAMES_H_
