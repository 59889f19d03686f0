#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every method of train_student on real faces. Settings are chosen on folds 0 to 4 of the dev pairs,
# with seed 1; tables are on folds 5 to 9.
#   lambda    each relation term with 0.1, 0.3, 1 and 3 times its default weight, in short runs;
#             keeps the weight with the highest accuracy on folds 0 to 4
#   methods   all methods with those weights, one seed
#   headline  the best five of them, fcd, supervised and coupleface, five seeds
#   mining    the best two of the methods *_mined under every strategy, one seed
#   share     coupleface with the weight as a share of the gradient: shares and quantiles with one
#             seed; then nearest, random and gap mining, each with the default weight and with one
#             share and quantile, five seeds
# Can be stopped and started again: finished runs are kept, an unfinished one continues. A part that
# needs an earlier one runs it first.
# Usage: sweep_methods.sh [lambda|methods|headline|mining|share]...    default: all
#   DATA    lfw or celeba (default: lfw): the folder's name in $COUPLEFACE_DATA, or in
#           ../shared/data beside the project; it has list.csv, images, teacher_dlib_128.npy,
#           dev_pairs.csv
#   OUT     folder of the results (default: build/methods_$DATA)
#   JOBS    runs at a time, each on one thread (default: the number of cores)
#   EPOCHS  of every run (default: 8). Fewer, with another OUT, show whether everything works
#   SHORT_EPOCHS  of a run of lambda (default: 3)
#   SHARE, QUANTILE  of the last runs of share (default: 0.3, 0.8)
#   METHODS only these, separated by blanks, besides supervised, fcd and coupleface (default: all)
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DATA=${DATA:-lfw}
folder=${COUPLEFACE_DATA:-$root/../shared/data}/$DATA
OUT=${OUT:-$root/build/methods_$DATA}
JOBS=${JOBS:-$(nproc)}
program=${PROGRAM:-$root/build/host/examples/train_student/train_student}

[[ -f $folder/list.csv ]] || { echo "sweep_methods.sh: no list.csv in $folder" >&2; exit 1; }
[[ -x $program ]] || { echo "sweep_methods.sh: no $program; build the preset host" >&2; exit 1; }
mkdir -p "$OUT/runs"

common=(--data "$folder" --list "$folder/list.csv"
  --teacher-embeddings "$folder/teacher_dlib_128.npy" --eval-pairs "$folder/dev_pairs.csv"
  --threads 1 --select-folds 0-4 --report-folds 5-9 --side 32 --batch 128 --lr 1 --shift 1)
epochs=${EPOCHS:-8}
SHARE=${SHARE:-0.3}
QUANTILE=${QUANTILE:-0.8}

strategies=(nearest random rank_window similarity_window mixed in_batch bank gap absolute_gap
  teacher_order relative_margin)

# "METHOD WEIGHT" of every relation term, from the text of --lambda.
default_weights() {
  "$program" --help | python3 -c '
import os, re, sys
text = re.sub(r"\s+", " ", sys.stdin.read())
wanted = os.environ.get("METHODS", "").split()
listed = re.search(r"each method has its own: (.*?);", text).group(1)
for weight, methods in re.findall(r"([0-9.e+-]+) \(([^)]*)\)", listed):
    for method in methods.split(", "):
        if not wanted or method in wanted or method == "coupleface":
            print(method, weight)
'
}

without_relations() {
  for method in supervised fcd angular fitnet; do
    if [[ -z ${METHODS:-} || $method == supervised || $method == fcd || " $METHODS " == *" $method "* ]]
    then echo "$method"; fi
  done
}

scaled() {  # FACTOR WEIGHT
  python3 -c 'import sys; print("%g" % (float(sys.argv[1]) * float(sys.argv[2])))' "$1" "$2"
}

