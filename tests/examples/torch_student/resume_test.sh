#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A teacher trained by the program teaches a student through its TorchScript file; a student's run
# that is killed or interrupted and continued ends with the bytes of one that went straight through:
# weights, momentum, bank and table (checkpoint.bin) and every step's row (steps.csv). Half of the
# training images wear masks.
# usage: resume_test.sh TORCH_STUDENT_PROGRAM FOLDER (which is emptied)
set -eu
program=$1
folder=$2
rm -rf "$folder"
mkdir -p "$folder"

run() {
  out=$1
  shift
  exec "$program" --people 20 --synthetic-images 4 --dev-people 20 --folds 5 --pairs-per-fold 20 \
    --side 16 --batch 16 --threads 1 --out "$folder/$out" "$@"
}
student() {
  out=$1
  shift
  run "$out" --method coupleface --teacher-script "$folder/teacher/supervised_seed1/best.pt" \
    --landmarks "$folder/landmarks.npy" --mask-share 0.5 --select-folds 0-2 --report-folds 3,4 \
    --cls-weight 0.1 --k 5 --epochs 6 --sampler balanced "$@"
}
fail() {
  echo "FAILED: $*" >&2
  exit 1
}
expect_same() {
  for file in checkpoint.bin steps.csv; do
    cmp "$folder/straight/coupleface_mask50_seed1/$file" "$folder/$1/coupleface_mask50_seed1/$file" ||
      fail "$1: $file differs"
  done
}
# Runs in the background until there is a checkpoint of this run, that is, into its next epoch.
start_and_wait() {
  touch "$folder/marker"
  sleep 0.02
  (student "$@") >>"$folder/log" 2>&1 &
  child=$!
  while kill -0 $child 2>/dev/null; do
    if [ -n "$(find "$folder/$1/coupleface_mask50_seed1" -name checkpoint.bin -newer "$folder/marker" \
      2>/dev/null)" ]; then
      return 0
    fi
    sleep 0.01
  done
  fail "the run ended before it could be stopped: $(tail -3 "$folder/log")"
}

# Float32 [160, 5, 2]: eyes at (12, 6), (9.5, 6), (3, 6), (5.5, 6) and a nose at (7.5, 10).
{
  printf '\223NUMPY\001\000\166\000%-117s\n' \
    "{'descr': '<f4', 'fortran_order': False, 'shape': (160, 5, 2), }"
  row=0
  while [ $row -lt 160 ]; do
    for number in '\100\101' '\300\100' '\030\101' '\300\100' '\100\100' '\300\100' \
      '\260\100' '\300\100' '\360\100' '\040\101'; do
      # shellcheck disable=SC2059
      printf "\\000\\000$number"
    done
    row=$((row + 1))
  done
} >"$folder/landmarks.npy"

(run teacher --method supervised --network iresnet18 --embedding 32 --epochs 1) >"$folder/log" 2>&1 ||
  fail "the teacher: $(cat "$folder/log")"
(student straight) >"$folder/log" 2>&1 || fail "the straight run: $(cat "$folder/log")"
[ -s "$folder/straight/coupleface_mask50_seed1/best.pt" ] || fail "no TorchScript file"
[ -s "$folder/straight/roc.dat" ] || fail "no ROC"

mkdir "$folder/killed"
for kill in 1 2; do
  start_and_wait killed
  if (student killed) >"$folder/refused" 2>&1; then fail "a second run in the folder: no error"; fi
  grep -q -e "--out: $folder/killed: another run is writing to this folder" "$folder/refused" ||
    fail "a second run in the folder: $(cat "$folder/refused")"
  kill -9 $child
  wait $child || true
done
(student killed) >>"$folder/log" 2>&1
expect_same killed
[ -z "$(find "$folder/killed" -name '*.tmp')" ] || fail "half files of killed runs were left"
echo "a second run: refused; killed twice: same bytes"

mkdir "$folder/stopped"
start_and_wait stopped
kill -INT $child
code=0
wait $child || code=$?
[ $code -eq 130 ] || fail "Ctrl-C ended with code $code"
(student stopped) >>"$folder/log" 2>&1
expect_same stopped
echo "Ctrl-C: same bytes"

if (student straight --lr 0.123) >"$folder/refused" 2>&1; then fail "other settings: no error"; fi
grep -q "lr: 0.1.* there, 0.123" "$folder/refused" || fail "other settings: $(cat "$folder/refused")"
echo "other settings: refused"
(run cut --method coupleface --teacher-script "$folder/teacher/supervised_seed1/best.pt" --epochs 1 \
  --k 100000000) >"$folder/log" 2>&1 || fail "many relations: $(cat "$folder/log")"
grep -q -e "--k 100000000 is reduced to 19: there are 20 people" "$folder/log" ||
  fail "many relations: $(cat "$folder/log")"
echo "many relations: reduced"
grep -q "masked accuracy" "$folder/straight/table.md" || fail "no columns of masked pairs"
[ -s "$folder/straight/masked/roc.dat" ] || fail "no ROC of masked pairs"
if (run refused_out --method supervised --mask-share 0.5) >"$folder/refused" 2>&1; then
  fail "masks without landmarks: no error"
fi
grep -q -e "--mask-share: needs --landmarks" "$folder/refused" ||
  fail "masks without landmarks: $(cat "$folder/refused")"
rm -rf "$folder/teacher" # 130 MB
