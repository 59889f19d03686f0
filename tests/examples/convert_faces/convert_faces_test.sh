#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The converter from outside: every form into every other and back, the same bytes, and what it
# refuses without leaving anything behind. usage: convert_faces_test.sh PROGRAM FOLDER (emptied)
set -eu
program=$1
folder=$2
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
convert() {
  "$program" "$@" >log 2>&1 || fail "$*: $(cat log)"
  expect_log "^[0-9]* images$"
}
expect_log() {
  grep -q -e "$1" log || fail "no '$1' in: $(cat log)"
}
# All images of a folder of people or of images, in order; a line for each.
sums() {
  find "$1" -name '*.jpg' -o -name '*.png' -o -name '*.webp' | LC_ALL=C sort | while read -r file; do
    cksum <"$file"
  done
}
expect_same_images() {
  sums "$1" >sums_1
  sums "$2" >sums_2
  [ -s sums_1 ] || fail "$1: no images"
  cmp sums_1 sums_2 || fail "$1 and $2 hold other images"
}

mkdir -p "people/Anna B" people/Berta "people/Clara, C"
number=0
for person in "Anna B" Berta "Clara, C"; do
  for image in 1 2 3; do
    number=$((number + 1))
    # The last of each holds RecordIO's magic, in its place and out of it.
    { printf '\377\330\377%s' "$number" && [ $image -lt 3 ] ||
      printf '\012\043\327\316\012\043\327\316x\012\043\327\316'; } >"people/$person/$image.jpg"
  done
done
printf '\211PNG\r\n\032\n' >people/Berta/4.png
printf 'RIFF\004\000\000\000WEBP' >people/Berta/5.webp
# What no program takes for a face; it is counted.
mkdir people/.cache people/Doris
printf 'neither' | tee people/Thumbs.db people/Berta/notes.txt people/Doris/list.json \
  >people/Anna\ B/.DS_Store

