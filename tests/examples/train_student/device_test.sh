#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# train_student with its losses and mining on a CUDA device takes the steps that it takes on the
# host: FCD, relations and mining to the byte of steps.csv; with the margin softmax, whose products
# are the device's, the first steps to four digits. Ends with 77 where there is no device.
# usage: device_test.sh TRAIN_STUDENT_PROGRAM FOLDER (which is emptied)
set -eu
program=$1
folder=$2
rm -rf "$folder"
mkdir -p "$folder"

run() { # DEVICE NAME OPTIONS...
  device=$1
  name=$2
  shift 2
  "$program" --method coupleface --people 40 --images-per-person 8 --dev-people 20 --folds 2 \
    --teacher-people 40 --teacher-epochs 1 --pairs-per-fold 50 --epochs 2 --batch 32 \
    --widths 16,32 --blocks 0,0 --k 10 --device "$device" --out "$folder/$name/$device" "$@" \
    >"$folder/log" 2>&1
}
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

if ! run cuda start; then
  if grep -q "no CUDA device" "$folder/log"; then
    echo "no CUDA device"
    exit 77
  fi
  cat "$folder/log" >&2
  fail "the program ended with an error"
fi
for options in "--mining nearest --bank ring" "--mining random --bank latest" \
  "--mining gap --bank frozen --penalty absolute" "--mining in_batch --bank ema"; do
  name=$(echo "$options" | tr ' ' '_')
  for device in cpu cuda; do
    # shellcheck disable=SC2086
    run $device "$name" $options || fail "$options on $device: $(cat "$folder/log")"
  done
  cpu=$(echo "$folder/$name"/cpu/coupleface*/steps.csv)
  cuda=$(echo "$folder/$name"/cuda/coupleface*/steps.csv)
  cmp "$cpu" "$cuda" || fail "$options: other steps on the device"
done
for device in cpu cuda; do
  run $device softmax --cls-weight 0.1 || fail "softmax on $device: $(cat "$folder/log")"
done
# Columns: epoch, step, learning_rate, total, ... The second step already follows the first's bits.
paste -d, "$folder/softmax/cpu/coupleface_seed1/steps.csv" \
  "$folder/softmax/cuda/coupleface_seed1/steps.csv" | awk -F, '
  NR > 1 && NR <= 4 {
    gap = $4 - $(4 + NF / 2)
    if (gap < 0) gap = -gap
    if (!(gap <= 1e-4 * $4)) { print "total on the host and on the device: " $4 ", " $(4 + NF / 2); exit 1 }
    seen++
  }
  END { if (seen != 3) exit 1 }' || fail "the margin softmax differs"
