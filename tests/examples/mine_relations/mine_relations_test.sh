#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The offline miner from outside: tables equal to brute force for every kind of input, the same
# bytes after kill -9 and Ctrl-C, and what it refuses without touching what is there.
# usage: mine_relations_test.sh MINE_RELATIONS RELATION_FILES FOLDER (emptied) ROWS
set -eu
export OMP_WAIT_POLICY=passive # beside other tests, threads that wait at full speed are slow ones
program=$1
files=$2
folder=$3
rows=$4
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
mine() {
  "$program" "$@" 2>log || fail "$*: $(cat log)"
}
expect_log() {
  grep -q -e "$1" log || fail "no '$1' in: $(cat log)"
}
expect_same() {
  cmp h.npy "$1_h.npy" && cmp r.npy "$1_r.npy" || fail "$1: other tables"
}

"$files" make . 3000 401 24
for type in f4 f8 f2 V2 u2; do
  bits=
  [ $type != u2 ] || bits=--bfloat16-bits
  mine --prototypes $bits $type.npy h.npy r.npy --k 10
  "$files" check $type.npy $type - 0 10 h.npy r.npy 1 || fail "$type"
done
mine --prototypes --centre f2.npy h.npy r.npy --k 10
"$files" check f2.npy f2 - 1 10 h.npy r.npy 1 || fail "centred rows"
mine embeddings.npy labels.npy h.npy r.npy --k 500 --threads 1
"$files" check embeddings.npy f4 labels.npy 0 399 h.npy r.npy 1 || fail "more slots than classes"
expect_log "^--k 500 is reduced to 399: there are 400 classes"
expect_log "1 of 401 classes have no samples: their rows are -1"
expect_log "; 0 empty slots"
expect_log "peak memory"
mine embeddings.npy labels.npy h.npy r.npy --k 20 --merge-list dense.csv --merge-threshold 0.5
! grep -q "is reduced to" log || fail "K was cut: $(cat log)"
left=$(sed -n 's/.*; merging them leaves \([0-9]* classes\)/\1/p' log)
mine embeddings.npy labels_sparse.npy sparse_h.npy sparse_r.npy --k 20 --merge-list sparse.csv \
  --merge-threshold 0.5
expect_log "806 of 1206 classes have no samples"
expect_log "merging them leaves $left$"
"$files" check embeddings.npy f4 labels_sparse.npy 0 20 sparse_h.npy sparse_r.npy 1 || fail "sparse"
"$files" spread h.npy r.npy sparse_h.npy sparse_r.npy || fail "sparse labels: another table"
awk -F, 'NR == 1 { print } NR > 1 { print 3 * $1 + 5 "," 3 * $2 + 5 "," $3 }' dense.csv |
  cmp - sparse.csv || fail "sparse labels: another merge list"
mine broken.npy labels.npy h.npy r.npy --k 12
expect_log "^broken.npy: 2 of 3000 rows are not finite (first: row 17, counted from 0)"
mine --prototypes broken.npy h.npy r.npy --k 12
expect_log "^broken.npy: 2 of 3000 rows are not finite (first: row 17, counted from 0)"
# Only the relations of their classes are NaN, though they have a part in no mean.
mine --prototypes --centre broken.npy h.npy r.npy --k 12
"$files" check broken.npy f4 - 1 12 h.npy r.npy 1 || fail "centred rows, two not finite"
mine broken.npy labels.npy h.npy r.npy --k 12 --centre
"$files" check broken.npy f4 labels.npy 1 12 h.npy r.npy 1 || fail "centred, two rows not finite"
expect_log "over 398 classes"
mine embeddings.npy labels.npy h.npy r.npy --k 12 --centre --prototypes-out means.npy \
  --merge-list merge.csv --merge-threshold 0.9999
"$files" check embeddings.npy f4 labels.npy 1 12 h.npy r.npy 1 || fail "centred"
[ "$(sed -n 2p merge.csv | cut -d, -f1,2)" = 3,7 ] || fail "merge list: $(cat merge.csv)"
[ "$(wc -l <merge.csv)" -eq 2 ] || fail "merge list: $(cat merge.csv)"
mine embeddings.npy labels_i4.npy other_h.npy other_r.npy --k 12 --centre --threads 3
expect_same other
mine --prototypes means.npy other_h.npy other_r.npy --k 12
expect_same other
expect_log "1 of 401 rows are zero (first: row 5)"
mine --prototypes --centre means.npy other_h.npy other_r.npy --k 12
grep -q "1 of 401 rows are zero" log || fail "centred: $(cat log)"
echo "tables: as brute force says, for every kind of input"

