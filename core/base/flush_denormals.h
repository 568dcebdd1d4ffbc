// Denormal numbers count as zero in all numeric code: a converged model under momentum decays into them, where every operation is a
// hundred times slower.

#ifndef TRAINYARD_CORE_BASE_FLUSH_DENORMALS_H_
#define TRAINYARD_CORE_BASE_FLUSH_DENORMALS_H_

#include <immintrin.h>

namespace trainyard {

// In force on this thread while an object lives; costs next to nothing where another one does.
class FlushDenormals {
 public:
  FlushDenormals() {
    if (living_++ > 0) return;
    before_ = _mm_getcsr();
    _mm_setcsr(before_ | kFlushToZero | kDenormalsAreZero);
  }
  ~FlushDenormals() {
    if (--living_ == 0) _mm_setcsr(before_);
  }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  static constexpr unsigned kFlushToZero = 0x8000;
  static constexpr unsigned kDenormalsAreZero = 0x0040;

  inline static thread_local int living_ = 0;
  inline static thread_local unsigned before_ = 0;  // of the first one
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_FLUSH_DENORMALS_H_
