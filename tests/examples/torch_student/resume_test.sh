#!/bin/sh
# A teacher trained by the program teaches a student through its TorchScript file; a student's run
# that is killed or interrupted and continued ends with the bytes of one that went straight through:
# weights, momentum, bank and table (checkpoint.bin) and every step's row (steps.csv).
# usage: resume_test.sh TORCH_STUDENT_PROGRAM FOLDER (which is emptied)
set -eu
program=$1
folder=$2
rm -rf "$folder"
mkdir -p "$folder"

run() {
  out=$1
  shift
  exec "$program" --people 20 --images-drawn 4 --dev-people 20 --folds 4 --pairs-per-fold 20 \
    --side 16 --batch 16 --threads 1 --out "$folder/$out" "$@"
}
student() {
  out=$1
  shift
  run "$out" --method coupleface --teacher-script "$folder/teacher/supervised_seed1/best.pt" \
    --cls-weight 0.1 --k 5 --epochs 6 --sampler balanced "$@"
}
fail() {
  echo "FAILED: $*" >&2
  exit 1
}
expect_same() {
  for file in checkpoint.bin steps.csv; do
    cmp "$folder/straight/coupleface_seed1/$file" "$folder/$1/coupleface_seed1/$file" ||
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
    if [ -n "$(find "$folder/$1/coupleface_seed1" -name checkpoint.bin -newer "$folder/marker" \
      2>/dev/null)" ]; then
      return 0
    fi
    sleep 0.01
  done
  fail "the run ended before it could be stopped: $(tail -3 "$folder/log")"
}

(run teacher --method supervised --network iresnet18 --embedding 32 --epochs 1) >"$folder/log" 2>&1 ||
  fail "the teacher: $(cat "$folder/log")"
(student straight) >"$folder/log" 2>&1 || fail "the straight run: $(cat "$folder/log")"
[ -s "$folder/straight/coupleface_seed1/best.pt" ] || fail "no TorchScript file"
[ -s "$folder/straight/roc.dat" ] || fail "no ROC"

mkdir "$folder/killed"
for kill in 1 2; do
  start_and_wait killed
  kill -9 $child
  wait $child || true
done
(student killed) >>"$folder/log" 2>&1
expect_same killed
echo "killed twice: same bytes"

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
rm -rf "$folder/teacher" # 130 MB
