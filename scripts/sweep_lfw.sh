#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The real-face results of docs/training.md: one-axis sweeps of CoupleFace's settings, chosen on
# folds 0 to 4 of the dev pairs; the four methods over five seeds, reported on folds 5 to 9; and
# CoupleFace under every mining strategy, one seed each on folds 0 to 4, then the best four and the
# worst of them over five seeds on folds 5 to 9.
# Can be stopped and started again: finished runs are kept, an unfinished one continues.
# Usage: sweep_lfw.sh [sweep|headline|mining]...    default: all
#   LFW    folder with list.csv, images, teacher_dlib_128.npy, dev_pairs.csv
#          (default: lfw in $COUPLEFACE_DATA, or in ../shared/data beside the project)
#   OUT    folder of the results (default: build/lfw)
#   JOBS   runs at a time, each on one thread (default: the number of cores)
#   EPOCHS of every run (default: 8). Fewer, with another OUT, show whether everything works
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
  --epochs "${EPOCHS:-8}" --side 32 --batch 128 --lr 1 --shift 1)

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

strategies=(nearest random rank_window similarity_window mixed in_batch bank gap absolute_gap
  teacher_order relative_margin)

mining_seed_1() {
  echo "fcd_1 --method fcd"
  for strategy in "${strategies[@]}"; do
    echo "${strategy}_1 --method coupleface --mining $strategy"
  done
}

more_mining_seeds() {  # STRATEGY...
  for seed in 2 3 4 5; do
    for strategy in "$@"; do
      echo "${strategy}_$seed --method coupleface --mining $strategy --seed $seed"
    done
  done
}

# Of a finished run, in percent: its last epoch on the folds that are seen during training, while
# its own table is on the others. One training serves both.
on_select_folds() {  # NAME FOLDER
  python3 - "$1" "$2"/*_seed1/result.json <<'end'
import json, sys
with open(sys.argv[2]) as file:
    result = json.load(file)
last = result["epochs"][-1]
percent = [100 * last[name] for name in ("accuracy", "tar_1e2", "tar_1e3", "eer")]
print(sys.argv[1], *("%.2f" % value for value in percent), "%.1f" % result["seconds"], sep=",")
end
}

# mining_seed_1.csv and the table of five seeds, side by side.
mining_table() {  # FORMAT
  awk -F, -v format="$1" '
    function cell(mean, deviation) {
      if (mean == "") return format == "csv" ? "," : "-"
      return sprintf(format == "csv" ? "%.2f,%.2f" : "%.2f ± %.2f", mean, deviation)
    }
    NR == FNR { if (FNR > 1) { five[$1] = cell($3, $4); tar2[$1] = cell($5, $6)
                               tar3[$1] = cell($7, $8) }; next }
    FNR == 1 {
      if (format == "csv") print "strategy,accuracy,tar_1e2,tar_1e3,eer,seconds," \
        "accuracy_5_seeds,accuracy_deviation,tar_1e2_5_seeds,tar_1e2_deviation," \
        "tar_1e3_5_seeds,tar_1e3_deviation"
      else print "| strategy | accuracy % | TAR@FAR=1e-2 % | TAR@FAR=1e-3 % | EER % | seconds " \
        "| 5 seeds: accuracy % | TAR@FAR=1e-2 % | TAR@FAR=1e-3 % |\n" \
        "|---|---|---|---|---|---|---|---|---|"
      next
    }
    {
      # The program names a run of the strategy that is its default by the method alone.
      key = $1 == "nearest" ? "coupleface" : "coupleface_" $1
      if (!(key in five)) five[key] = tar2[key] = tar3[key] = cell("", "")
      if (format == "csv") print $0 "," five[key] "," tar2[key] "," tar3[key]
      else print "| " $1 " | " $2 " | " $3 " | " $4 " | " $5 " | " $6 " | " \
        five[key] " | " tar2[key] " | " tar3[key] " |"
    }' "$OUT/mining/all/table.csv" "$OUT/mining_seed_1.csv"
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
    # The headline has one method under several seeds.
    if [[ $kind == headline ]]; then name=run_${options//[^a-z0-9]/}; fi
    # shellcheck disable=SC2086
    run "$OUT/$kind/$name" "$@" $options &
  done
  while (($(jobs -rp | wc -l) > 0)); do wait -n; done
}

kinds=("$@")
((${#kinds[@]})) || kinds=(headline sweep mining)
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
    mining)
      mining_seed_1 | run_all mining --report-folds 5-9
      {
        echo "strategy,accuracy,tar_1e2,tar_1e3,eer,seconds"
        for strategy in fcd "${strategies[@]}"; do
          on_select_folds "$strategy" "$OUT/mining/${strategy}_1"
        done
      } >"$OUT/mining_seed_1.csv"
      column -s, -t "$OUT/mining_seed_1.csv"
      mapfile -t ranked < <(tail -n +3 "$OUT/mining_seed_1.csv" | sort -s -t, -k2,2gr | cut -d, -f1)
      chosen=("${ranked[@]:0:4}" "${ranked[-1]}")
      echo "over five seeds: ${chosen[*]}"
      more_mining_seeds "${chosen[@]}" | run_all mining --report-folds 5-9
      # The finished runs together: their table, with differences and their intervals.
      mkdir -p "$OUT/mining/all"
      for strategy in "${chosen[@]}"; do
        for folder in "$OUT/mining/$strategy"_[1-5]/*_seed*; do
          cp -r -n "$folder" "$OUT/mining/all/"
        done
      done
      "$program" "${common[@]}" --report-folds 5-9 --method coupleface --seeds 5 \
        --mining "$(IFS=, && echo "${chosen[*]}")" --out "$OUT/mining/all"
      mining_table csv >"$OUT/mining.csv"
      mining_table markdown | tee "$OUT/mining.md"
      ;;
    *) echo "sweep_lfw.sh: unknown part '$kind'" >&2; exit 1 ;;
  esac
done
