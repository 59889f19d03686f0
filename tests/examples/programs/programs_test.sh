#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every program behaves as people expect: --help, --version, a mistyped option, exit status, --quiet,
# --json, progress off a terminal, Ctrl-C.
# usage: programs_test.sh FOLDER (emptied) VERSION PROGRAM...
set -eu
folder=$1
version=$2
shift 2
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
# STATUS MESSAGE PROGRAM ARGUMENTS...: ends with this status and one line on the standard error.
expect_end() {
  wanted=$1
  message=$2
  shift 2
  code=0
  "$@" >out 2>err || code=$?
  [ $code -eq "$wanted" ] || fail "$*: ended with $code: $(cat err)"
  grep -q -e "^$(basename "$1"): $message" err || fail "$*: no '$message' in: $(cat err)"
  [ "$(wc -l <err)" -eq 1 ] || fail "$*: more than a line: $(cat err)"
  [ ! -s out ] || fail "$*: $(cat out)"
}
# The program's own option that is mistyped, with the mistake.
mistyped() {
  case $1 in
    convert_faces) echo "--protocl --protocol" ;;
    evaluate) echo "--emdeddings --embeddings" ;;
    mine_relations) echo "--bfloat16_bits --bfloat16-bits" ;;
    train_student) echo "--teacher-epoch --teacher-epochs" ;;
    torch_student) echo "--netwrok --network" ;;
    embed_faces) echo "--skip-undecodeable --skip-undecodable" ;;
  esac
}

for program; do
  name=$(basename "$program")
  "$program" --version >out 2>err || fail "$name --version"
  [ ! -s err ] || fail "$name --version: $(cat err)"
  grep -q "^$name of coupleface $version$" out || fail "$name --version: $(cat out)"
  for line in compiler CCCL backends "compiled for" kernels; do
    grep -q "^$line: ." out || fail "$name --version has no $line: $(cat out)"
  done
  status=0
  COUPLEFACE_KERNELS=bogus "$program" --version >out 2>err || status=$?
  [ "$status" = 1 ] && [ "$(wc -l <err)" = 1 ] ||
    fail "$name with wrong kernels: status $status, $(cat err)"
  grep -q "^$name: .*COUPLEFACE_KERNELS is 'bogus', but this machine supports: portable" err ||
    fail "$name with wrong kernels: $(cat err)"
  COUPLEFACE_KERNELS=bogus "$program" --help >out 2>err || fail "$name --help with wrong kernels"
  COUPLEFACE_KERNELS=portable "$program" --version >out 2>err
  grep -q '^kernels: portable$' out || fail "$name --version: $(cat out)"
  "$program" --help >out 2>err || fail "$name --help"
  for option in --help --version --quiet --json --threads; do
    grep -q -e "^  *\(-h,\)*$option" out || fail "$name --help: no $option"
  done
  # A line that needs its neighbour to be understood.
  ! grep -q -i -E "  (the same|ditto|see above|of that|it may|they )" out ||
    fail "$name --help: $(grep -i -E '  (the same|of that|it may|they )' out)"
  # A full disk is a failure, for help as for results.
  if [ -e /dev/full ]; then
    for option in --help --version; do
      code=0
      "$program" $option >/dev/full 2>err || code=$?
      [ $code -eq 1 ] || fail "$name $option >/dev/full: ended with $code"
      grep -q "^$name: cannot write its output$" err || fail "$name $option >/dev/full: $(cat err)"
    done
  fi
  # So is a standard output that is closed.
  for option in --help --version; do
    code=0
    "$program" $option >&- 2>err || code=$?
    [ $code -eq 1 ] || fail "$name $option >&-: ended with $code"
    grep -q "^$name: cannot write its output$" err || fail "$name $option >&-: $(cat err)"
  done
  pair=$(mistyped "$name")
  expect_end 2 "unknown option ${pair% *} (did you mean ${pair#* }?); see --help$" "$program" \
    "${pair% *}" x
  expect_end 2 "--threads: " "$program" --threads many
done
echo "help, version, mistyped options"

