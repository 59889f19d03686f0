#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The results of torch_student on real faces in docs/training.md: MobileFaceNet after dlib's
# embeddings, supervised, by FCD and by CoupleFace; first without masks, then a table that has them
# also with masks drawn over half of the training faces. Settings were chosen on folds 0 to 4 of the
# dev pairs, the tables are on folds 5 to 9.
# Can be stopped and started again: finished runs are kept, an unfinished one continues.
# Usage: torch_lfw.sh [METHOD]...    default: supervised fcd coupleface
#   LFW     folder with list.csv, images, teacher_dlib_128.npy, landmarks_5.npy, dev_pairs.csv
#           (default: lfw in $COUPLEFACE_DATA, or in ../shared/data beside the project)
#   OUT     folder of the results (default: build/torch_lfw)
#   THREADS of each run (default: 2). The bits of a run depend on it
#   EPOCHS, SIDE  of every run (default: 10 epochs at 48 pixels). Fewer, with another OUT, show
#           whether everything works
#   PROGRAM (default: torch_student of scripts/check_torch_wheel.sh, else of the preset host)
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LFW=${LFW:-${COUPLEFACE_DATA:-$root/../shared/data}/lfw}
OUT=${OUT:-$root/build/torch_lfw}
program=${PROGRAM:-}
for build in torch_wheel host; do
  built=$root/build/$build/examples/torch_student/torch_student
  if [[ -z $program && -x $built ]]; then program=$built; fi
done

[[ -f $LFW/list.csv ]] || { echo "torch_lfw.sh: no list.csv in $LFW; set LFW" >&2; exit 1; }
[[ -x $program ]] || {
  echo "torch_lfw.sh: no torch_student; build the preset host, or run check_torch_wheel.sh" >&2
  exit 1
}
methods=("$@")
((${#methods[@]})) || methods=(supervised fcd coupleface)
mkdir -p "$OUT"

# Threads that wait at full speed would take the cores from libtorch's own.
export OMP_WAIT_POLICY=passive
for shares in 0 0,0.5; do
  "$program" --data "$LFW" --list "$LFW/list.csv" \
    --teacher-embeddings "$LFW/teacher_dlib_128.npy" --landmarks "$LFW/landmarks_5.npy" \
    --eval-pairs "$LFW/dev_pairs.csv" --select-folds 0-4 --report-folds 5-9 \
    --method "$(IFS=, && echo "${methods[*]}")" --mask-share "$shares" \
    --side "${SIDE:-48}" --epochs "${EPOCHS:-10}" --batch 64 --shift 2 --lr 0.4 \
    --threads "${THREADS:-2}" --out "$OUT"
done
