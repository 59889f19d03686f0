#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# GCC 12.2 (Debian 12: g++-12 12.2.0-14+deb12u1): __builtin_assoc_barrier and fused multiply-add
#
# Expected: x[i] += __builtin_assoc_barrier(a * y[i]) never fuses product and sum: the barrier stands
#   between them, and in straight-line code it does keep them apart.
# What happens: the vectoriser drops the barrier. The vectorised body of the loop uses
#   vfmadd, the remaining iterations use vmulsd and vaddsd: two roundings in one array, and which
#   element gets which depends on its place.
# Why it matters: whoever wants the same bits from -O2 and -O3 -mfma, or from whole input and from
#   chunks, trusts the barrier. An empty asm statement on the product holds.
# Needs Debian's apt on x86-64; the compiler is unpacked, not installed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root g++-12=12.2.0-14+deb12u1
dpkg-deb -x g++-12_*.deb compiler
compiler=$(find compiler -name cc1plus)
cat >loop.cpp <<'END'
void loop(double* x, double const* y, double a, long n) {
  for (long i = 0; i < n; ++i) { x[i] += __builtin_assoc_barrier(a * y[i]); }
}
double straight(double a, double b, double c) { return __builtin_assoc_barrier(a * b) + c; }
END
"$compiler" -quiet -O3 -mavx2 -mfma -dumpbase loop loop.cpp -o loop.s
loop_fused=$(sed -n '/^_Z4loop/,/\.cfi_endproc/p' loop.s | grep -c 'vfmadd.*pd' || true)
loop_apart=$(sed -n '/^_Z4loop/,/\.cfi_endproc/p' loop.s | grep -c 'vmulsd' || true)
straight_fused=$(sed -n '/^_Z8straight/,/\.cfi_endproc/p' loop.s | grep -c 'vfmadd' || true)
echo "loop: $loop_fused fused vector instructions, $loop_apart products apart; straight: $straight_fused fused"
((loop_fused > 0 && loop_apart > 0 && straight_fused == 0))
