#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds what needs libtorch against a PyTorch wheel rather than Debian's package, runs its tests,
# and PyTorch's own gradcheck on the losses.
# Usage: check_torch_wheel.sh [PYTHON]    one that can import torch; without it the newest wheel is
#                                         installed into build/torch_wheel/venv
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/torch_wheel

say() { printf '\n== check_torch_wheel.sh [%4d s]: %s\n' "$SECONDS" "$*"; }

python=${1:-}
if [[ -z $python ]]; then
  say "installing the wheel"
  python3 -m venv "$build/venv"
  python=$build/venv/bin/python
  "$python" -m pip install --quiet torch
fi
wheel=$("$python" -c 'import os, torch; print(os.path.dirname(torch.__file__))')
say "PyTorch $("$python" -c 'import torch; print(torch.__version__)')"

# C++20: newer wheels' headers ask for it. Caffe2_DIR: its configuration would take Debian's, if that is there too.
# allow-shlib-undefined: the wheel's libraries find those that they need when they are loaded.
# TORCH_CUDA_ARCH_LIST: or a wheel with CUDA looks for GPUs, by a test in C++20 that nvcc refuses.
TORCH_CUDA_ARCH_LIST=9.0 cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_STANDARD=20 -DCOUPLEFACE_CUDA=OFF \
  -DCOUPLEFACE_BENCHMARKS=OFF -DCOUPLEFACE_REPOSITORY_TESTS=OFF -DCOUPLEFACE_BACKENDS=omp \
  -DCOUPLEFACE_TEST_PREFIX=wheel/ -DTorch_DIR="$wheel/share/cmake/Torch" \
  -DCaffe2_DIR="$wheel/share/cmake/Caffe2" \
  -DCMAKE_EXE_LINKER_FLAGS=-Wl,--allow-shlib-undefined
cmake --build "$build" --parallel "$(nproc)" \
  --target coupleface_torch_tests coupleface_torch_operators torch_student
say "tests"
ctest --test-dir "$build" --output-on-failure --no-tests=error --tests-regex 'wheel/.*torch'
say "gradcheck"
"$python" "$root/tests/interop/torch/gradcheck.py" \
  "$build/tests/interop/torch/libcoupleface_torch_operators.so"
