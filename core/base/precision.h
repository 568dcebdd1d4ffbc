// The floating-point type of parameters, activations and gradients.

#ifndef TRAINYARD_CORE_BASE_PRECISION_H_
#define TRAINYARD_CORE_BASE_PRECISION_H_

namespace trainyard {

enum class Precision { kF32, kF64 };

// Bytes of one number.
constexpr int SizeOf(Precision precision) { return precision == Precision::kF32 ? 4 : 8; }

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_PRECISION_H_
