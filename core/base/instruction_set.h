// Which vector instructions the inner loops use: chosen when the program starts, by the processor and the environment.

#ifndef TRAINYARD_CORE_BASE_INSTRUCTION_SET_H_
#define TRAINYARD_CORE_BASE_INSTRUCTION_SET_H_

#include <string_view>

namespace trainyard {

// kScalar: any processor. kAvx2: with FMA. kAvx512: F, VL, DQ and BW.
enum class InstructionSet { kScalar, kAvx2, kAvx512 };

// The widest that this processor has.
InstructionSet BestInstructionSet();

// The best, or TRAINYARD_INSTRUCTION_SET (scalar, avx2, avx512) where the environment names one that the processor has.
InstructionSet ChosenInstructionSet();

// As TRAINYARD_INSTRUCTION_SET names it.
std::string_view NameOf(InstructionSet set);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_INSTRUCTION_SET_H_
