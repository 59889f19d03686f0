#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that wants a GPU, on a machine that has one and a CUDA Toolkit, without a network:
# builds for that GPU, runs all tests on it, compute-sanitizer over them, benchmarks, and the
# comparison with PyTorch. Installs nothing. Ends with one line a step: passed, failed or skipped
# (and why). Exit status 0 only if nothing failed.
# Usage: device_check.sh [OPTIONS] [STAGE...]
#   STAGE          of build, test, sanitize, benchmark; default: all. Each takes what the build made,
#                  so they can be given to one call each where a machine is lent for minutes only.
#   --quick        smaller shares of sanitize and benchmark, so that each stage takes minutes
#   --tools LIST   of sanitize (default: memcheck,racecheck,initcheck,synccheck)
#   --out FOLDER   of logs and results (default: $OUT, or build/device/out)
#   --build FOLDER (default: build/device)
#   --jobs N       parallel compilations (default: a core each, as far as memory goes)
#   --arch A       of the GPU as CMake takes it (default: this machine's GPU, or 90)
#   --googletest FOLDER, --benchmark FOLDER, --eigen FOLDER
#                  sources of GoogleTest and Google Benchmark, headers of Eigen, where the system has
#                  none. Looked for in /usr/src and beside this repository in third_party/ too.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/device
out=${OUT:-}
jobs="" arch="" quick=0
tools=memcheck,racecheck,initcheck,synccheck
googletest="" benchmark="" eigen=""
stages=()

usage() { sed -n '3,/^set -uo/p' "${BASH_SOURCE[0]}" | sed '$d; s/^# \{0,1\}//'; }
while (($#)); do
  case $1 in
    --quick) quick=1 ;;
    --out | --build | --jobs | --arch | --tools | --googletest | --benchmark | --eigen)
      (($# > 1)) || { echo "device_check.sh: $1 wants a value" >&2; exit 2; }
      printf -v "${1#--}" %s "$2"
      shift
      ;;
    --help | -h) usage; exit 0 ;;
    build | test | sanitize | benchmark) stages+=("$1") ;;
    *) echo "device_check.sh: unknown: $1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
((${#stages[@]})) || stages=(build test sanitize benchmark)
mkdir -p "$build" || exit 2
build=$(cd "$build" && pwd)
out=${out:-$build/out}
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 2
if [[ -z $jobs ]]; then
  # nvcc takes up to 2 GiB a unit.
  jobs=$(nproc)
  memory=$(awk '/MemAvailable/ { print int($2 / 2097152) }' /proc/meminfo)
  ((memory >= 1)) || memory=1
  ((jobs <= memory)) || jobs=$memory
fi

summary=()
failures=0
note() { # STATE STEP SECONDS [WHY]
  summary+=("$(printf '%-8s %-24s %4d s  %s' "$1" "$2" "$3" "${4:-}")")
  printf '== %s\n' "${summary[-1]}"
  [[ $1 != failed ]] || failures=$((failures + 1))
}
skip() { note skipped "$1" 0 "$2"; } # STEP WHY

# Runs a command with a limit; its output goes to OUT/STEP.log. Exit status 77 means skipped, and
# the log's last line says why.
step() { # STEP LIMIT COMMAND...
  local name=$1 limit=$2 begin=$SECONDS status
  shift 2
  printf '\n== %s, at most %d s\n' "$name" "$limit"
  timeout --kill-after=10 "$limit" "$@" >"$out/$name.log" 2>&1
  status=$?
  local took=$((SECONDS - begin))
  case $status in
    0) note passed "$name" $took ;;
    77) note skipped "$name" $took "$(tail -n 1 "$out/$name.log")" ;;
    124 | 137) note failed "$name" $took "over its limit of $limit s; $name.log" ;;
    *)
      tail -n 25 "$out/$name.log"
      note failed "$name" $took "status $status; $name.log"
      ;;
  esac
  return $status
}

wants() { [[ " ${stages[*]} " == *" $1 "* ]]; }

# The toolkit may lie outside PATH.
for folder in "${CUDA_PATH:-}" "${CUDA_HOME:-}" /usr/local/cuda; do
  [[ -n $folder && -d $folder/bin ]] && PATH=$PATH:$folder/bin:$folder/compute-sanitizer
done
if nvcc=$(command -v nvcc); then
  # Where CMake looks for the toolkit's CCCL.
  export CUDA_PATH=${CUDA_PATH:-$(dirname "$(dirname "$(readlink -f "$nvcc")")")}
fi
gpu=""
if command -v nvidia-smi >/dev/null; then
  gpu=$(nvidia-smi --query-gpu=name,compute_cap,driver_version,memory.total --format=csv,noheader \
    2>/dev/null | grep -m 1 ,)
fi
no_gpu="no CUDA device"
if [[ -z $arch ]]; then
  arch=$(sed -n 's/^[^,]*, *\([0-9]*\)\.\([0-9]*\),.*/\1\2/p' <<<"$gpu")
  arch=${arch:-90}
