#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# One folder of people through every program: the same rows in the same order, the same files left
# out and told, the same images found undecodable; and the order as docs/formats.md has it in Python.
# usage: folders_test.sh FOLDER (emptied) FORMATS.MD CONVERT_FACES TRAIN_STUDENT [TORCH_STUDENT EMBED_FACES]
set -eu
folder=$1
formats=$2
convert=$3
train_student=$4
trainers="$4 ${5:-}"
torch_student=${5:-}
embed=${6:-}
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
expect_log() {
  grep -q -e "$1" log || fail "no '$1' in: $(cat log)"
}
# One grey pixel.
image() {
  printf '\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\000\000\001\000\000'
  printf '\000\001\010\000\000\000\000\072\176\233\125\000\000\000\012\111\104\101\124\170\234\143'
  printf '\230\000\000\000\222\000\221\022\042\373\173\000\000\000\000\111\105\116\104\256\102\140\202'
}
# Float32 [ROWS, 1], 1 and 2 in turn, with NaN in one row.
rows_with_nan() {
  printf '\223NUMPY\001\000\166\000%-117s\n' \
    "{'descr': '<f4', 'fortran_order': False, 'shape': ($1, 1), }"
  at=0
  while [ $at -lt "$1" ]; do
    if [ $at -eq "$2" ]; then
      printf '\000\000\300\177'
    elif [ $((at % 2)) -eq 0 ]; then
      printf '\000\000\200\077'
    else
      printf '\000\000\000\100'
    fi
    at=$((at + 1))
  done
}

cat >rows <<end
Ann/1.png
Ann/a b.jpg
Ann B/1.png
Ann B/2
Ann-B/1.png
Ann-B/2.png
Ann.B/1.png
Ann.B/2.png
end
while read -r row; do
  mkdir -p "people/${row%/*}"
  image >"people/$row"
done <rows
printf 'text' | tee people/Thumbs.db people/Ann/.DS_Store "people/Ann B/notes.jpg" >people/Ann/list.json
told="people: 4 files skipped: not a JPEG, PNG or WebP in a person's folder; the first is Thumbs.db"

"$convert" people table --to table >log 2>&1 || fail "convert_faces: $(cat log)"
expect_log "^convert_faces: $told$"
cut -d, -f2 table/list.csv | tail -n +2 >found
cut -d/ -f1 rows | cmp - found || fail "convert_faces: $(cat table/list.csv)"
printf 'fold,a,b,same\n0,Ann/1.png,Ann/a b.jpg,1\n1,Ann/1.png,Ann.B/1.png,0\n' >pairs.csv
for trainer in $trainers; do
  name=$(basename "$trainer")
  for number in 0 2 4 6; do
    row=$(sed -n "$((number + 1))p" rows)
    rows_with_nan 8 $number >teacher.npy
    if "$trainer" --data people --side 16 --teacher-embeddings teacher.npy --eval-pairs pairs.csv \
      --out out >log 2>&1; then
      fail "$name: no error"
    fi
    expect_log "^$name: $told$"
    expect_log "^$name: teacher.npy: row $number, column 0 is nan (counted from 0; the image is $row)$"
  done
done
[ ! -e out ] || fail "an output folder although nothing was trained"
echo "eight images of four people whose names begin alike: one order"

if python3 -c '' 2>/dev/null; then
  # The block of docs/formats.md that says what is_image is.
  sed -n '/^is_image/,/^```$/p' "$formats" | grep -v '^```' >order.py
  { echo 'import os'; cat order.py; echo 'for row in rows: print(row)'; } >order_and_print.py
  python3 order_and_print.py >found
  cmp rows found || fail "the order in Python: $(cat found)"
  echo "the same in Python"
fi

