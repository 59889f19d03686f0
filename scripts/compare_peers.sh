#!/usr/bin/env bash
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
# The wheel asks for all of CUDA, gigabytes of it, and uses none of that on a CPU: first what it
# needs everywhere, then only those libraries without which it cannot be imported.
"${install[@]}" --no-deps torch
requirements() { # EXPRESSION of r, one of torch's requirements, and of w, a word
  "$venv/bin/python" - "$@" <<'END'
import importlib.metadata, re, sys
word = (sys.argv[1:] or [""])[0]
for text in importlib.metadata.requires("torch"):
    name, _, condition = text.partition(";")
    if not word and not condition:
        print(name)
    elif word and "extra" not in condition:
        package, bracket, rest = name.partition("[")
        extras, _, version = rest.partition("]")
        if word in extras.split(","):
            print(f"{package}[{word}]{version}")
        elif not bracket and word in package:
            print(name.strip())
END
}
mapfile -t everywhere < <(requirements)
"${install[@]}" --upgrade-strategy only-if-needed "${everywhere[@]}"
libraries='cublas|cudart|cudnn|cufft|cufile|cupti|cusolver|cusparselt|cusparse|nccl|nvjitlink|nvrtc'
libraries+='|nvshmem|nvtx'
tried=""
until error=$("$venv/bin/python" -c 'import torch' 2>&1); do
  library=$(tail -n 1 <<<"$error" | grep -oiE "$libraries" | tail -n 1 | tr '[:upper:]' '[:lower:]')
  if [[ -z $library || " $tried " == *" $library "* ]]; then
    printf '%s\n' "$error" >&2
    echo "compare_peers.sh: PyTorch cannot be imported" >&2
    exit 1
  fi
  tried+=" $library"
  mapfile -t wheels < <(requirements "$library")
  echo "compare_peers.sh: PyTorch's wheel needs ${wheels[*]}"
  if [[ ${wheels[*]} == cuda-toolkit* ]]; then
    "${install[@]}" "${wheels[@]}" # it holds nothing itself, but depends on the wheel that does
  else
    "${install[@]}" --no-deps "${wheels[@]}"
  fi
done

say "building the library's C interface"
cd "$root"
cmake --preset host -DCOUPLEFACE_BENCHMARKS=ON
cmake --build --preset host --target coupleface_c
library=$root/build/host/benchmarks/peers/libcoupleface_c.so

# OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE would choose OpenBLAS's kernels, the others the threads.
clean=(env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE -u OMP_NUM_THREADS -u OPENBLAS_NUM_THREADS
  -u MKL_NUM_THREADS)
mkdir -p "$out"
measure() { # LABEL PYTHON OPTIONS...
  local label=$1 python=$2
  shift 2
  say "measuring beside the peers of $label"
  "${clean[@]}" "$python" "$compare" --library "$library" --label "$label" --out "$out" "$@" |
    tee "$out/compare_$label.txt"
}
measure debian "$system" "$@"
measure wheel "$venv/bin/python" --curves "$@"

say "all comparisons; tables, raw times and plots are in $out"
grep -hE '^(ratio|disturbed) ' "$out"/compare_{debian,wheel}.txt
