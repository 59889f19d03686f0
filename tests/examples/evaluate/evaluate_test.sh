#!/bin/sh
# The evaluate example from outside: every part appears, the same bytes for any number of threads,
# and what it refuses.
# usage: evaluate_test.sh EVALUATE WRITE_ARRAYS FOLDER (emptied)
set -eu
export OMP_WAIT_POLICY=passive
program=$1
arrays=$2
folder=$3
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
run() {
  "$program" "$@" >tables 2>log || fail "$*: $(cat log)"
}
expect() {
  grep -q -e "$1" "$2" || fail "no '$1' in $2: $(cat "$2")"
}

"$arrays" .
all="--embeddings rows.npy --labels labels.npy --pairs pairs.csv --teacher teacher.npy"
run $all --out one --resamples 200 --threads 1
for part in "listed pairs" "accuracy" "resampled people" "all pairs" "identification" "retrieval" \
  "classes" "rank correlation"; do
  expect "$part" tables
done
for file in results.json roc_pairs.csv roc_all_pairs.csv pair_scores.npy cmc.csv plots.gp \
  gaps_of_rows.csv agreement_of_classes.csv; do
  [ -s "one/$file" ] || fail "no $file"
done
expect '"mean_average_precision_at_r"' one/results.json
[ "$(wc -l <one/agreement_of_classes.csv)" -eq 61 ] || fail "not a line for each class"
for threads in 2 3 7; do
  run $all --out more --resamples 200 --threads $threads
  for file in one/*.csv one/*.json one/*.npy; do
    cmp "$file" "more/$(basename "$file")" || fail "$file differs with $threads threads"
  done
done
echo "all parts; the same bytes for 1, 2, 3, 7 threads"

run --embeddings rows.npy --labels labels.npy --gallery gallery.npy --gallery-labels \
  gallery_labels.npy --no-all-pairs --out gallery
expect "without" tables
! grep -q "all pairs:" tables || fail "all pairs in spite of --no-all-pairs"
[ -s gallery/dir.csv ] || fail "no open-set curve"
run --embeddings halves.npy --labels labels.npy --templates templates.csv --out templates
expect "^120 x 24 embeddings" tables
run --embeddings rows.npy --teacher teacher.npy --k 5 --out agreement
! grep -q "^identification" tables || fail "identification without labels"
(
  echo "path,person,split"
  i=0
  while [ $i -lt 480 ]; do
    split=train
    [ $((i % 2)) -eq 0 ] || split=dev
    echo "p$i,person$((i % 60)),$split"
    i=$((i + 1))
  done
) >list.csv
printf 'a,b,same\np1,p61,1\np3,p65,0\n' >paths.csv
run --embeddings rows.npy --list list.csv --split dev --pairs paths.csv --out list
expect "^240 x 24 embeddings" tables
echo "gallery, templates, list"

refuse() {
  message=$1
  shift
  code=0
  "$program" "$@" --out refused >tables 2>log || code=$?
  [ $code -eq 1 ] || fail "$*: ended with code $code"
  grep -v "^all pairs:" log >lines || true
  expect "^evaluate: .*$message" lines
  [ "$(wc -l <lines)" -eq 1 ] || fail "$*: more than a line: $(cat lines)"
}
refuse "nothing to judge by" --embeddings rows.npy
refuse "none.npy: .*cannot open" --embeddings none.npy --labels labels.npy
refuse "gallery_labels.npy: 50 labels for 480 rows" --embeddings rows.npy --labels gallery_labels.npy
refuse "gallery.npy: 50 rows, but 480" --embeddings rows.npy --teacher gallery.npy
refuse "list.csv: no line has the split test" --embeddings rows.npy --list list.csv --split test
printf 'a,b,same\n1,480,1\n' >bad.csv
refuse "bad.csv, line 2: b is 480, but there are 480 rows" --embeddings rows.npy --pairs bad.csv
printf 'a,b,same\n1,2,x\n' >bad.csv
refuse "bad.csv, line 2: same is 'x', no integer" --embeddings rows.npy --pairs bad.csv
printf 'a,b,same\n1,2\n' >bad.csv
refuse "bad.csv, line 2: 2 fields, not 3" --embeddings rows.npy --pairs bad.csv
printf 'a,same\n1,1\n' >bad.csv
refuse "bad.csv: has no column b" --embeddings rows.npy --pairs bad.csv
printf 'a,b,same\n1,2,1\n' >bad.csv
refuse "same(0) is 1, but the identities are 1 and 2" --embeddings rows.npy --labels labels.npy \
  --pairs bad.csv
echo "bad input: one line"
