#include "core/base/instruction_set.h"

#include <cstdlib>

namespace trainyard {
namespace {

bool HasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool HasAvx512() {
  return HasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}

}  // namespace

InstructionSet BestInstructionSet() {
  if (HasAvx512()) return InstructionSet::kAvx512;
  return HasAvx2() ? InstructionSet::kAvx2 : InstructionSet::kScalar;
}

InstructionSet ChosenInstructionSet() {
  const char* const variable = std::getenv("TRAINYARD_INSTRUCTION_SET");
  const std::string_view name = variable == nullptr ? "" : variable;
  if (name == "scalar") return InstructionSet::kScalar;
  if (name == "avx2" && HasAvx2()) return InstructionSet::kAvx2;
  return BestInstructionSet();
}

std::string_view NameOf(InstructionSet set) {
  switch (set) {
    case InstructionSet::kAvx512:
      return "avx512";
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kScalar:
      break;
  }
  return "scalar";
}

}  // namespace trainyard
