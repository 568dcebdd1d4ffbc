#include "client/cli/confusion_table.h"

#include <cmath>
#include <set>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/table.h"
#include "client/cli/text.h"

namespace trainyard::cli {

void PrintConfusionMatrix(const v1::ConfusionMatrix& matrix,
                          const google::protobuf::RepeatedPtrField<std::string>& classes, std::ostream& out) {
  const int count = matrix.class_accuracy_size();
  if (classes.size() != count || matrix.counts_size() != count * count) return;
  std::vector<std::string> titles = {"TRUE \\ PREDICTED"};
  titles.insert(titles.end(), classes.begin(), classes.end());
  titles.push_back("ACCURACY");
  std::set<size_t> numbers;
  for (size_t column = 1; column < titles.size(); ++column) numbers.insert(column);
  TextTable table(titles, numbers);
  for (int truth = 0; truth < count; ++truth) {
    std::vector<std::string> cells = {classes[truth]};
    for (int predicted = 0; predicted < count; ++predicted) {
      cells.push_back(CountText(matrix.counts(truth * count + predicted)));
    }
    const double accuracy = matrix.class_accuracy(truth);
    cells.push_back(std::isnan(accuracy) ? "-" : absl::StrFormat("%.4f", accuracy));
    table.AddRow(cells);
  }
  table.Print(out);
}

}  // namespace trainyard::cli
