#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs compilers, CCCL, nvcc and Eigen of several versions and tries the library with all of them.
# Prints a table of Markdown. Not part of the tests, which have one cheap point of each row.
# Usage: check_toolchains.sh [--install] [--only REGEX] [ROW]...
#   --install     Debian packages first (with sudo where needed); wheels are always fetched by pip
#   --only REGEX  of those rows the lines whose first two columns match
#   ROW           compilers, zig, cccl, nvcc (the installed one), newest_nvcc, eigen, arm64, fortify or
#                 no_cuda; all without one
# Needs a configured build/host (cmake --preset host), whose generated headers it includes.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

if [[ ${1:-} == --install ]]; then
  shift
  as_root=()
  ((EUID == 0)) || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    g++-11 g++-12 clang-14 clang-16 clang-19 g++-aarch64-linux-gnu qemu-user libgtest-dev
fi
only=
if [[ ${1:-} == --only ]]; then
  only=$2
  shift 2
fi
rows=("$@")
((${#rows[@]})) || rows=(compilers zig cccl nvcc newest_nvcc eigen arm64 fortify no_cuda)

work=$PWD/build/toolchains
mkdir -p "$work"
cmake --preset host >"$work/configure.txt" 2>&1 || { cat "$work/configure.txt"; exit 1; }
headers=(-Iinclude -Ibuild/host/generated)
eigen=(-isystem /usr/include/eigen3)
cpp_system=(-DTHRUST_HOST_SYSTEM=THRUST_HOST_SYSTEM_CPP -DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP)
warnings=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Werror)
failures=0
minutes=20  # for one unit of a compiler that can be slow

# line WHAT VERSION RESULT
line() { printf '| %s | %s | %s |\n' "$1" "$2" "$3"; }

# try WHAT VERSION COMMAND...: a line of the table; the output of what fails lies in build/toolchains.
try() {
  local what=$1 version=$2 log code=0
  shift 2
  [[ "$what $version" =~ $only ]] || return 0
  log=$work/$(tr -c 'a-zA-Z0-9.+\n' _ <<<"$what $version").txt
  "$@" >"$log" 2>&1 || code=$?
  if ((code == 0)); then
    line "$what" "$version" passed
  elif ((code == 124)); then
    line "$what" "$version" "**not finished** in $minutes minutes"
    failures=$((failures + 1))
  else
    line "$what" "$version" "**failed**: $(grep -m1 -iE 'error' "$log" | cut -c1-120)"
    failures=$((failures + 1))
  fi
}

# wheel PACKAGE VERSION [PATH]: prints the folder into which pip's wheel (or what PATH is in it) is
# unpacked.
wheel() {
  local folder=$work/$1-$2 file
  if [[ ! -e $folder/complete ]]; then
    rm -rf "$folder" && mkdir -p "$folder"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
      --python-version 3.12 --dest "$folder" "$1==$2" >&2 || return 1
    for file in "$folder"/*.whl; do (cd "$folder" && cmake -E tar xf "$file" "${@:3}"); done
    rm "$folder"/*.whl
    touch "$folder/complete"
  fi
  echo "$folder"
}

# The folder above thrust/version.h, and the version there.
cccl_of() { dirname "$(dirname "$(find "$1" -path '*/thrust/version.h' | head -1)")"; }
version_of_cccl() {
  awk '$2 == "THRUST_VERSION" && $3 ~ /^[0-9]+$/ {
    printf "%d.%d.%d\n", $3 / 100000, $3 / 100 % 1000, $3 % 100 }' "$1/thrust/version.h"
}
default_cccl() {
  sed -n 's/^-- coupleface: CCCL headers from //p' "$work/configure.txt" | tail -1  # CMake may configure twice
}

try_compilers() {
  local compiler standard
  for compiler in g++-11 g++-12 clang++-14 clang++-16 clang++-19 clang++-22; do
    if ! command -v $compiler >/dev/null; then
      line "$compiler" - "not installed"
      continue
    fi
    for standard in 17 20 23; do
      try "every function, all warnings, C++$standard" "$compiler ($($compiler -dumpfullversion -dumpversion))" \
        $compiler -std=c++"${standard/23/2b}" -fsyntax-only \
        "${warnings[@]}" "${headers[@]}" "${cpp_system[@]}" -isystem "$(default_cccl)" "${eigen[@]}" \
        tests/every_function.cpp
    done
  done
}

try_zig() {
  local zig
  python3 -m venv "$work/zig" && "$work/zig/bin/pip" install --quiet ziglang >&2
  zig=$work/zig/bin/python
  # -c, since with -fsyntax-only zig first builds a libc++ to link.
  try "every function, all warnings, C++17, libc++" "zig c++ $("$zig" -m ziglang version)" \
    timeout "${minutes}m" "$zig" -m ziglang c++ -std=c++17 -c -o "$work/zig.o" "${warnings[@]}" "${headers[@]}" "${cpp_system[@]}" \
    -isystem "$(default_cccl)" "${eigen[@]}" tests/every_function.cpp
}

consumer() {  # COMPILER CCCL SYSTEM FLAGS...
  local compiler=$1 cccl=$2 system=$3
  shift 3
  $compiler -std=c++17 -O1 -fopenmp "${headers[@]}" -isystem "$cccl" "${eigen[@]}" \
    -DTHRUST_HOST_SYSTEM=THRUST_HOST_SYSTEM_CPP -DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_"$system" \
    tests/packaging/consumer.cpp -o "$work/consumer" "$@" && "$work/consumer"
}

try_cccl() {
  local entry cccl version system
  for entry in nvidia-cuda-cccl-cu12=12.3.101.post1 nvidia-cuda-cccl-cu12=12.6.77 \
    nvidia-cuda-cccl-cu12=12.9.27 nvidia-cuda-cccl=13.0.85 nvidia-cuda-cccl=13.1.115 \
    nvidia-cuda-cccl=13.2.86 nvidia-cuda-cccl=13.3.3.3.1 nvidia-cuda-cccl=13.3.5.0.6; do
    cccl=$(cccl_of "$(wheel "${entry%=*}" "${entry#*=}")")
    version="CCCL $(version_of_cccl "$cccl") (${entry%=*} ${entry#*=})"
    try "every function, all warnings, C++20" "$version" g++ -std=c++20 -fsyntax-only "${warnings[@]}" \
      "${headers[@]}" "${cpp_system[@]}" -isystem "$cccl" "${eigen[@]}" tests/every_function.cpp
    try "a program, cpp" "$version" consumer g++ "$cccl" CPP
    try "a program, omp" "$version" consumer g++ "$cccl" OMP
    try "a program, tbb" "$version" consumer g++ "$cccl" TBB -ltbb
    try "CMake finds it" "$version" cmake --fresh -G Ninja -S tests/packaging/cccl_search \
      -B "$work/cccl_search" "-DCOUPLEFACE_SOURCE=$PWD" "-DEXPECTED=$cccl" \
      "-DCMAKE_PREFIX_PATH=$(sed 's|/include.*||' <<<"$cccl")"
  done
}

# Both halves of a unit: the host's compiled by g++, the device's left as PTX in build/toolchains/ptx.
both_halves() {  # NVCC STANDARD ARCHITECTURE
  rm -rf "$work/ptx" && mkdir -p "$work/ptx"
  "$1" -std=c++"$2" -O0 -gencode "arch=compute_$3,code=compute_$3" \
    -c --keep --keep-dir "$work/ptx" -Werror=all-warnings -Iinclude "${eigen[@]}" \
    -DTHRUST_HOST_SYSTEM=THRUST_HOST_SYSTEM_CPP -DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CUDA \
    tests/device/main_kernels.cu -o "$work/kernels.o"
}
assemble() {  # NVCC ARCHITECTURE
  cmake -D "NVCC=$1" -D "SOURCE=$work/ptx/main_kernels.ptx" -D "OUTPUT=$work/kernels.cubin" \
    -P cmake/CheckSpills.cmake -- "-arch=sm_$2"
}

# PTX of the oldest card, of 8.0, where the library's own code changes, and of the newest, for which
# CCCL has code of its own. That of 8.0 is assembled for the cards between.
try_kernels() {  # NVCC
  local nvcc=$1 version unit standard virtual parts part
  version="nvcc $("$nvcc" --version | sed -n 's/.*V\([0-9.]*\)$/\1/p')"
  for unit in "17 75 75" "20 80 80 86 89 90 100" "17 120 120"; do
    read -r standard virtual parts <<<"$unit"
    try "main_kernels.cu, C++$standard, compute_$virtual" "$version" \
      both_halves "$nvcc" "$standard" "$virtual"
    for part in $parts; do
      try "that PTX for sm_$part, no spills" "$version" assemble "$nvcc" "$part"
    done
  done
}

try_nvcc() {
  local nvcc
  nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
  if [[ -x $nvcc ]]; then try_kernels "$nvcc"; else line nvcc - "not installed"; fi
}

try_newest_nvcc() {
  local root folder part
  root=$work/nvcc-13.5
  mkdir -p "$root"
  for part in cuda-nvcc=13.5.37 cuda-cccl=13.3.5.0.6 cuda-crt=13.5.37 cuda-runtime=13.5.37 nvvm=13.5.37; do
    folder=$(wheel nvidia-"${part%=*}" "${part#*=}") && cp -r "$folder/nvidia/cu13/." "$root"
  done
  folder=$(wheel nvidia-cublas 13.10.0.20 nvidia/cu13/include) && cp -r "$folder/nvidia/cu13/." "$root"
  chmod -R +x "$root/bin" "$root/nvvm/bin"
  try_kernels "$root/bin/nvcc"
}

try_eigen() {
  local eigen5
  eigen5=$(wheel eigency 5.0.1.1)/eigency/eigen
  try "tests/interop/eigen_test.cpp" "Eigen 3.4 (Debian)" eigen_test /usr/include/eigen3
  try "tests/interop/eigen_test.cpp" "Eigen 5.0.1 (in eigency 5.0.1.1)" eigen_test "$eigen5"
}
eigen_test() {
  g++ -std=c++17 -O1 "${headers[@]}" -Itests "${cpp_system[@]}" -isystem "$(default_cccl)" -isystem "$1" \
    tests/interop/eigen_test.cpp -o "$work/eigen_test" -lgtest -lgtest_main && "$work/eigen_test"
}

try_arm64() {
  cmake --build build/host --target coupleface_link_test >"$work/link_test.txt" 2>&1
  try "unit tests and digests in qemu" "g++ for ARM64 $(aarch64-linux-gnu-g++ -dumpfullversion)" \
    ctest --test-dir build/host -R '^arm64/' --output-on-failure --no-tests=error
}

try_fortify() {
  try "the emulator's tests with -D_FORTIFY_SOURCE=2" "g++ $(g++ -dumpfullversion)" emulator_test g++
  try "the emulator's tests with -D_FORTIFY_SOURCE=2" "clang++ $(clang++ -dumpversion)" emulator_test clang++
}
emulator_test() {
  "$1" -std=c++17 -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 "${headers[@]}" -Itests "${cpp_system[@]}" \
    "-DCOUPLEFACE_EMULATOR=<support/emulated_runtime.hpp>" -isystem "$(default_cccl)" "${eigen[@]}" \
    tests/device/emulator_test.cpp -o "$work/emulator_test" -lgtest -lgtest_main && "$work/emulator_test"
}

try_no_cuda() {
  try "coupleface::coupleface and thrust::seq, no header of CUDA" "g++ $(g++ -dumpfullversion)" \
    ctest --test-dir build/host -R '^packaging/(clean|install|explicit_policy_without_cuda)$' --no-tests=error
}

echo "| what | version | result |"
echo "| --- | --- | --- |"
for row in "${rows[@]}"; do
  if ! declare -F "try_$row" >/dev/null; then
    echo "check_toolchains.sh: no row '$row'" >&2
    exit 1
  fi
  "try_$row"
done
exit $((failures > 0))