cp h.npy kept_h.npy
cp r.npy kept_r.npy
expect_refusal() { expect_end 1 "$@"; }
expect_usage() { expect_end 2 "$@"; }
expect_end() {
  wanted=$1
  message=$2
  shift 2
  code=0
  "$program" "$@" 2>log || code=$?
  [ $code -eq "$wanted" ] || fail "$*: ended with code $code"
  # What is said before is about the input, not about the error.
  sed -i -e '/classes have no samples/d' -e '/^mining/d' -e '/is reduced to/d' log
  expect_log "^mine_relations: .*$message"
  [ "$(wc -l <log)" -eq 1 ] || fail "$*: more than a line: $(cat log)"
  expect_same kept
  [ -z "$(find . -name '*.tmp' -o -name '*.new')" ] || fail "$*: left files: $(ls)"
}
expect_refusal "none.npy.*cannot open" none.npy labels.npy h.npy r.npy
expect_refusal "none.npy.*cannot open" embeddings.npy none.npy h.npy r.npy
expect_refusal "i4.npy: elements are 'i4'" --prototypes i4.npy h.npy r.npy
expect_refusal "u2.npy: .*--bfloat16-bits" --prototypes u2.npy h.npy r.npy
expect_refusal "f2.npy: .*for uint16" --prototypes --bfloat16-bits f2.npy h.npy r.npy
expect_refusal "f4.npy: labels are 'f4'" embeddings.npy f4.npy h.npy r.npy
expect_refusal "labels_short.npy: 2999 labels for 3000 rows of embeddings.npy" embeddings.npy \
  labels_short.npy h.npy r.npy
expect_refusal "labels_low.npy: label -2 of row 4" embeddings.npy labels_low.npy h.npy r.npy
expect_refusal "labels_wide.npy: label 1099511627776 of row 4" embeddings.npy labels_wide.npy \
  h.npy r.npy
expect_refusal "labels_high.npy: .*more than the memory" embeddings.npy labels_high.npy h.npy r.npy
(
  # What is there, not what the machine has, decides: a limit stands for memory in use.
  ulimit -v 8000000
  "$program" --version >version 2>&1 || exit 0 # AddressSanitizer itself needs more
  expect_refusal "labels_high.npy: label 2000000000 of row 4 is the largest, .* 2000000001 x 8 \
need 16 GB, more than the memory that is available, " embeddings.npy labels_high.npy h.npy r.npy --k 1
)
expect_refusal "labels_none.npy: no row has a class" embeddings.npy labels_none.npy h.npy r.npy
head -c 100000 embeddings.npy >cut.npy
expect_refusal "cut.npy: .*header promises" cut.npy labels.npy h.npy r.npy
for number in nan inf -2 1.5 x ''; do
  expect_usage "--merge-threshold: " none.npy labels.npy h.npy r.npy --merge-list m.csv \
    --merge-threshold "$number"
done
for number in nan inf -1 x ''; do
  expect_usage "--every: " none.npy labels.npy h.npy r.npy --every "$number"
  expect_usage "--threads: " none.npy labels.npy h.npy r.npy --threads "$number"
  expect_usage "--k: " none.npy labels.npy h.npy r.npy --k "$number"
done
expect_usage "files: is empty" embeddings.npy labels.npy "" r.npy
expect_refusal "large.npy: row 3, column 2 is 1e+300, too large for float32" large.npy labels.npy \
  h.npy r.npy
expect_refusal "large.npy: row 3, column 2 is 1e+300, too large for float32" --prototypes large.npy \
  h.npy r.npy
expect_refusal "labels_one.npy: only one class has rows, so there are no relations" embeddings.npy \
  labels_one.npy h.npy r.npy