run() {  # NAME OPTIONS...
  local to=$OUT/runs/$1
  shift
  [[ " $* " == *" --epochs "* ]] || set -- "$@" --epochs "$epochs"
  "$program" "${common[@]}" "$@" --out "$to" >"$to.$$.log" 2>&1 ||
    { echo "failed: $*; see $to.$$.log" >&2; return 1; }
  rm -f "$to.$$.log"
  printf '%s  done: %s\n' "$(date +%T)" "$*"
}

# Runs the lines of standard input, "NAME OPTIONS", JOBS at a time.
run_all() {
  while read -r name options; do
    while (($(jobs -rp | wc -l) >= JOBS)); do wait -n; done
    # shellcheck disable=SC2086
    run "$name" $options &
  done
  while (($(jobs -rp | wc -l) > 0)); do wait -n; done
}

# "NAME,accuracy,tar_1e2,tar_1e3,eer,seconds" of a finished run in percent: its last epoch, on the
# folds that are seen during training.
on_select_folds() {  # NAME FOLDER
  python3 - "$1" "$OUT/runs/$2"/*_seed*/result.json <<'end'
import json, sys
with open(sys.argv[2]) as file:
    result = json.load(file)
last = result["epochs"][-1]
percent = [100 * last[name] for name in ("accuracy", "tar_1e2", "tar_1e3", "eer")]
print(sys.argv[1], *("%.2f" % value for value in percent), "%.1f" % result["seconds"], sep=",")
end
}

columns="accuracy,tar_1e2,tar_1e3,eer,seconds"

weights_to_try() {
  default_weights | while read -r method weight; do
    for factor in 0.1 0.3 1 3; do echo "$method $(scaled $factor "$weight")"; done
  done
}

sweep_lambda() {
  weights_to_try | while read -r method weight; do
    echo "${method}_${weight}_short --method $method --lambda $weight" \
      "--epochs ${SHORT_EPOCHS:-3}"
  done | run_all
  {
    echo "method,lambda,$columns"
    weights_to_try | while read -r method weight; do
      on_select_folds "$method,$weight" "${method}_${weight}_short"
    done
  } >"$OUT/lambda.csv"
  # The first of equal ones. Methods without a relation term have the weight 0.
  {
    without_relations | sed 's/$/,0/'
    tail -n +2 "$OUT/lambda.csv" | sort -s -t, -k1,1 -k3,3gr | sort -s -u -t, -k1,1 | cut -d, -f1,2
  } >"$OUT/chosen.csv"
  column -s, -t "$OUT/lambda.csv"
}

weight_of() { awk -F, -v method="$1" '$1 == method { print $2 }' "$OUT/chosen.csv"; }
name_of() { echo "${1}_$(weight_of "$1")_$2"; }  # METHOD SEED

run_seeds() {  # FIRST LAST METHOD...
  local first=$1 last=$2
  shift 2
  for ((seed = first; seed <= last; ++seed)); do
    for method in "$@"; do
      echo "$(name_of "$method" "$seed") --method $method --lambda $(weight_of "$method")" \
        "--seed $seed"
    done
  done | run_all
}

# Finished runs together: one table, with differences and their intervals.
report() {  # FOLDER SEEDS METHOD...
  local to=$OUT/$1 seeds=$2 weights=()
  shift 2
  mkdir -p "$to"
  for method in "$@"; do
    weights+=("$(weight_of "$method")")
    for ((seed = 1; seed <= seeds; ++seed)); do
      cp -r -n "$OUT/runs/$(name_of "$method" "$seed")/${method}_seed$seed" "$to/"
    done
  done
  "$program" "${common[@]}" --epochs "$epochs" --seeds "$seeds" \
    --method "$(IFS=, && echo "$*")" --lambda "$(IFS=, && echo "${weights[*]}")" --out "$to"
}