# One JSON document on the standard output and, with --quiet, nothing on the standard error.
expect_json() { # KEY PROGRAM ARGUMENTS...
  key=$1
  shift
  "$@" --json --quiet >out 2>err || fail "$*: $(cat err)"
  [ ! -s err ] || fail "$*: with --quiet: $(cat err)"
  grep -q "^  \"$key\": " out || fail "$*: no $key in: $(cat out)"
  ! command -v python3 >/dev/null || python3 -m json.tool out >/dev/null || fail "$*: $(cat out)"
}
small="--people 40 --dev-people 20 --folds 2 --pairs-per-fold 20 --epochs 1 --batch 16 --side 16"
mkdir -p people/Anna people/Berta
for image in people/Anna/1.jpg people/Anna/2.jpg people/Berta/1.jpg; do
  printf '\377\330\377x' >$image
done
printf 'score,same,fold\n0.9,1,0\n0.8,1,1\n0.5,0,0\n0.1,0,1\n' >scores.csv
for program; do
  case $(basename "$program") in
    convert_faces)
      expect_json images "$program" people set --to rec
      grep -q '"images": 3$' out || fail "$(cat out)"
      # Beyond a limit on files: an error and no remains, instead of a signal.
      (
        head -c 5000 /dev/zero >>people/Anna/2.jpg
        ulimit -f 4
        code=0
        "$program" people large --to rec >out 2>err || code=$?
        [ $code -eq 1 ] || fail "ulimit -f: ended with $code"
        grep -q "^convert_faces: .*large.*: .*write" err || fail "ulimit -f: $(cat err)"
        [ -z "$(find . -name 'large*')" ] || fail "ulimit -f left $(find . -name 'large*')"
      )
      code=0
      "$program" people full --to rec >/dev/full 2>err || code=$?
      [ $code -eq 1 ] || fail "convert_faces >/dev/full: ended with $code"
      grep -q "^convert_faces: cannot write to the standard output; full.* is complete$" err ||
        fail "convert_faces >/dev/full: $(cat err)"
      ;;
    evaluate)
      expect_json pairs "$program" --scores scores.csv --out scores
      cmp out scores/results.json || fail "another document than results.json"
      code=0
      "$program" --scores scores.csv --out closed >&- 2>err || code=$?
      [ $code -eq 1 ] || fail "evaluate >&-: ended with $code"
      grep -q "^evaluate: cannot write to the standard output; closed is complete$" err ||
        fail "evaluate >&-: $(cat err)"
      cmp closed/results.json scores/results.json || fail "evaluate >&-: other results"
      ;;
    train_student)
      # shellcheck disable=SC2086
      expect_json methods "$program" $small --images-per-person 4 --teacher-people 40 \
        --teacher-epochs 1 --widths 16,16 --blocks 0,0 --k 5 --method fcd --out trained
      grep -q '"method": "teacher"' out || fail "$(cat out)"
      again() {
        # shellcheck disable=SC2086
        "$program" $small --images-per-person 4 --teacher-people 40 --teacher-epochs 1 \
          --widths 16,16 --blocks 0,0 --k 5 --method fcd --quiet "$@"
      }
      # Closed streams: nothing that is printed gets into a file.
      code=0
      find trained -type f ! -name '*.png' ! -name '*.svg' | sort | xargs cksum >sums
      again --out trained >&- 2>err || code=$?
      [ $code -eq 1 ] || fail "train_student >&-: ended with $code"
      grep -q "^train_student: cannot write its output$" err || fail "$(cat err)"
      again --out trained >out 2>&- <&- || fail "train_student 2>&-"
      find trained -type f ! -name '*.png' ! -name '*.svg' | sort | xargs cksum | cmp sums - ||
        fail "closed streams: other files"
      # A disk that is full, as a limit on the size of files, leaves no half page.
      code=0
      (
        ulimit -f $(($(wc -c <trained/report.html) / 1024 - 1))
        again --out trained
      ) >out 2>err || code=$?
      [ $code -eq 1 ] || fail "a full disk: ended with $code"
      [ ! -e trained/report.html ] || fail "a full disk: half a page"
      [ -z "$(find trained -name '*.tmp')" ] || fail "a full disk: $(find trained -name '*.tmp')"
      again --out trained/. >out 2>err || fail "$(cat err)"
      [ -s trained/report.html ] || fail "no page"
      # What a killed run left, of every file, is removed from a finished run too.
      gone=$(sh -c 'echo $$')
      for file in fcd_seed1/seconds.txt fcd_seed1/scores.npy teacher/embeddings.npy table.csv \
        report.html undecodable.txt; do
        : >trained/$file.$gone.0.tmp
      done
      again --out trained >out 2>err || fail "$(cat err)"
      [ -z "$(find trained -name '*.tmp')" ] ||
        fail "left: $(find trained -name '*.tmp')"
      ;;
    torch_student)
      # shellcheck disable=SC2086
      expect_json methods "$program" $small --synthetic-images 4 --embedding 8 --method supervised \
        --out network
      network=network/supervised_seed1/best.pt
      ;;
  esac
