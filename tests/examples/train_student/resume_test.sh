#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A run that is killed and continued ends with the bytes of one that went straight through: weights,
# momentum, bank and table (checkpoint.bin), every step's row (steps.csv), the scores. And what else
# a user of checkpoints meets: a second run in the folder, Ctrl-C, other settings, damage, a disk that
# takes no more.
# usage: resume_test.sh TRAIN_STUDENT_PROGRAM FOLDER (which is emptied)
set -eu
program=$1
folder=$2
rm -rf "$folder"
mkdir -p "$folder"

run() {
  out=$1
  shift
  exec "$program" --method coupleface --people 60 --images-per-person 8 --dev-people 30 --folds 3 \
    --teacher-people 60 --teacher-epochs 1 --pairs-per-fold 100 --epochs 6 --batch 32 \
    --widths 16,32,64 --k 10 --bank ring --cls-weight 0.1 --out "$folder/$out" "$@"
}
fail() {
  echo "FAILED: $*" >&2
  exit 1
}
expect_same() {
  for file in checkpoint.bin steps.csv scores.npy; do
    cmp "$folder/straight/coupleface_seed1/$file" "$folder/$1/coupleface_seed1/$file" ||
      fail "$1: $file differs"
  done
}
expect_refusal() {
  message=$1
  shift
  if (run "$@") >"$folder/refused" 2>&1; then fail "$1: no error"; fi
  grep -q -e "$message" "$folder/refused" || fail "$1: no '$message' in: $(cat "$folder/refused")"
}
# Runs in the background until there is a checkpoint of this run, that is, into its next epoch.
start_and_wait() {
  touch "$folder/marker"
  sleep 0.02
  (run "$@") >>"$folder/log" 2>&1 &
  child=$!
  while kill -0 $child 2>/dev/null; do
    if [ -n "$(find "$folder/$1/coupleface_seed1" -name checkpoint.bin -newer "$folder/marker" \
      2>/dev/null)" ]; then
      return 0
    fi
    sleep 0.01
  done
  fail "the run ended before it could be stopped"
}
# A folder for one more run with the same teacher.
fresh() {
  mkdir "$folder/$1"
  cp -r "$folder/straight/teacher" "$folder/$1/teacher"
}

(run straight --threads 2) >"$folder/log" 2>&1 || fail "the straight run: $(cat "$folder/log")"

fresh killed
for threads in 1 2 1; do
  start_and_wait killed --threads $threads
  expect_refusal "train_student: --out: $folder/killed: another run is writing to this folder" killed
  [ "$(wc -l <"$folder/refused")" -eq 1 ] || fail "more than a line: $(cat "$folder/refused")"
  kill -9 $child
  wait $child || true
  [ ! -e "$folder/killed/coupleface_seed1/result.json" ] || fail "the run was over before kill -9"
done
(run killed --threads 2) >>"$folder/log" 2>&1
expect_same killed
[ ! -e "$folder/killed/.lock" ] || fail "the lock's file was left"
[ -z "$(find "$folder/killed" -name '*.tmp')" ] || fail "half files of killed runs were left"
echo "a second run: refused; killed three times: same bytes"

fresh stopped
start_and_wait stopped --threads 2
kill -INT $child
code=0
wait $child || code=$?
[ $code -eq 130 ] || fail "Ctrl-C ended with code $code"
(run stopped --threads 2) >>"$folder/log" 2>&1
expect_same stopped
echo "Ctrl-C: same bytes"

expect_refusal "lr: 1 there, 0.123" straight --lr 0.123
echo "other settings: refused"

for strategy in nearest random rank_window similarity_window mixed in_batch bank gap absolute_gap \
  teacher_order relative_margin; do
  "$program" --help | grep -A 9 -e --mining | grep -qw "$strategy" || fail "--help: no $strategy"
done
expect_refusal "farthest not in {nearest,random," refused_name --mining nearest,farthest
expect_refusal "mining-hard: is more than k" refused_hard --mining mixed --mining-hard 11
[ ! -e "$folder/refused_hard" ] || fail "work was done before the settings were refused"
if [ ! -e /dev/nvidiactl ]; then
  expect_refusal "CUDA" refused_device --device cuda
  [ ! -e "$folder/refused_device" ] || fail "work was done before the device was asked for"
fi
echo "strategies: named, others refused"

fresh sizes
expect_refusal "--bank-depth 100000000: the bank's rows: 6000000000 x 128 need" sizes \
  --bank-depth 100000000
expect_refusal "--mining-skip: 59 of the 59 other people leaves none" sizes --mining rank_window \
  --mining-skip 59
[ ! -e "$folder/sizes/coupleface_seed1" ] || fail "work was done before the sizes were refused"
"$program" --people 20 --teacher-people 20 --images-per-person 8 --dev-people 20 --folds 2 \
  --pairs-per-fold 20 --epochs 1 --teacher-epochs 1 --batch 32 --side 16 --widths 16 --blocks 0 \
  --k 100000000 --out "$folder/cut" >"$folder/log" 2>&1 || fail "many relations: $(cat "$folder/log")"
grep -q -e "--k 100000000 is reduced to 19: there are 20 people" "$folder/log" ||
  fail "many relations: $(cat "$folder/log")"
echo "sizes: refused before they use up memory, relations reduced"

fresh damaged
mkdir "$folder/damaged/coupleface_seed1"
head -c 100000 "$folder/straight/coupleface_seed1/checkpoint.bin" \
  >"$folder/damaged/coupleface_seed1/checkpoint.bin"
expect_refusal "checkpoint.bin: is damaged at byte" damaged
echo "damaged checkpoint: refused"

# A limit on the size of files stands for the full disk: the write fails half way in the same manner.
fresh full
(
  trap '' XFSZ
  ulimit -f 200
  expect_refusal "coupleface_seed1/checkpoint.bin: .*cannot write" full
)
[ -z "$(find "$folder/full/coupleface_seed1" -name '*.tmp')" ] || fail "half a file was left"
(run full) >>"$folder/log" 2>&1
expect_same full
echo "disk full: said so, and went on once there was room"