# A cut image, in the middle of all.
image | head -c 60 >"people/Ann B/1.png"
cut="Ann B/1.png: bad PNG near byte"
for trainer in $trainers; do
  name=$(basename "$trainer")
  rows_with_nan 8 7 >teacher.npy
  try() {
    if "$trainer" --data people --side 16 --teacher-embeddings teacher.npy --eval-pairs pairs.csv \
      --out "out_$name" "$@" >log 2>&1; then
      fail "$name: no error"
    fi
  }
  try
  expect_log "^$name: $cut"
  try --skip-undecodable
  expect_log "^$name: 1 images skipped: cannot be decoded (see out_$name/undecodable.txt); .* $cut"
  grep -q "^$cut" "out_$name/undecodable.txt" || fail "$name: undecodable.txt"
  expect_log "^$name: teacher.npy: row 7, column 0 is nan .*Ann.B/2.png)$"
  rows_with_nan 8 2 >teacher.npy # of the cut image: nobody's
  try --skip-undecodable --method none_such
  "$trainer" --data people --side 16 --teacher-embeddings teacher.npy --eval-pairs pairs.csv \
    --out "out_$name" --skip-undecodable --method fcd --epochs 1 --batch 2 >log 2>&1 ||
    fail "$name: $(cat log)"
done
# A teacher without directions teaches nothing: equal rows once centred, and rows of zeros.
for byte in 100 000; do
  {
    rows_with_nan 0 0 | sed 's/(0, 1)/(8, 1)/'
    for _ in 1 2 3 4 5 6 7 8; do printf "\\000\\000\\000\\$byte"; done
  } >teacher.npy
  for centre in --centre-teacher --no-centre-teacher; do
    [ $byte$centre != 100--no-centre-teacher ] || continue
    code=0
    "$train_student" --data people --side 16 --teacher-embeddings teacher.npy --eval-pairs pairs.csv --out none \
      --skip-undecodable --method fcd --epochs 1 --batch 2 $centre >log 2>&1 || code=$?
    [ $code -eq 1 ] || fail "a teacher without directions: ended with $code: $(cat log)"
    expect_log "^train_student: teacher.npy: the rows of all train images are .*zero"
    [ -z "$(find none -name '*.bin' -o -name '*.csv')" ] || fail "it was trained: $(find none)"
  done
done
echo "a teacher without directions: refused"
if [ -z "$embed" ]; then
  echo "embed_faces: left out, it is not built"
  rm -rf "$folder"
  exit 0
fi

"$torch_student" --people 4 --synthetic-images 4 --dev-people 4 --folds 2 --pairs-per-fold 4 --side 16 \
  --method supervised --epochs 1 --batch 4 --embedding 8 --out network >log 2>&1 ||
  fail "torch_student: $(cat log)"
network=network/supervised_seed1/best.pt
if "$embed" $network people rows_out --side 16 >log 2>&1; then fail "a cut image: no error"; fi
expect_log "^embed_faces: people/$cut"
[ ! -e rows_out ] || fail "embed_faces left something"
"$embed" $network people rows_out --side 16 --skip-undecodable >log 2>&1 || fail "$(cat log)"
expect_log "^embed_faces: $told$"
expect_log "^embed_faces: 1 images cannot be decoded: their rows are NaN (.* people/$cut"
grep -q "^people/$cut" rows_out/undecodable.txt || fail "embed_faces: undecodable.txt"
cut -d, -f1 rows_out/list.csv | tail -n +2 | cmp - rows || fail "list.csv: $(cat rows_out/list.csv)"
"$embed" $network people flipped --side 16 --skip-undecodable --flip >log 2>&1 || fail "$(cat log)"
# What it wrote teaches: the row of the cut image is NaN, and left out with it.
"$torch_student" --data people --side 16 --teacher-embeddings rows_out/embeddings.npy \
  --eval-pairs pairs.csv --out taught --skip-undecodable --method fcd --epochs 1 --batch 2 \
  >log 2>&1 || fail "taught: $(cat log)"
if "$embed" $network people rows_out --side 16 >log 2>&1; then fail "a folder twice: no error"; fi
expect_log "rows_out: exists already"
echo "an undecodable image: named, or left out with its row"
rm -rf "$folder"
