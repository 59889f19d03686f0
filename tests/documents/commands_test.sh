#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The commands of docs/quick_start.md and docs/formats.md, taken out of them and run on a small set of
# drawn faces: the same words, with sizes cut by options behind them. Of the quick start's first
# command only the build is run, in this build folder.
# usage: commands_test.sh DOCS BUILD_FOLDER FACES_EMORE FOLDER (which is emptied)
set -eu
documents=$1
binary=$2
faces=$3
folder=$4

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
enter() {
  rm -rf "$1"
  mkdir -p "$1"
  cd "$1"
  ln -s "$faces" faces_emore
}
# The first block of commands below a heading of a document, a line each.
commands_below() {
  awk -v heading="## $2" '
    index($0, heading) == 1 { below = 1; next }
    below && /^## / { exit }
    below && /^```sh$/ { inside = 1; next }
    inside && /^```$/ { exit }
    inside && /(\\|&&)$/ { sub(/\\$/, ""); printf "%s", $0; next }
    inside { print }' "$documents/$1"
}
# With what makes it small; builds are of this build folder.
run() {
  case $1 in
    */torch_student*) set -- "$1 --side 16 --epochs 1 --batch 16 --k 5" ;;
    */embed_faces*) set -- "$1 --side 16" ;;
    */train_student*) set -- "$1 --epochs 1 --batch 16 --k 5" ;;
    *"cmake --build --preset host "*) set -- "cmake --build '$binary' ${1##*--preset host }" ;;
  esac
  echo "== $1"
  sh -c "$1" >log 2>&1 </dev/null || fail "$1: $(tail -5 log)"
  case $1 in
    */t*_student\ --data*) # 9 of the 40 people are held out, with 4 images each
      grep -q "_student: the held-out people have too few pairs for 10 folds of 300; 4 folds of 24 pairs are sampled. Options: --folds, --pairs-per-fold, --eval-pairs$" log ||
        fail "$1: no warning that there are few pairs: $(cat log)"
      ;;
  esac
}
expect_file() {
  [ -s "$1" ] || fail "$1: is not there"
}

enter "$folder/quick_start"
mkdir build
ln -s "$binary" build/host
commands_below quick_start.md "From an InsightFace-style folder to a distilled student in five commands" >five
[ "$(wc -l <five)" -eq 5 ] || fail "not five commands: $(cat five)"
while read -r command; do run "$command"; done <five
expect_file students/table.md
for line in teacher supervised coupleface; do
  grep -q "^| $line " students/table.md || fail "no $line in: $(cat students/table.md)"
done
[ "$(wc -l <lfw/pairs.csv)" -eq 81 ] || fail "lfw/pairs.csv: $(wc -l <lfw/pairs.csv) lines"
grep -q '^9,158,159,[01]$' lfw/pairs.csv || fail "the last pair: $(tail -1 lfw/pairs.csv)"
grep -q "accuracy" log || fail "no accuracy in: $(cat log)"
expect_file results/results.json

# What the other sections take: embeddings and labels of the whole set.
run "build/host/examples/embed_faces/embed_faces teacher/supervised_seed1/best.pt faces_emore/train.rec rows"
ln -s rows/embeddings.npy embeddings.npy
ln -s rows/embeddings.npy teacher.npy
ln -s rows/labels.npy labels.npy
for heading in "Without libtorch" "Mining offline for a Python trainer"; do
  commands_below quick_start.md "$heading" >some
  [ -s some ] || fail "no commands below $heading"
  while read -r command; do run "$command"; done <some
done
# Both programs draw the same pairs, so rows in another order would be another teacher.
teacher_line() { grep "^| teacher " "$1" | tr -s ' '; }
[ "$(teacher_line compared/table.md)" = "$(teacher_line students/table.md)" ] ||
  fail "teachers: $(teacher_line compared/table.md), $(teacher_line students/table.md)"
expect_file neighbours.npy
if build/host/examples/embed_faces/embed_faces teacher/supervised_seed1/best.pt faces_emore/lfw.bin lfw \
  >log 2>&1; then fail "lfw is overwritten"; fi
grep -q "lfw: exists already" log || fail "another message: $(cat log)"

enter "$folder/formats"
PATH=$binary/examples/convert_faces:$PATH
commands_below formats.md "Converting" >some
[ -s some ] || fail "no commands below Converting"
while read -r command; do run "$command"; done <some
cmp train/train.rec faces_emore/train.rec || fail "another set"
expect_file lfw4.bin
rm -rf "$folder" # networks of 100 MB and more
