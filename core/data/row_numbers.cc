#include "core/data/row_numbers.h"

#include "core/data/number_groups.h"

namespace trainyard {

ReadRowNumbers RowNumbersFor(InstructionSet set) {
  return set == InstructionSet::kAvx512 ? RowNumbersAvx512() : RowNumbersAvx2();
}

ReadRowNumbers BestRowNumbers() {
  static const ReadRowNumbers best = RowNumbersFor(ChosenInstructionSet());
  return best;
}

}  // namespace trainyard
