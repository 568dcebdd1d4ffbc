#!/usr/bin/env bash
# Installs what is missing, builds everything, and runs the demo and the tests.
#
#   ./test.sh          all tests but those labelled `long`
#   ./test.sh --long   those as well, the MNIST demo, a guard of the speed, the others once more under AddressSanitizer and
#                      UndefinedBehaviorSanitizer, those of core and server under ThreadSanitizer, Clang's bits against GCC's, and the
#                      fuzzers; some three hours
set -euo pipefail
cd "$(dirname "$0")"

jobs=$(nproc)

build() {
  cmake --preset "$1"
  cmake --build --preset "$1" --parallel "$jobs"
}

# Runs a demo; fails where it ends with a test accuracy below the one given.
demo_reaches() {
  echo "Demo: $1"
  ./demo.sh "$1" | tee "build/demo-$1.log"
  if ! tail -n 1 "build/demo-$1.log" | awk -v least="$2" '{ reached = /^test accuracy/ && $3 >= least } END { exit !reached }'; then
    echo "./demo.sh $1 does not end with a test accuracy of at least $2." >&2
    return 1
  fi
}

case ${1:-} in
  "") without=(--label-exclude '^long$') ;;
  --long) without=() ;;
  *)
    echo "usage: ./test.sh [--long]" >&2
    exit 2
    ;;
esac
.ci/install
build release
demo_reaches digits 0.97
if [[ ${1:-} == --long ]]; then demo_reaches mnist 0.98; fi
ctest --preset release --parallel "$jobs" "${without[@]}"
if [[ ${1:-} == --long ]]; then
  tests/benchmark/run --quick
  build asan
  ctest --preset asan --parallel "$jobs" --label-exclude '^long$'
  build tsan
  ctest --preset tsan --parallel "$jobs"
  build fuzz
  echo "Bits: GCC's and Clang's"
  build/bin/run_bits > build/bits-of-gcc
  build/fuzz/bin/run_bits > build/bits-of-clang
  diff build/bits-of-gcc build/bits-of-clang
  tests/fuzz/run --seconds 60
fi
