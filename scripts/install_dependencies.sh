#!/usr/bin/env bash
# Installs the Debian packages that building and testing need, those that are missing.
# Usage: install_dependencies.sh [--quickstart]    only what the training example needs
set -euo pipefail

packages=(
  g++ cmake ninja-build ca-certificates
  libeigen3-dev libtbb-dev # the library; OpenMP comes with g++
  libcli11-dev libjpeg-dev libpng-dev libwebp-dev gnuplot-nox # examples
  python3 python3-pip # download CCCL's headers where no CUDA Toolkit has them
)
if [[ ${1:-} != --quickstart ]]; then
  packages+=(
    git
    libgtest-dev libbenchmark-dev
    g++-aarch64-linux-gnu qemu-user # the tests for ARM64, which are skipped without them
    python3-venv # what the evaluation is compared with
    nlohmann-json3-dev # examples/evaluate
    libtorch-dev # interop/torch.hpp and examples/torch_student, which are left out without it
    clang clang-format libclang-rt-dev libomp-dev llvm # sanitizers, fuzzing, a second opinion
  )
fi

missing=()
for package in "${packages[@]}"; do
  if ! dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null |
    grep -qx installed; then
    missing+=("$package")
  fi
done
if ((${#missing[@]} == 0)); then
  echo "install_dependencies.sh: all packages are installed"
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  as_root=(sudo)
fi
echo "install_dependencies.sh: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  "${missing[@]}"