mkfifo pipe
expect_refusal "pipe: is not a regular file" pipe labels.npy h.npy r.npy
expect_refusal "pipe: exists and is not a regular file" embeddings.npy labels.npy pipe r.npy
expect_usage "four files" embeddings.npy h.npy r.npy
expect_usage "three files" --prototypes f4.npy labels.npy h.npy r.npy
expect_usage "r.npy: is used for two files" embeddings.npy labels.npy r.npy ./r.npy
expect_usage "labels.npy: is used for two files" embeddings.npy labels.npy h.npy labels.npy
expect_refusal "nowhere/r.npy: .*cannot create" embeddings.npy labels.npy h.npy nowhere/r.npy
expect_refusal "exists and is not a regular file" embeddings.npy labels.npy h.npy .
expect_usage "merge-threshold" embeddings.npy labels.npy h.npy r.npy --merge-list m.csv
expect_usage "k" embeddings.npy labels.npy h.npy r.npy --k 0
(
  # A limit on the size of files stands for the full disk: the tables fit, the means do not.
  trap '' XFSZ
  ulimit -f 50
  code=0
  "$program" --prototypes f4.npy small_h.npy small_r.npy --k 11 2>log || code=$?
  [ $code -ne 66 ] || exit 0 # ThreadSanitizer itself needs larger files
  [ $code -eq 0 ] || fail "small tables: $(cat log)"
  expect_refusal "means_2.npy.new: .*cannot write" embeddings.npy labels.npy h.npy r.npy --k 11 \
    --prototypes-out means_2.npy
)
echo "bad input, output, disk: one line, nothing changed"

mkdir long
"$files" make long "$rows" "$rows" 64
long="--prototypes long/f4.npy --k 10"
mine $long h.npy r.npy
"$files" check long/f4.npy f4 - 0 10 h.npy r.npy 97 || fail "the long run"
# Runs in the background until its log, or the folder, shows what is waited for.
start() {
  name=$1
  wanted=$2
  shift 2
  : >"$name.log"
  "$program" $long "${name}_h.npy" "${name}_r.npy" "$@" --threads 1 2>"$name.log" &
  child=$!
  until eval "$wanted"; do
    kill -0 $child 2>/dev/null || fail "$name: over too early: $(cat "$name.log")"
    sleep 0.01
  done
}
resume() {
  mine $long "$1_h.npy" "$1_r.npy" "$2"
  expect_log "continuing from"
  expect_same "$1"
  [ ! -e "$1_h.npy.checkpoint" ] || fail "$1: the checkpoint stayed"
}

for round in 1 2; do
  start killed '[ -n "$(find . -name killed_h.npy.checkpoint -newer killed.log)" ]' --every 0
  kill -9 $child
  wait $child || true
  [ ! -e killed_h.npy ] || fail "the run was over before kill -9"
  cp killed_h.npy.checkpoint "round_$round"
done
cmp -s round_1 round_2 && fail "the second round did not go on"
: >killed_h.npy.checkpoint.999999999.0.tmp # as a process leaves it that is killed while it writes
resume killed --threads=2
[ -z "$(find . -name '*.tmp')" ] || fail "leftovers stayed"
echo "killed twice: same bytes"

for signal in INT TERM; do
  start "$signal" "grep -q 'mining .* step 0' $signal.log" --every 100000
  kill -$signal $child
  code=0
  wait $child || code=$?
  [ $code -eq 130 ] || fail "SIG$signal: ended with code $code: $(cat $signal.log)"
  grep -q "run the same command again to continue from ${signal}_h.npy.checkpoint" $signal.log ||
    fail "SIG$signal: $(cat $signal.log)"
  resume $signal --every=1000
done
echo "Ctrl-C and TERM: same bytes"

cp h.npy kept_h.npy
cp r.npy kept_r.npy
cp round_1 c
expect_refusal "c: belongs to another run (k: 10 there, 11 here)" --prototypes long/f4.npy \
  h.npy r.npy --k 11 --checkpoint c
expect_refusal "c: belongs to another run (digest of rows: .* there, .* here; .*rows: $rows x 64" \
  --prototypes f4.npy h.npy r.npy --k 10 --checkpoint c
head -c 100000 round_1 >c
expect_refusal "c: is damaged" $long h.npy r.npy --checkpoint c
(head -c 99999 round_1 && printf '\252' && tail -c +100001 round_1) >c
cmp -s round_1 c && fail "the byte was that already"
expect_refusal "c: is damaged" $long h.npy r.npy --checkpoint c
: >c
expect_refusal "c: is not a checkpoint" $long h.npy r.npy --checkpoint c
cp embeddings.npy c
expect_refusal "c: is not a checkpoint" $long h.npy r.npy --checkpoint c
cmp embeddings.npy c || fail "something that is no checkpoint was changed"
echo "checkpoints of other runs, damaged, no checkpoints: refused"
rm -r "$folder/long"
