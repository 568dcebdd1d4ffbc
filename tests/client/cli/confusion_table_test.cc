#include "client/cli/confusion_table.h"

#include <limits>
#include <sstream>

#include "gtest/gtest.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard::cli {
namespace {

TEST(ConfusionTableTest, HasALineForEachTrueClassWithItsAccuracy) {
  v1::ConfusionMatrix matrix;
  for (const int64_t count : {1200, 3, 0, 0}) matrix.add_counts(count);
  matrix.add_class_accuracy(0.9975);
  matrix.add_class_accuracy(std::numeric_limits<double>::quiet_NaN());
  v1::TargetEncoding target;
  target.add_classes("benign");
  target.add_classes("malignant");
  std::ostringstream out;
  PrintConfusionMatrix(matrix, target.classes(), out);
  EXPECT_EQ(out.str(),
            "TRUE \\ PREDICTED  benign  malignant  ACCURACY\n"
            "benign             1,200          3    0.9975\n"
            "malignant              0          0         -\n");
}

}  // namespace
}  // namespace trainyard::cli
