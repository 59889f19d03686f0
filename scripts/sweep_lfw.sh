#!/usr/bin/env bash
# The real-face results of docs/training.md: one-axis sweeps of CoupleFace's settings, chosen on
# folds 0 to 4 of the dev pairs, and the four methods over five seeds, reported on folds 5 to 9.
# Can be stopped and started again: finished runs are kept, an unfinished one continues.
# Usage: sweep_lfw.sh [sweep|headline]...    default: both
#   LFW    folder with list.csv, images, teacher_dlib_128.npy, dev_pairs.csv
#          (default: lfw in $COUPLEFACE_DATA, or in ../shared/data beside the project)
#   OUT    folder of the results (default: build/lfw)
#   JOBS   runs at a time, each on one thread (default: the number of cores)
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
LFW=${LFW:-${COUPLEFACE_DATA:-$root/../shared/data}/lfw}
OUT=${OUT:-$root/build/lfw}
JOBS=${JOBS:-$(nproc)}
program=${PROGRAM:-$root/build/host/examples/train_student/train_student}

[[ -f $LFW/list.csv ]] || { echo "sweep_lfw.sh: no list.csv in $LFW; set LFW" >&2; exit 1; }
[[ -x $program ]] || { echo "sweep_lfw.sh: no $program; build the preset host" >&2; exit 1; }
mkdir -p "$OUT"

common=(--data "$LFW" --list "$LFW/list.csv" --teacher-embeddings "$LFW/teacher_dlib_128.npy"
  --eval-pairs "$LFW/dev_pairs.csv" --threads 1 --select-folds 0-4
  --epochs 8 --side 32 --batch 128 --lr 1 --shift 1)

# One line a run: NAME OPTIONS. The first is the point from which every axis starts.
sweep() {
  echo "base --method coupleface"
  for k in 10 30 300; do echo "k_$k --method coupleface --k $k"; done
  for q in 0 0.01 0.1; do echo "q_$q --method coupleface --q $q"; done
  for lambda in 1 3 30; do echo "lambda_$lambda --method coupleface --lambda $lambda"; done
  for penalty in absolute squared smooth_l1 dead_zone; do
    echo "penalty_$penalty --method coupleface --penalty $penalty"
  done
  for bank in frozen ema ring; do echo "bank_$bank --method coupleface --bank $bank"; done
  echo "uncentred --method coupleface --no-centre-teacher"
  echo "uncentred_q_0.003 --method coupleface --no-centre-teacher --q 0.003"
  echo "uncentred_fcd --method fcd --no-centre-teacher"
  echo "fcd --method fcd"
}

headline() {
  for seed in 1 2 3 4 5; do
    for method in fcd coupleface supervised mrd; do echo "$method --method $method --seed $seed"; done
  done
}

run() {  # FOLDER OPTIONS...
  local folder=$1
  shift
  "$program" "${common[@]}" "$@" --out "$folder" >"$folder.$$.log" 2>&1 ||
    { echo "failed: $*; see $folder.$$.log" >&2; return 1; }
  rm -f "$folder.$$.log"
  printf '%s  done: %s\n' "$(date +%T)" "$*"
}

# Runs the lines of standard input, JOBS at a time.
run_all() {  # KIND OPTIONS...
  local kind=$1
  shift
  mkdir -p "$OUT/$kind"
  while read -r name options; do
    while (($(jobs -rp | wc -l) >= JOBS)); do wait -n; done
    # shellcheck disable=SC2086
    run "$OUT/$kind/$([[ $kind == sweep ]] && echo "$name" || echo "run_${options//[^a-z0-9]/}")" \
      "$@" $options &
  done
  while (($(jobs -rp | wc -l) > 0)); do wait -n; done
}

kinds=("$@")
((${#kinds[@]})) || kinds=(headline sweep)
for kind in "${kinds[@]}"; do
  case $kind in
    sweep)
      sweep | run_all sweep --report-folds 0-4
      {
        echo "run,accuracy,tar_1e2,tar_1e3,eer"
        sweep | while read -r name _; do
          tail -n 1 "$OUT/sweep/$name/table.csv" | awk -F, -v name="$name" \
            '{ printf "%s,%s,%s,%s,%s\n", name, $3, $5, $7, $9 }'
        done
      } >"$OUT/sweep.csv"
      column -s, -t "$OUT/sweep.csv"
      ;;
    headline)
      headline | run_all headline --report-folds 5-9
      # The finished runs together: one table, with differences and their intervals.
      mkdir -p "$OUT/headline/all"
      for folder in "$OUT"/headline/run_*/*_seed*; do
        cp -r -n "$folder" "$OUT/headline/all/"
      done
      "$program" "${common[@]}" --report-folds 5-9 --compare --seeds 5 --out "$OUT/headline/all"
      ;;
    *) echo "sweep_lfw.sh: unknown part '$kind'" >&2; exit 1 ;;
  esac
done
