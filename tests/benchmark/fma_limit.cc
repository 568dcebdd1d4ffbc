// Prints the processor's rate of fused multiply-adds of one thread in float, in GFLOP/s.

#include "tests/benchmark/fma_limit.h"

#include <cstdio>

int main() {
  std::printf("%.1f\n", trainyard::FmaLimit());
  return 0;
}