done
echo "JSON, quiet"

for program; do
  [ "$(basename "$program")" = embed_faces ] && [ -n "${network:-}" ] || continue
  printf 'no network' >no.pt
  expect_end 1 "no.pt: cannot be loaded as TorchScript: ..*" "$program" no.pt people rows --quiet
  printf '\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\000\000\001\000\000\000\001\010\000\000\000\000\072\176\233\125\000\000\000\012\111\104\101\124\170\234\143\230\000\000\000\222\000\221\022\042\373\173\000\000\000\000\111\105\116\104\256\102\140\202' >one.png
  mkdir -p one/Anna
  mv one.png one/Anna/1.png
  # Three channels for a network of one: libtorch's sentence, without its frames.
  expect_end 1 "$network: the network fails: [^#]*$" "$program" $network one rows --side 16 --rgb --quiet
  expect_json faces "$program" $network one rows --side 16
  [ -s rows/embeddings.npy ] || fail "no embeddings"
  # A negative label is nobody's: -1 in labels.npy, no name in list.csv.
  cp one/Anna/1.png other.png
  printf 'one/Anna/1.png 0\nother.png -7\n' >unknown.txt
  expect_json faces "$program" $network unknown.txt unknown --side 16
  [ "$(sed 1d unknown/list.csv | tr '\n' ' ')" = 'one/Anna/1.png,00000000 other.png,"" ' ] ||
    fail "list.csv: $(cat unknown/list.csv)"
  [ "$(tail -c 8 unknown/labels.npy | od -An -td8 | tr -d ' ')" = -1 ] || fail "no -1 in labels.npy"
  printf 'one/Anna/1.png 0\none/Anna/1.png 1\n' >twice.txt
  expect_end 1 "twice.txt: line 2: one/Anna/1.png is listed twice, first in line 1$" "$program" \
    $network twice.txt twice --side 16 --quiet
  printf 'one/Anna/1.png 0\n./one//Anna/1.png 1\n' >twice.txt
  expect_end 1 "twice.txt: line 2: ./one//Anna/1.png is listed twice, first in line 1$" "$program" \
    $network twice.txt twice --side 16 --quiet
  head -c 60 one/Anna/1.png >cut.png
  printf 'one/Anna/1.png 0\ncut.png 1\n' >cut.txt
  expect_end 1 "cut.txt: line 2: cut.png: bad PNG near byte" "$program" $network cut.txt cut --side 16 \
    --quiet
  printf 'a,b,same\none/Anna/1.png,cut.png,1\n' >cut.csv
  expect_end 1 "cut.csv: line 2: cut.png: bad PNG near byte" "$program" $network cut.csv cut --side 16 \
    --quiet
  printf 'one/Anna/1.png 0\nnone.png 1\n' >absent.txt
  expect_end 1 ".*absent.txt: line 2: none.png: cannot open" "$program" $network absent.txt absent \
    --side 16 --quiet
done
echo "errors of libtorch: one sentence"
rm -rf "$folder"
