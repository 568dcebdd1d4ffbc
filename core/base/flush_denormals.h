// Denormal numbers count as zero in all numeric code: a converged model under momentum decays into them, where every operation is a
// hundred times slower.

#ifndef TRAINYARD_CORE_BASE_FLUSH_DENORMALS_H_
#define TRAINYARD_CORE_BASE_FLUSH_DENORMALS_H_

#include <immintrin.h>

namespace trainyard {

// In force on this thread while the object lives; costs next to nothing where it is already.
class FlushDenormals {
 public:
  FlushDenormals() : before_(_mm_getcsr()) {
    if (!was_in_force()) _mm_setcsr(before_ | kBoth);
  }
  ~FlushDenormals() {
    if (!was_in_force()) _mm_setcsr(before_);
  }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  static constexpr unsigned kFlushToZero = 0x8000;
  static constexpr unsigned kDenormalsAreZero = 0x0040;
  static constexpr unsigned kBoth = kFlushToZero | kDenormalsAreZero;

  bool was_in_force() const { return (before_ & kBoth) == kBoth; }

  const unsigned before_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_FLUSH_DENORMALS_H_
