#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that building and testing need, those that are missing.
# Usage: install_dependencies.sh [--quickstart]    only what the training example needs
set -euo pipefail

packages=(
  g++ cmake ninja-build ca-certificates
  libeigen3-dev libtbb-dev # the library; OpenMP comes with g++
  libcli11-dev libjpeg-dev libpng-dev libwebp-dev libxxhash-dev nlohmann-json3-dev # examples
  gnuplot-nox # their plots
  python3 python3-pip # download CCCL's headers where no CUDA Toolkit has them
)
if [[ ${1:-} != --quickstart ]]; then
  packages+=(
    git
    doxygen # the reference
    pkgconf # a test of the installed coupleface.pc
    libgtest-dev libbenchmark-dev
    g++-aarch64-linux-gnu qemu-user # the tests for ARM64, which are skipped without them
    python3-venv # what the evaluation is compared with
    python3-dev pybind11-dev # examples/python_module
    python3-torch # its test
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
patience=600 # seconds for another run of apt to end
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout="$patience" -qq "$@"
}
# The option holds for packages; `update` gives up where another run holds the lists.
until message=$(apt update 2>&1); do
  if [[ $message != *"Could not get lock"* ]] || ((SECONDS > patience)); then
    printf '%s\n' "$message" >&2
    exit 1
  fi
  sleep 5
done
apt install -y --no-install-recommends "${missing[@]}"
