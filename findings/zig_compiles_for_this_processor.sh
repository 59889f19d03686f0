#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# zig 0.17.1 (wheel ziglang): `zig cc` and `zig c++` in place of gcc and g++
#
# Expected: without -march, instructions that every x86-64 processor has, as from gcc and clang.
# What happens: all instructions of the processor that compiles, as with -march=native. One with FMA
#   fuses a * b + c into one rounding, so `zig cc -O2` and `clang-22 -O2` yield different
#   bits. `-mcpu=baseline` is the answer; clang's own `-march=x86-64` is refused.
# Why it matters: scores depend on the machine that compiled, and a program or wheel built on a new
#   server stops with an illegal instruction on an older one.
set -euo pipefail
if ! grep -qw fma /proc/cpuinfo; then
  echo "this processor has no FMA, so there is nothing to see"
  exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ziglang==0.17.1
export ZIG_GLOBAL_CACHE_DIR=$folder/cache ZIG_LOCAL_CACHE_DIR=$folder/cache
cat >"$folder/sum.c" <<'END'
#include <stdio.h>
int main(int count, char** words) {
  (void)words;
  float const a = 1.0f + (float)count / 4096;  // 1 + 2^-12: a^2 needs 25 bits, a float has 24
  printf("%g\n", (double)(a * a - 1.0f - (float)count / 2048));
}
END
zig() { "$folder/venv/bin/python" -m ziglang cc "$@"; }
measure() {  # FLAG...: what the program prints, and how many of four extensions the compiler uses
  zig -O2 "$@" "$folder/sum.c" -o "$folder/sum"
  "$folder/sum"
  zig "$@" -dM -E -x c /dev/null 2>/dev/null | grep -cE '__(FMA|AVX|AVX2|BMI2)__' || true
}
default=$(measure | xargs)
native=$(measure -march=native | xargs)
baseline=$(measure -mcpu=baseline | xargs)
echo "a * a - b, and how many of FMA, AVX, AVX2, BMI2 are used"
echo "zig cc -O2: $default"
echo "zig cc -O2 -march=native: $native"
echo "zig cc -O2 -mcpu=baseline: $baseline"
[[ $default == "$native" && $default != 0\ * && $baseline == "0 0" ]]
if zig -march=x86-64 "$folder/sum.c" -o "$folder/sum" 2>"$folder/refused.txt"; then exit 1; fi
echo "zig cc -march=x86-64: $(grep -m1 error "$folder/refused.txt")"