fi
# Without nvidia-smi there may be one all the same.
[[ -z $gpu && -e /dev/nvidiactl ]] && gpu="unknown GPU"
{
  echo "gpu: ${gpu:-none}"
  echo "nvcc: $(nvcc --version 2>/dev/null | tail -n 2 | head -n 1)"
  echo "compiler: $(c++ --version 2>/dev/null | head -n 1)"
  echo "cores: $(nproc), jobs: $jobs, architecture: $arch"
  echo "commit: $(git -C "$root" -c safe.directory='*' describe --always --dirty 2>/dev/null)"
} | tee "$out/machine.txt"

# ---- build --------------------------------------------------------------------------------------

prefix=$build/prefix
# Builds a dependency from carried sources, unless that was done before.
from_sources() { # NAME FOLDER OPTIONS...
  local name=$1 source=$2
  shift 2
  [[ -n $source && -f $source/CMakeLists.txt && ! -e $prefix/$name.done ]] || return 0
  step "build_$name" 240 bash -c '
    set -e
    source=$1 folder=$2 prefix=$3 jobs=$4
    shift 4
    cmake -S "$source" -B "$folder" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" \
      -DCMAKE_INSTALL_LIBDIR=lib "$@"
    cmake --build "$folder" --parallel "$jobs"
    cmake --install "$folder"' - "$source" "$build/$name" "$prefix" "$jobs" "$@" &&
    touch "$prefix/$name.done"
}
# Headers alone have no package that CMake could find: it gets one.
eigen_package() { # FOLDER
  local folder=$prefix/lib/cmake/Eigen3
  mkdir -p "$folder"
  cat >"$folder/Eigen3Config.cmake" <<END
if(NOT TARGET Eigen3::Eigen)
  add_library(Eigen3::Eigen INTERFACE IMPORTED)
  set_target_properties(Eigen3::Eigen PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "$1")
endif()
END
  cat >"$folder/Eigen3ConfigVersion.cmake" <<END
set(PACKAGE_VERSION 3.4.0)
set(PACKAGE_VERSION_COMPATIBLE TRUE)
END
}
first_folder() { # FILE FOLDER...: the first folder that has the file
  local file=$1 folder
  shift
  for folder in "$@"; do
    [[ -n $folder && -e $folder/$file ]] && { (cd "$folder" && pwd); return 0; }
  done
  return 1
}
# Which of the packages CMake finds on this system.
found_packages() {
  local folder=$build/probe
  mkdir -p "$folder"
  cat >"$folder/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(probe CXX)
foreach(package GTest benchmark Eigen3)
  find_package(${package} QUIET)
  if(${package}_FOUND)
    message(STATUS "found-package ${package}")
  endif()
endforeach()
END
  rm -rf "$folder/build"
  cmake -S "$folder" -B "$folder/build" 2>/dev/null | sed -n 's/.*found-package //p'
}
configure() {
  local generator=()
  command -v ninja >/dev/null && generator=(-G Ninja)
  cmake -S "$root" -B "$build" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DCOUPLEFACE_ALL_CUDA_TESTS=ON \
    -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CUDA_ARCHITECTURES="$arch" -DCOUPLEFACE_CUDA=ON \
    -DCOUPLEFACE_BACKENDS= -DCOUPLEFACE_HOST_PROGRAMS=OFF -DCOUPLEFACE_REPOSITORY_TESTS=OFF \
    -DCOUPLEFACE_INSTALL=OFF -DCOUPLEFACE_TEST_PREFIX=cuda/ -DCOUPLEFACE_DOWNLOAD_CCCL=OFF \
    -DCOUPLEFACE_WARNINGS_ARE_ERRORS=OFF -DCMAKE_CUDA_COMPILER="$nvcc"
}
build_targets() { # of all targets those that a device runs
  local targets=() target there
  there=$(cmake --build "$build" --target help)
  for target in coupleface_cuda_tests coupleface_device_c device_bench example_cuda_training_step \
    train_student; do
    grep -qE "(^|[ /])$target(:|\$)" <<<"$there" && targets+=("$target")
  done
  # What does not compile is no reason to leave the rest unbuilt.
  local on=(-k)
  [[ -e $build/build.ninja ]] && on=(-k 0)
  cmake --build "$build" --parallel "$jobs" --target "${targets[@]}" -- "${on[@]}"
}
third_party=$root/../third_party
if wants build; then
  mkdir -p "$prefix"
  found=$(found_packages)
  has_package() { grep -qx "$1" <<<"$found"; }
  if [[ -n $googletest ]] || ! has_package GTest; then
    from_sources googletest "$(first_folder CMakeLists.txt "$googletest" \
      "$root/third_party/googletest" "$third_party/googletest" /usr/src/googletest)" \
      -DBUILD_GMOCK=OFF
  fi
  if [[ -n $benchmark ]] || ! has_package benchmark; then
    from_sources benchmark "$(first_folder CMakeLists.txt "$benchmark" \
      "$root/third_party/benchmark" "$third_party/benchmark")" \
      -DBENCHMARK_ENABLE_TESTING=OFF -DBENCHMARK_ENABLE_GTEST_TESTS=OFF
  fi
  if [[ -n $eigen ]] || ! has_package Eigen3; then
    if folder=$(first_folder Eigen/Core "$eigen" "$root/third_party/eigen" "$third_party/eigen" \
      /usr/include/eigen3 /usr/local/include/eigen3); then
      eigen_package "$folder"
    fi
  fi
  export -f configure build_targets
  export root build prefix arch jobs nvcc
  [[ -n $nvcc ]] || echo "device_check.sh: nvcc was not found" >&2
  step configure 120 bash -c configure && step build 580 bash -c build_targets
