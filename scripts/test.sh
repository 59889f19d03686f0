#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets a Debian 12 machine up, builds everything and runs every test. Can be run again: what is
# there is kept. With a CUDA Toolkit the CUDA targets are built too; tests on a GPU run where there
# is one.
# Usage: test.sh [PRESET...]    default: host asan tsan, and cuda where nvcc is found
#   COUPLEFACE_METRIC_LEARNING=1   pytorch-metric-learning too among the peers of the evaluation test:
#                                  its PyTorch is 2 GB and a minute and a half
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)

say() { printf '\n== test.sh [%4d s]: %s\n' "$SECONDS" "$*"; }

"$root/scripts/install_dependencies.sh"
cd "$root"

has_nvcc() { command -v nvcc >/dev/null || [[ -x /usr/local/cuda/bin/nvcc ]]; }
has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi --list-gpus 2>/dev/null | grep -q GPU; }

say "setting up the peers of the evaluation test"
peers=()
if [[ ${COUPLEFACE_METRIC_LEARNING:-0} == 1 ]]; then
  peers=(--metric-learning)
fi
"$root/scripts/install_evaluation_peers.sh" "${peers[@]}" ||
  say "no peers (no network?): the test that compares with them will say that it is skipped"

presets=("$@")
if ((${#presets[@]} == 0)); then
  presets=(host asan tsan)
  if has_nvcc; then
    presets+=(cuda)
  else
    say "no nvcc: the CUDA targets are left out"
  fi
fi

for preset in "${presets[@]}"; do
  say "building preset $preset into build/$preset"
  if [[ $preset == cuda ]] && has_gpu; then
    cmake --preset cuda -DCOUPLEFACE_ALL_CUDA_TESTS=ON
  else
    cmake --preset "$preset"
  fi
  cmake --build --preset "$preset" --parallel "$jobs"
done

# One run over the trees of all presets, so that one summary speaks for everything.
printf 'subdirs("%s")\n' "${presets[@]}" >build/CTestTestfile.cmake
options=(--test-dir build --parallel "$jobs" --output-on-failure --no-tests=error)
if ! has_gpu; then
  options+=(--label-exclude gpu)
  # Left out, but not in silence: the program says how many it would have run.
  if [[ " ${presets[*]} " == *" cuda "* ]]; then
    say "$(build/cuda/tests/coupleface_cuda_tests | tail -n 1)"
  fi
fi
if [[ ! -d ${COUPLEFACE_DATA:-$root/../shared/data} ]]; then
  say "no real faces (COUPLEFACE_DATA): tests that need them will say that they are skipped"
fi
say "running the tests of: ${presets[*]}"
ctest "${options[@]}"
