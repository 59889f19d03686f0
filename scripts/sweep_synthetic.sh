#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The results on synthetic faces of docs/training.md: lambda, K and q of CoupleFace, chosen on folds
# 0 to 3 of the pairs with seed 1; the four methods over five seeds, reported on folds 4 to 9, which
# share no family with those. lambda is tried first, at K = 5 % of the classes, then K at the lambda
# of the highest accuracy, then q. The program's defaults are what came out; headline uses those.
# Can be stopped and started again: finished runs are kept, an unfinished one continues.
# Usage: sweep_synthetic.sh [choose|headline]...    default: both
#   OUT    folder of the results (default: build/synthetic)
#   JOBS   runs at a time, each on one thread (default: the number of cores)
#   SEEDS  of the headline (default: 5)
#   OPTIONS of train_student for all runs; few people and epochs show whether everything works
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
OUT=${OUT:-$root/build/synthetic}
JOBS=${JOBS:-$(nproc)}
SEEDS=${SEEDS:-5}
program=${PROGRAM:-$root/build/host/examples/train_student/train_student}
[[ -x $program ]] || { echo "sweep_synthetic.sh: no $program; build the preset host" >&2; exit 1; }
mkdir -p "$OUT"
people=200
read -ra options <<<"--people $people --threads 1 ${OPTIONS:-}"

run() {  # NAME OPTIONS...
  local folder=$OUT/$1
  shift
  # All runs have one teacher, that of the first.
  if [[ -d $OUT/fcd_1/teacher && ! -d $folder ]]; then
    mkdir "$folder"
    cp -r "$OUT/fcd_1/teacher" "$folder/teacher"
  fi
  "$program" "${options[@]}" "$@" --out "$folder" >"$folder.log" 2>&1 ||
    { echo "failed: $*; see $folder.log" >&2; return 1; }
}

# Runs the lines "NAME OPTIONS" of standard input, JOBS at a time.
run_all() {
  local failed=0
  while read -r name line; do
    while (($(jobs -rp | wc -l) >= JOBS)); do wait -n || failed=1; done
    # shellcheck disable=SC2086
    run "$name" $line &
  done
  while (($(jobs -rp | wc -l) > 0)); do wait -n || failed=1; done
  return $failed
}

# Of a finished run, in percent: its last epoch, which is on the folds 0 to 3.
on_select_folds() {  # NAME
  python3 - "$1" "$OUT/$1"/*_seed1/result.json <<'end'
import json, sys
with open(sys.argv[2]) as file:
    last = json.load(file)["epochs"][-1]
print("|", sys.argv[1], *("| %.2f" % (100 * last[x]) for x in ("accuracy", "tar_1e2", "tar_1e3", "eer")), "|")
end
}

# Trains every line, writes its row, and says which has the highest accuracy.
best_of() {
  local lines
  lines=$(cat)
  run_all <<<"$lines" || return 1
  while read -r name _; do on_select_folds "$name"; done <<<"$lines" | tee -a "$OUT/choice.md" |
    sort -t '|' -k3,3gr | awk 'NR == 1 { print $2 }'
}

choose() {
  printf '| run | accuracy %% | TAR@FAR=1e-2 %% | TAR@FAR=1e-3 %% | EER %% |\n|---|---|---|---|---|\n' \
    >"$OUT/choice.md"
  best_of <<<"fcd_1 --method fcd" >/dev/null
  local lambda k q at
  lambda=$(for x in 0.3 1 3 10 30; do
    echo "lambda_$x --method coupleface --k $((people / 20)) --lambda $x --q 0.03"
  done | best_of)
  at="--method coupleface --lambda ${lambda#lambda_} --q 0.03"
  k=$({
    echo "$lambda $at --k $((people / 20))"
    for x in 2 10 20 50; do echo "k_${x}_percent $at --k $((people * x / 100))"; done
  } | best_of)
  if [[ $k == "$lambda" ]]; then at+=" --k $((people / 20))"; else
    q=${k//[^0-9]/}
    at+=" --k $((people * q / 100))"
  fi
  q=$({ echo "$k $at"; for x in 0 0.1; do echo "q_$x ${at/ --q 0.03/} --q $x"; done; } | best_of)
  awk '!seen[$0]++' "$OUT/choice.md" | tee "$OUT/choice.md.new"
  mv "$OUT/choice.md.new" "$OUT/choice.md"
  echo "highest accuracy: $lambda, then $k, then $q"
}

headline() {
  run_all <<<"fcd_1 --method fcd"
  for ((seed = 1; seed <= SEEDS; ++seed)); do
    for method in fcd coupleface supervised mrd; do
      echo "${method}_$seed --method $method --seed $seed"
    done
  done | run_all
  # The finished runs together: one table, with differences and their intervals.
  mkdir -p "$OUT/all"
  cp -r -n "$OUT/fcd_1/teacher" "$OUT/all/"
  for ((seed = 1; seed <= SEEDS; ++seed)); do
    for method in fcd coupleface supervised mrd; do
      cp -r -n "$OUT/${method}_$seed/${method}_seed$seed" "$OUT/all/"
    done
  done
  "$program" "${options[@]}" --compare --seeds "$SEEDS" --out "$OUT/all"
}

parts=("$@")
((${#parts[@]})) || parts=(choose headline)
for part in "${parts[@]}"; do
  case $part in
    choose | headline) $part ;;
    *) echo "sweep_synthetic.sh: unknown part '$part'" >&2; exit 1 ;;
  esac
done