fi
tests_are_built() { # STEP: or says that it failed
  [[ -x $tests ]] || { note failed "$1" 0 "the tests were not built: stage build"; return 1; }
}

# ---- test ---------------------------------------------------------------------------------------

tests=$build/tests/coupleface_cuda_tests
if wants test; then
  if tests_are_built test; then
    if [[ -z $gpu ]]; then
      # Rather from the tests themselves than from nvidia-smi: skipped is what they must say.
      step test 300 bash -c '"$1" --gtest_brief=1 | tee "$2" | tail -n 1
        grep -q "no CUDA device" "$2" && { tail -n 1 "$2"; exit 77; }' - "$tests" "$out/tests.txt"
    else
      step test 580 ctest --test-dir "$build" --label-regex '^gpu$' --parallel 4 \
        --output-on-failure --no-tests=error --output-junit "$out/tests.xml"
      grep -E 'tests passed|Skipped' "$out/test.log" | head -n 5
    fi
  fi
fi

# ---- sanitize -----------------------------------------------------------------------------------

# Sweeps of shapes are left out: a tool slows kernels down up to a hundredfold.
if wants sanitize; then
  limit=550
  filter="*-*plain_loop*:*central_differences*"
  if ((quick)); then
    limit=120
    filter="stream.*:graph.*:*hand_computed*:*same_bits_every_time*:feature_bank.*"
    filter+=":device_mine_nearest.rows_among*:device_mining.random:device_mining.gap*"
  fi
  for tool in ${tools//,/ }; do
    if [[ -z $gpu ]]; then
      skip "sanitize_$tool" "$no_gpu"
    elif ! command -v compute-sanitizer >/dev/null; then
      skip "sanitize_$tool" "compute-sanitizer was not found"
    elif tests_are_built "sanitize_$tool"; then
      # A machine that does not let the tool in says so before any test has run.
      step "sanitize_$tool" $limit bash -c '
        log=$1
        shift
        "$@" && exit 0
        status=$?
        if grep -q "Device not supported\|Unable to find injection\|not supported on this" "$log"; then
          echo "this machine does not allow it: $(grep -m 1 "not supported\|Unable" "$log")"
          exit 77
        fi
        exit $status' - "$out/sanitize_$tool.log" compute-sanitizer --tool "$tool" \
        --error-exitcode 99 --launch-timeout 60 "$tests" --gtest_brief=1 --gtest_filter="$filter"
    fi
  done
fi

# ---- benchmark ----------------------------------------------------------------------------------

if wants benchmark; then
  bench=$build/benchmarks/device/device_bench
  library=$build/benchmarks/device/libcoupleface_device_c.so
  if [[ ! -x $bench ]]; then
    skip benchmark "device_bench was not built: stage build, and Google Benchmark"
  else
    options=(--benchmark_out="$out/device_bench.json" --benchmark_out_format=json)
    ((quick)) && options+=(--benchmark_filter='copy/MiB:1024|bfloat16|n:85742/d:512/k:100|n:1024|65536')
    step benchmark $((quick ? 200 : 300)) "$bench" "${options[@]}"
    [[ -n $gpu ]] && cat "$out/benchmark.log"
  fi
  python=""
  for candidate in "${PYTHON:-}" python3 /usr/bin/python3; do
    [[ -n $candidate ]] && "$candidate" -c 'import torch' 2>/dev/null && { python=$candidate; break; }
  done
  if [[ -z $python ]]; then
    skip compare "no python3 here has PyTorch"
  elif [[ -z $gpu ]]; then
    skip compare "$no_gpu"
  elif [[ ! -e $library ]]; then
    skip compare "$(basename "$library") was not built"
  else
    options=(--library "$library" --out "$out")
    ((quick)) && options+=(--repeat 10)
    step compare $((quick ? 350 : 560)) "$python" "$root/benchmarks/peers/compare_device.py" "${options[@]}"
    grep -E '^(ratio|share|floor) ' "$out/compare.log"
  fi
fi

printf '\n== device_check.sh: %d s, %s; logs in %s\n' "$SECONDS" "${gpu:-$no_gpu}" "$out"
printf '%s\n' "${summary[@]}" | tee "$out/summary.txt"
((failures == 0))
