#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Counts the ARM64 instructions of the search's kernels for one tile of 14 x 32 products of 512
# elements, in an emulator: a count, not a time.
# Needs g++-aarch64-linux-gnu and qemu-user.
# Usage: count_instructions.sh [options of the compiler, instead of -O3]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
(($# > 0)) || set -- -O3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
aarch64-linux-gnu-g++ -std=c++17 "$@" -static -I"$root/include" \
  "$root/benchmarks/arm64/screens.cpp" -o "$folder/screens"

instructions() { # KERNEL TIMES
  qemu-aarch64 -singlestep -d nochain,exec -D /dev/stdout "$folder/screens" "$@" | wc -l
}
for kernel in float/portable float/neon int8/portable int8/neon_dotprod hits/portable hits/neon; do
  once=$(instructions "$kernel" 1)
  printf '%-18s %7d\n' "$kernel" $(($(instructions "$kernel" 2) - once))
done
