#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Mines two sets of the size of real ones with examples/mine_relations and prints time, memory and
# share of the processor's peak: the class count of MS1MV2, 85,742 x 512, and 1,000,000 x 128.
# Rows are normally distributed, made with NumPy. Interrupted, it goes on where it was.
# Usage: mine_large.sh [CLASSESxWIDTH...]
#   K        neighbours of a class (default: 100)
#   MEMORY   bytes of memory, the file's pages among them, by a control group (needs root): what a file
#            larger than memory takes
#   OUT      folder of data and results (default: build/large)
#   PYTHON   a Python with NumPy (default: the one of compare_peers.sh, else python3)
#   PROGRAM  mine_relations (default: of the preset host)
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
K=${K:-100}
OUT=${OUT:-$root/build/large}
PROGRAM=${PROGRAM:-$root/build/host/examples/mine_relations/mine_relations}
if [[ -z ${PYTHON:-} ]]; then
  PYTHON=python3
  [[ -x $root/build/peers/venv/bin/python ]] && PYTHON=$root/build/peers/venv/bin/python
fi

[[ -x $PROGRAM ]] || { echo "mine_large.sh: no $PROGRAM; build the preset host" >&2; exit 1; }
"$PYTHON" -c 'import numpy' || { echo "mine_large.sh: $PYTHON has no NumPy; set PYTHON" >&2; exit 1; }
mkdir -p "$OUT"

# limited FILE COMMAND...: with at most $MEMORY bytes, and none of the file in memory yet.
limited() (
  file=$1
  shift
  if [[ -n ${MEMORY:-} ]]; then
    sync "$file"  # pages still to be written stay
    dd if="$file" iflag=nocache count=0 status=none
    group=/sys/fs/cgroup/coupleface limit=memory.max
    if [[ -d /sys/fs/cgroup/memory ]]; then
      group=/sys/fs/cgroup/memory/coupleface limit=memory.limit_in_bytes
    fi
    mkdir -p "$group"
    echo "$MEMORY" >"$group/$limit"
    echo "$BASHPID" >"$group/cgroup.procs"
  fi
  exec "$@"
)

sizes=("$@")
((${#sizes[@]})) || sizes=(85742x512 1000000x128)
for size in "${sizes[@]}"; do
  rows=$OUT/rows_$size.npy
  if [[ ! -f $rows ]]; then
    "$PYTHON" - "$rows" "${size%x*}" "${size#*x}" <<'END'
import os
import sys

import numpy

path, rows, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
generator = numpy.random.default_rng(1)
with open(path + ".part", "wb") as file:
    numpy.lib.format.write_array_header_1_0(
        file, {"descr": "<f4", "fortran_order": False, "shape": (rows, width)})
    for first in range(0, rows, 10000):
        shape = (min(10000, rows - first), width)
        generator.standard_normal(shape, dtype=numpy.float32).tofile(file)
os.replace(path + ".part", path)
END
  fi
  printf '\n== mine_large.sh: %s, K = %s, %s threads\n' "$size" "$K" "$(nproc)"
  limited "$rows" "$PROGRAM" --prototypes "$rows" "$OUT/neighbours_$size.npy" "$OUT/values_$size.npy" \
    --k "$K" |& tee "$OUT/mined_$size.txt"
done
