#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures the library beside what people would use instead: FAISS, PyTorch and OpenBLAS, as Debian
# packages them and as the newest wheels of PyPI, and beside the machine's own limits. Installs them
# (a virtual environment in build/peers/venv), compares every result, then times. Can be run again.
# Needs an otherwise idle machine, about an hour, 10 GiB of disk and 10 GiB of memory.
# Usage: compare_peers.sh [options of benchmarks/peers/compare.py, whose --help lists them]
#   PEERS_OUT   folder of the results (default: build/peers/results)
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${PEERS_OUT:-$root/build/peers/results}
venv=$root/build/peers/venv
system=/usr/bin/python3
compare=$root/benchmarks/peers/compare.py

say() { printf '\n== compare_peers.sh [%4d s]: %s\n' "$SECONDS" "$*"; }

say "checking the Debian packages"
"$root/scripts/install_dependencies.sh"
packages=(python3-venv python3-numpy python3-faiss python3-torch
  libopenblas0-pthread libopenblas0-openmp)
installed=$(dpkg-query --show --showformat='${db:Status-Status}\n' "${packages[@]}" 2>/dev/null |
  grep -cx installed || true)
if ((installed < ${#packages[@]})); then
  as_root=()
  if ((EUID != 0)); then
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends "${packages[@]}"
fi

say "checking the wheels in $venv"
[[ -x $venv/bin/python ]] || "$system" -m venv "$venv"
install=("$venv/bin/pip" install --quiet --disable-pip-version-check --upgrade)
"${install[@]}" numpy faiss-cpu
"$root/scripts/install_torch.sh" "$venv"

say "building the library's C interface"
cd "$root"
cmake --preset host -DCOUPLEFACE_BENCHMARKS=ON
targets=(coupleface_c)
libraries=(--library "$root/build/host/benchmarks/peers/libcoupleface_c.so")
if [[ $(uname -m) == x86_64 ]]; then
  targets+=(coupleface_c_plain)
  libraries+=(--plain-library "$root/build/host/benchmarks/peers/libcoupleface_c_plain.so")
fi
cmake --build --preset host --target "${targets[@]}"

# OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE would choose OpenBLAS's kernels, the others the threads.
clean=(env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE -u OMP_NUM_THREADS -u OPENBLAS_NUM_THREADS
  -u MKL_NUM_THREADS)
mkdir -p "$out"
measure() { # LABEL PYTHON OPTIONS...
  local label=$1 python=$2
  shift 2
  say "measuring beside the peers of $label"
  "${clean[@]}" "$python" "$compare" "${libraries[@]}" --label "$label" --out "$out" "$@" |
    tee "$out/compare_$label.txt"
}
measure debian "$system" "$@"
measure wheel "$venv/bin/python" --curves "$@"
if grep -qw avx512f /proc/cpuinfo; then
  # As a processor without AVX-512 runs it; wheels alone, and one item: the search.
  say "measuring with everybody's kernels for AVX2"
  "${clean[@]}" "$venv/bin/python" "$compare" "${libraries[@]}" --label wheel --kernels avx2 \
    --out "$out" --only nearest "$@" | tee "$out/compare_wheel_avx2.txt"
fi

say "all comparisons; tables, raw times and plots are in $out"
grep -hE '^(ratio|build|disturbed) ' "$out"/compare_*.txt
