// Asks for a cache line before it is needed.

#ifndef TRAINYARD_CORE_BASE_PREFETCH_H_
#define TRAINYARD_CORE_BASE_PREFETCH_H_

namespace trainyard {

// In assembly, since GCC takes a function that does nothing but __builtin_prefetch for one without effects, and leaves out its calls.
inline void Prefetch(const void* at) { asm volatile("prefetcht0 %0" : : "m"(*static_cast<const char*>(at))); }

// The same of what is read once: it should not take the place of what is read again.
inline void PrefetchOnce(const void* at) { asm volatile("prefetchnta %0" : : "m"(*static_cast<const char*>(at))); }

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_PREFETCH_H_