convert people set --to rec --height 20 --width 30
expect_log "^convert_faces: people: 5 files skipped: not a JPEG, .*; the first is .cache$"
[ "$(cat set/property)" = 3,20,30 ] || fail "property: $(cat set/property)"
[ "$(wc -l <set/train.idx)" -eq 15 ] || fail "index: $(cat set/train.idx)"
convert set/train.rec from_set --to folder
expect_same_images people from_set
[ "$(ls from_set)" = "00000000
00000001
00000002" ] || fail "folders: $(ls from_set)"
convert from_set again --to rec --height 20 --width 30 --threads 7
cmp set/train.rec again/train.rec && cmp set/train.idx again/train.idx || fail "another set"
rm set/train.idx set/property
convert set/train.rec without_index --to rec --height 20 --width 30 --threads 1
cmp again/train.rec without_index/train.rec || fail "another set without the index"

convert people ./table/. --to table
grep -q '^images/00000010.jpg,"Clara, C"$' table/list.csv || fail "table: $(cat table/list.csv)"
convert table/list.csv from_table --to folder
expect_same_images people from_table
[ "$(ls from_table)" = "$(ls people | grep -v -e Doris -e Thumbs)" ] || fail "people: $(ls from_table)"
for list in "list list.txt" "lst train.lst"; do
  set -- $list
  convert people "as_$1" --to "$1"
  convert "as_$1/$2" "set_$1" --to rec --height 20 --width 30
  cmp again/train.rec "set_$1/train.rec" || fail "another set through $1"
done
echo "folder, rec, table, list, lst: there and back, same bytes"

printf 'fold,a,b,same\n0,%s,%s,1\n1,%s,%s,0\n' "people/Anna B/1.jpg" "people/Anna B/2.jpg" \
  people/Berta/4.png people/Berta/1.jpg >pairs.csv
for protocol in 2 4; do
  convert pairs.csv "pack_$protocol.bin" --to pack --protocol $protocol
  convert "pack_$protocol.bin" "pairs_$protocol" --to pairs
  [ "$(cut -d, -f3 "pairs_$protocol/pairs.csv" | tr '\n' ' ')" = "same 1 0 " ] || fail "labels"
  convert "pairs_$protocol/pairs.csv" "again_$protocol.bin" --to pack --protocol $protocol
  cmp "pack_$protocol.bin" "again_$protocol.bin" || fail "another pack"
  cmp "pairs_$protocol/images/00000002.png" people/Berta/4.png || fail "another image"
done
convert pack_2.bin changed.bin --to pack
cmp changed.bin pack_4.bin || fail "protocol 2 to 4"
echo "packs and tables of pairs: there and back, same bytes"

# What is no image for any reader is copied and told.
printf 'text' >text.dat
printf 'text.dat 1\n' >text.txt
convert text.txt text --to folder
expect_log "^convert_faces: text.txt: 1 images are not JPEG, PNG or WebP, .*; the first is text.txt: line 1: text.dat$"
cmp text.dat text/00000001/00000000.img

expect_refusal() { expect_end 1 "$@"; }
expect_usage() { expect_end 2 "$@"; }
expect_end() {
  wanted=$1
  message=$2
  shift 2
  ls -A >before
  code=0
  "$program" "$@" >log 2>&1 || code=$?
  [ $code -eq "$wanted" ] || fail "$*: ended with code $code"
  expect_log "^convert_faces: .*$message"
  [ "$(wc -l <log)" -eq 1 ] || fail "$*: more than a line: $(cat log)"
  ls -A >after
  cmp before after || fail "$*: left something: $(cat after)"
}
touch before after
printf 'cposix\nsystem\n(U\004echotR.' >evil.bin
expect_refusal "evil.bin: at byte 0: GLOBAL of 'posix' 'system' is refused" evil.bin x --to pairs
head -c 100 again/train.rec >cut.rec
expect_refusal "cut.rec: at byte 76: record of .* bytes, but" cut.rec x --to folder
printf '1\t0\n' >cut.idx
printf 'x' >short.rec
printf '1\t0\n' >short.idx
expect_refusal "short.rec: at byte 0: file ends where" short.rec x --to folder
for person in ../../evil .hidden . ..; do
  printf 'path,person\npeople/Berta/4.png,%s\n' "$person" >evil.csv
  expect_refusal "evil.csv: line 2: people/Berta/4.png: the person '.*' cannot be a folder's name" \
    evil.csv x --to folder
done
printf 'path,person\nnone.jpg,Anna\n' >absent.csv
expect_refusal "absent.csv: line 2: none.jpg: cannot open: No such file" absent.csv x --to rec
printf 'people/Berta/4.png -1\n' >negative.txt
for form in folder rec table; do
  expect_refusal "negative.txt: line 1: people/Berta/4.png: the label -1 is nobody's: no person$" \
    negative.txt x --to $form
done
: >empty.jpg
printf 'empty.jpg 1\n' >empty.txt
expect_refusal "empty.txt: line 1: empty.jpg: the image has no bytes" empty.txt x --to rec
# Records of MXNet's im2rec: magic, length, flag, label, two ids, image.
record() { # LENGTH LABEL IMAGE, as printf takes them
  printf '\012\043\327\316'"$1"'\000\000\000\000\000\000\000'"$2"
  head -c 16 /dev/zero
  printf "$3"
}
one='\000\000\200\077' minus_one='\000\000\200\277' image='\377\330\377x'
{ record '\034' "$one" "$image" && record '\030' "$one" ''; } >no_image.rec
for form in folder list lst table rec; do
  expect_refusal "no_image.rec: image 1: the image has no bytes" no_image.rec x --to $form
done
{ record '\034' "$one" "$image" && record '\034' "$minus_one" "$image"; } >nobody.rec
for form in folder rec table; do
  expect_refusal "nobody.rec: image 1: the label -1 is nobody's: no person$" nobody.rec x --to $form
done
printf 'people/Berta/4.png 1\n\npeople/Berta/4.png 2\n' >twice.txt
expect_refusal "twice.txt: line 3: people/Berta/4.png is listed twice, first in line 1$" twice.txt x \
  --to rec
printf '%s 1\n' people/Berta/4.png ./people//Berta/./4.png >respelt.txt
expect_refusal "respelt.txt: line 2: ./people//Berta/./4.png is listed twice, first in line 1$" \
  respelt.txt x --to rec
printf 'path,person\npeople/Berta/4.png,Anna\npeople/Berta/4.png,Berta\n' >twice.csv
expect_refusal "twice.csv: line 3: people/Berta/4.png is listed twice, first in line 2$" twice.csv x \
  --to folder
printf 'a,b,same\npeople/Berta/4.png,none.png,1\n' >absent_pair.csv
expect_refusal "absent_pair.csv: line 2: none.png: cannot open" absent_pair.csv x --to pack
expect_usage "input: is empty" "" x --to rec
expect_usage "output: is empty" people "" --to rec
expect_usage "input: is blank" " " x --to rec
expect_usage "output: is blank" people " " --to rec
for number in nan inf -1 1e999 x ''; do
  for option in height width threads protocol; do
    expect_usage "--$option: " people x --to rec --$option "$number"
  done
done
mkdir empty empty/Anna
expect_refusal "empty: contains no PERSON/FILE that is a JPEG, PNG or WebP" empty x --to rec
rmdir empty/Anna empty
rm -r people/.cache people/Thumbs.db people/Berta/notes.txt people/Doris people/Anna\ B/.DS_Store
expect_refusal "people: contains people but no pairs" people x.bin --to pack
expect_refusal "pack_4.bin: contains pairs but no people" pack_4.bin x --to rec
expect_refusal "table: exists already" people table --to rec
expect_refusal "table: exists already" people ./table/. --to rec
ln -s nowhere link
expect_refusal "link: is a symbolic link to nowhere, which does not exist$" people link/ --to rec
expect_refusal "link: is a symbolic link to nowhere, which does not exist$" pairs.csv link --to pack
rm link
expect_refusal "pack_2.bin: exists already" pairs.csv pack_2.bin --to pack
expect_refusal "nowhere/x: cannot create a folder in nowhere: No such file" people nowhere/x --to rec
expect_refusal "none: cannot open" none x --to rec
expect_usage "to: other not in" people x --to other
expect_usage "protocol" pairs.csv x --to pack --protocol 3
expect_usage "to is required" people x
"$program" --help >log || fail "--help"
expect_log "train.rec"
echo "bad input, names that lead out, outputs that are there: one line, nothing left"

faces="${COUPLEFACE_DATA:-}/lfw/images"
if [ -d "$faces" ]; then
  mkdir real
  count=0
  for person in "$faces"/*; do
    ln -s "$person" real/
    count=$((count + $(ls "$person" | wc -l)))
    [ $count -lt 200 ] || break
  done
  convert real real_set --to rec --height 250 --width 250
  expect_log "^$count images"
  convert real_set/train.rec real_again --to folder
  find real/ -follow -name '*.jpg' | LC_ALL=C sort | while read -r f; do cksum <"$f"; done >sums_1
  sums real_again >sums_2
  cmp sums_1 sums_2 || fail "real faces: other images"
  echo "$count real faces: to a set and back, same bytes"
else
  echo "real faces: skipped, COUPLEFACE_DATA names no folder with lfw/images"
fi
rm -rf "$folder"
