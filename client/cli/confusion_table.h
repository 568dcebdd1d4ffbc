// A confusion matrix as a table.

#ifndef TRAINYARD_CLIENT_CLI_CONFUSION_TABLE_H_
#define TRAINYARD_CLIENT_CLI_CONFUSION_TABLE_H_

#include <ostream>
#include <string>

#include "google/protobuf/repeated_ptr_field.h"
#include "trainyard/v1/metric.pb.h"

namespace trainyard::cli {

// A line for each true class: its examples by predicted class, and the share of them that was predicted right.
void PrintConfusionMatrix(const v1::ConfusionMatrix& matrix,
                          const google::protobuf::RepeatedPtrField<std::string>& classes, std::ostream& out);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_CONFUSION_TABLE_H_