compare_methods() {
  mapfile -t all < <(cut -d, -f1 "$OUT/chosen.csv")
  run_seeds 1 1 "${all[@]}"
  {
    echo "method,$columns"
    for method in "${all[@]}"; do on_select_folds "$method" "$(name_of "$method" 1)"; done
  } >"$OUT/methods.csv"
  column -s, -t "$OUT/methods.csv"
  report methods 1 "${all[@]}"
}

ranked() { tail -n +2 "$OUT/methods.csv" | sort -s -t, -k2,2gr | cut -d, -f1; }

headline() {
  mapfile -t chosen < <({ ranked | sed 5q; printf '%s\n' fcd supervised coupleface; } |
    awk '!seen[$0]++')
  echo "over five seeds: ${chosen[*]}"
  run_seeds 2 5 "${chosen[@]}"
  report headline 5 "${chosen[@]}"
}

mining() {
  mapfile -t chosen < <(ranked | grep '_mined$' | sed 2q)
  for method in "${chosen[@]}"; do
    for strategy in "${strategies[@]}"; do
      echo "${method}_${strategy}_1 --method $method --lambda $(weight_of "$method")" \
        "--mining $strategy"
    done
  done | run_all
  {
    echo "method,strategy,$columns"
    for method in "${chosen[@]}"; do
      for strategy in "${strategies[@]}"; do
        on_select_folds "$method,$strategy" "${method}_${strategy}_1"
      done
    done
  } >"$OUT/mining.csv"
  column -s, -t "$OUT/mining.csv"
}

# "SETTING OPTIONS": q as it is by default, or as a quantile.
each_q() {
  echo "q_0.03 --q 0.03"
  for quantile in 0.5 0.8 0.95; do echo "q_at_$quantile --q-quantile $quantile"; done
}

each_share() {
  for share in 0.1 0.3 0.5; do
    each_q | while read -r q options; do
      echo "share_${share}_${q} --relation-share $share $options"
    done
  done
}

each_weighting() {
  echo "lambda_10_q_0.03 --lambda 10 --q 0.03"
  echo "share_${SHARE}_q_at_$QUANTILE --relation-share $SHARE --q-quantile $QUANTILE"
}

share() {
  each_share | while read -r name options; do
    echo "${name}_nearest_1 --method coupleface --mining nearest --seed 1 $options"
  done | run_all
  {
    echo "setting,$columns"
    each_share | while read -r name _; do on_select_folds "$name" "${name}_nearest_1"; done
  } >"$OUT/share.csv"
  column -s, -t "$OUT/share.csv"
  each_weighting | while read -r weighting options; do
    for seed in 1 2 3 4 5; do
      for strategy in nearest random gap; do
        echo "${weighting}_${strategy}_$seed --method coupleface --mining $strategy" \
          "--seed $seed $options"
      done
    done
  done | run_all
  each_weighting | while read -r weighting options; do
    mkdir -p "$OUT/share_$weighting"
    for seed in 1 2 3 4 5; do
      for strategy in nearest random gap; do
        cp -r -n "$OUT/runs/${weighting}_${strategy}_$seed"/*_seed"$seed" "$OUT/share_$weighting/"
      done
    done
    # shellcheck disable=SC2086
    "$program" "${common[@]}" --epochs "$epochs" --seeds 5 --method coupleface \
      --mining nearest,random,gap $options --out "$OUT/share_$weighting"
  done
}

parts=("$@")
((${#parts[@]})) || parts=(lambda methods headline mining share)
for part in "${parts[@]}"; do
  case $part in
    lambda | methods | headline | mining | share) ;;
    *) echo "sweep_methods.sh: unknown part '$part'" >&2; exit 1 ;;
  esac
  if [[ $part == share ]]; then
    share
    continue
  fi
  [[ $part != lambda && -f $OUT/chosen.csv ]] || sweep_lambda
  [[ $part != headline && $part != mining ]] || [[ -f $OUT/methods.csv ]] || compare_methods
  case $part in
    methods) compare_methods ;;
    headline) headline ;;
    mining) mining ;;
  esac
done
