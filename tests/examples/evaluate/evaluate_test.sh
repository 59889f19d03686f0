#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
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

same_files() {
  for file in "$1"/*.csv "$1"/*.json "$1"/*.npy; do
    [ -e "$file" ] || continue
    cmp "$file" "$2/$(basename "$file")" || fail "$file differs: $3"
  done
}

mkdir dense sparse
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
grep -q "plot 'gaps_of_rows.csv'" one/plots.gp || fail "the gaps are not plotted"
grep -q "title '1:1, listed pairs'" one/plots.gp || fail "a legend of file names"
if command -v gnuplot >log; then
  for picture in roc cmc gaps_of_rows gaps_of_classes; do
    [ -s "one/$picture.svg" ] || fail "gnuplot is there, but no $picture.svg"
  done
fi
expect '"mean_average_precision_at_r"' one/results.json
[ "$(wc -l <one/agreement_of_classes.csv)" -eq 61 ] || fail "not a line for each class"
for threads in 2 3 7; do
  run $all --out more --replace --resamples 200 --threads $threads
  same_files one more "$threads threads"
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
run --embeddings rows.npy --list list.csv --labels labels.npy --no-all-pairs --out list_labels
(
  echo "path,person"
  i=0
  while [ $i -lt 480 ]; do
    echo "$((i % 60))/p$i.jpg,person$((i % 60))"
    i=$((i + 1))
  done
) >people.csv
echo "gallery, templates, list"

# Ids with gaps: the same bytes, but for the names of the classes themselves.
for kind in dense sparse; do
  cd $kind
  data="--labels labels.npy --teacher ../teacher.npy --resamples 50"
  run --embeddings ../rows.npy $data --pairs ../pairs.csv --out rows
  run --embeddings ../rows.npy $data --gallery ../gallery.npy --gallery-labels gallery_labels.npy \
    --out gallery
  run --embeddings ../rows.npy $data --templates tid_mid.txt --pairs template_pairs.txt --out templates
  expect "^120 x 24 embeddings" tables
  expect "identification: 120 probes with a mate, 0 without" tables
  cd ..
done
for run in rows gallery templates; do
  sed -i 's/^[0-9]*,/label,/' dense/$run/agreement_of_*.csv sparse/$run/agreement_of_*.csv
  same_files dense/$run sparse/$run "sparse ids"
done
sed 's/ [0-9]*$//; s/ /,/g' dense/tid_mid.txt | awk -F, '{ print NR - 1 "," $2 "," 10 * int((NR - 1) / 240) }' |
  sed '1i row,template,medium' >tid_mid.csv
run --embeddings rows.npy --labels labels.npy --teacher teacher.npy --resamples 50 \
  --templates tid_mid.csv --pairs dense/template_pairs.txt --out templates_table
cmp templates_table/pair_scores.npy dense/templates/pair_scores.npy
echo "sparse ids: as dense ones"

# Pairs in their forms: the same scores.
cat pairs.csv | sed 1d | awk -F, '{ print $2 "\t" $3 "\t" $4 }' >pairs.txt
run --embeddings rows.npy --pairs pairs.txt --out by_row
cmp by_row/pair_scores.npy one/pair_scores.npy || fail "lines: other scores"
expect "no folds: no accuracy" tables
sed 1d pairs.csv | awk -F, '{ print $2 % 60 "/p" $2 ".jpg " $3 % 60 "/p" $3 ".jpg " $4 }' >paths.txt
run --embeddings doubles.npy --list people.csv --pairs paths.txt --resamples 0 --no-all-pairs --out paths
cmp paths/pair_scores.npy one/pair_scores.npy || fail "paths: other scores"
# A table whose only column is the path: names without people.
cut -d, -f1 people.csv >names.csv
sed '1s/.*/"&"/' names.csv >quoted.csv
for names in names quoted; do
  run --embeddings doubles.npy --list $names.csv --pairs paths.txt --resamples 0 --no-all-pairs \
    --out path_$names
  cmp path_$names/pair_scores.npy one/pair_scores.npy || fail "$names: other scores"
done
# LFW's: image 1 of NAME has the first row of that person, and so on.
(
  echo "path,person"
  i=0
  while [ $i -lt 480 ]; do
    printf 'x/Name_%d/Name_%d_%04d.jpg,Name_%d\n' $((i % 60)) $((i % 60)) $((i / 60 + 1)) $((i % 60))
    i=$((i + 1))
  done
) >lfw.csv
(
  printf '10\t3\n'
  for fold in 0 1 2 3 4 5 6 7 8 9; do
    for n in 1 2 3; do printf 'Name_%d\t%d\t%d\n' $((fold * 3 + n)) $n $((n + 2)); done
    for n in 1 2 3; do printf 'Name_%d\t%d\tName_%d\t%d\n' $((fold * 3 + n)) $n $((fold + 30)) $n; done
  done
) >lfw_pairs.txt
(
  echo "fold,a,b,same"
  for fold in 0 1 2 3 4 5 6 7 8 9; do
    for n in 1 2 3; do p=$((fold * 3 + n)); echo "$fold,$(((n - 1) * 60 + p)),$(((n + 1) * 60 + p)),1"; done
    for n in 1 2 3; do
      echo "$fold,$(((n - 1) * 60 + fold * 3 + n)),$(((n - 1) * 60 + fold + 30)),0"
    done
  done
) >lfw_rows.csv
run --embeddings rows.npy --list lfw.csv --pairs lfw_pairs.txt --no-all-pairs --resamples 20 --out lfw
expect "deviation over 10 folds" tables
run --embeddings rows.npy --list lfw.csv --pairs lfw_rows.csv --no-all-pairs --resamples 20 --out lfw_rows
cmp lfw/pair_scores.npy lfw_rows/pair_scores.npy || fail "pairs.txt: other scores"
cmp lfw/roc_pairs.csv lfw_rows/roc_pairs.csv || fail "pairs.txt: another curve"
[ "$(grep accuracy lfw/results.json)" = "$(grep accuracy lfw_rows/results.json)" ] ||
  fail "pairs.txt: other accuracies"
sed 's/^[0-9],/3,/' lfw_rows.csv >one_fold.csv
run --embeddings rows.npy --pairs one_fold.csv --out one_fold
expect "one fold: no accuracy" tables
! grep -q '"accuracy"' one_fold/results.json || fail "accuracy of one fold"
cmp one_fold/roc_pairs.csv lfw_rows/roc_pairs.csv || fail "one fold: another curve"
for same in 0 1; do
  echo "0 $((60 - 59 * (1 - same))) $same" >one_kind.txt
  run --embeddings rows.npy --pairs one_kind.txt --out one_kind$same
  ! grep -q "gnuplot failed" tables || fail "pairs of one kind: $(cat tables)"
  [ ! -e one_kind$same/plots.gp ] || fail "pairs of one kind: something to draw"
done
expect "no pair of two people: no FAR" tables
awk 'BEGIN { print "fold,a,b,same"
  for (p = 0; p < 240; ++p) print int(p / 24) "," 2 * p "," 2 * p + 1 "," (p % 3 == 0) }' >pack.csv
run --embeddings rows.npy --pairs pack.bin --out pack
run --embeddings rows.npy --pairs pack.csv --out pack_table
sed -i '/"pairs": "/d' pack/results.json pack_table/results.json
same_files pack_table pack "a pack"
# Stored scores: what they were.
printf 'score,same,fold\n0.9,1,0\n0.8,1,1\n0.5,0,0\n0.1,0,1\n' >scores.csv
run --scores scores.csv --far 0,0.5 --out scores
expect "listed pairs: 4, EER 0.000 %" tables
expect '"accuracy": 0.75' scores/results.json
printf 'threshold,far,tar\ninf,0,0\n0.90000000000000002,0,0.5\n0.80000000000000004,0,1\n0.5,0.5,1\n0.10000000000000001,1,1\n' |
  cmp - scores/roc_pairs.csv || fail "scores: another curve"
printf 'score same\n0.9 1\n\nnan 1\n0.5 0\nnan 0\n0.1 0\n' >scores.txt
run --scores scores.txt --out scores_nan
expect "^scores.txt: 2 of 5 scores are NaN (first: line 4); such a pair is never accepted$" log
expect '"scores_not_numbers": 2' scores_nan/results.json
printf 'nan 1\nnan 0\n' >all_nan.txt
run --scores all_nan.txt --out all_nan
expect "^roc_pairs.csv: there is nothing to plot$" log
! grep -q gnuplot log || fail "scores that are all NaN: $(cat log)"
[ ! -e all_nan/plots.gp ] || fail "scores that are all NaN: something to draw"
# IJB's three files: names, templates, pairs. The detector's scores scale rows.
awk '{ print $1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0.5 }' dense/tid_mid.txt >names.txt
run --embeddings rows.npy --list names.txt --templates dense/tid_mid.txt --weigh-by-score \
  --pairs dense/template_pairs.txt --out ijb
cmp ijb/pair_scores.npy dense/templates/pair_scores.npy || fail "IJB: other scores"
sort dense/tid_mid.txt >shuffled.txt
run --embeddings rows.npy --list names.txt --templates shuffled.txt --pairs dense/template_pairs.txt \
  --out shuffled
cmp ijb/pair_scores.npy shuffled/pair_scores.npy || fail "IJB: by order although there are names"
# IJB's protocols 1:N: template t is of person t % 60. All templates in both: as with labels.
people() { # FROM TO: of the templates, in two lines each
  echo "TEMPLATE_ID,SUBJECT_ID,FILENAME"
  t=$1
  while [ $t -lt $2 ]; do
    printf '%d,person %d,x\n%d,person %d,y\n' $((7 * t + 5)) $((t % 60)) $((7 * t + 5)) $((t % 60))
    t=$((t + 1))
  done
}
people 0 120 >all.csv
people 0 30 >G1.csv
people 30 60 >G2.csv
people 60 120 >probes.csv
ijb="--embeddings rows.npy --templates sparse/tid_mid.txt --no-all-pairs"
run $ijb --probe-templates all.csv --gallery-templates all.csv --out all_templates
cmp all_templates/cmc.csv sparse/templates/cmc.csv || fail "IJB 1:N: other ranks"
run $ijb --probe-templates probes.csv --gallery-templates G1.csv --out G1
expect "identification: 30 probes with a mate, 30 without" tables
run $ijb --probe-templates probes.csv --gallery-templates G1.csv G2.csv --out G1_and_G2
expect "identification: 60 probes with a mate, 0 without" tables
echo "pairs.txt, paths, scores, IJB's lists"

# A gallery that is the probes.
run --embeddings rows.npy --labels labels.npy --no-all-pairs --out within
ln -s rows.npy symbolic.npy
ln rows.npy hard.npy
cp rows.npy copy.npy
for gallery in rows symbolic hard copy doubles; do
  run --embeddings rows.npy --labels labels.npy --no-all-pairs --gallery $gallery.npy \
    --gallery-labels labels.npy --out itself --replace
  expect "the gallery has the same rows: each is searched for among the others" tables
  cmp itself/cmc.csv within/cmc.csv || fail "gallery $gallery.npy: not leave-one-out"
  cmp itself/dir.csv within/dir.csv || fail "gallery $gallery.npy: not leave-one-out"
done
for gallery in scaled halves; do
  run --embeddings rows.npy --labels labels.npy --no-all-pairs --gallery $gallery.npy \
    --gallery-labels labels.npy --out itself --replace
  expect "the gallery has the same rows: each is searched for among the others" tables
  expect '"gallery_is_probes": true' itself/results.json
  cmp itself/cmc.csv within/cmc.csv || fail "gallery $gallery.npy: not leave-one-out"
done
for gallery in teacher others_nearly_equal; do
  probes=rows
  [ $gallery = teacher ] || probes=nearly_equal
  run --embeddings $probes.npy --labels labels.npy --no-all-pairs --gallery $gallery.npy \
    --gallery-labels labels.npy --out itself --replace
  expect '"gallery_is_probes": false' itself/results.json
done
expect "^threshold,far,dir" within/dir.csv
expect '"dir":' within/results.json

run --embeddings broken.npy --labels labels.npy --no-all-pairs --out broken
expect "^broken.npy: 2 of 480 rows are not finite (first: row 17, counted from 0)" log
run --embeddings rows.npy --labels labels.npy --teacher teacher.npy --k 100 --ranks 500 --no-all-pairs \
  --out cut
expect "^--k 100 is reduced to 59: there are 60 classes" log
expect "^--ranks 500 is reduced to 479, the number of other rows searched" log
[ "$(wc -l <cut/cmc.csv)" -eq 480 ] || fail "--ranks: not a line for each other row"
run --embeddings rows.npy --labels labels.npy --gallery gallery.npy --gallery-labels \
  gallery_labels.npy --ranks 500 --no-all-pairs --out cut --replace
expect "^--ranks 500 is reduced to 50, the number of rows searched" log
odd='quo"te back\slash'
mkdir "$odd"
cp rows.npy "$odd/r
ows.npy"
run --embeddings "$odd/r
ows.npy" --labels labels.npy --no-all-pairs --out names
expect '"file": "quo..te back..slash/r.nows.npy"' names/results.json
expect '"version": "[0-9.]*"' names/results.json
echo "gallery of the probes, rows that are not finite, --k, names"

refuse() { expect_end 1 "$@"; }
expect_end() {
  wanted=$1
  message=$2
  shift 2
  code=0
  "$program" "$@" --out refused >tables 2>log || code=$?
  [ $code -eq "$wanted" ] || fail "$*: ended with code $code"
  grep -v "^all pairs:" log >lines || true
  expect "^evaluate: .*$message" lines
  [ "$(wc -l <lines)" -eq 1 ] || fail "$*: more than a line: $(cat lines)"
  [ ! -e refused ] || fail "$*: left a folder"
}
expect_end 2 "nothing to evaluate against" --embeddings rows.npy
expect_end 2 "--weigh-by-score needs --list" --embeddings rows.npy --labels labels.npy \
  --templates templates.csv --weigh-by-score
for number in nan inf -1 2.5 1e999 '' x; do
  for option in far q; do
    expect_end 2 "--$option: " --embeddings none.npy --labels labels.npy --$option "$number"
  done
done
for list in 0.1,,0.2 '0.1,' ','; do
  expect_end 2 "--far: '$list' has an empty value between its commas" --embeddings none.npy \
    --labels labels.npy --far $list
done
for number in nan inf -1 2.5 1e999 '' x; do
  for option in k ranks resamples seed threads; do
    expect_end 2 "--$option: " --embeddings none.npy --labels labels.npy --$option "$number"
  done
done
for option in embeddings labels list split pairs scores gallery gallery-labels teacher; do
  expect_end 2 "--$option: is empty" --$option ""
  expect_end 2 "--$option: is blank" --$option " "
done
expect_end 2 "unexpected argument: 2" --embeddings rows.npy --labels labels.npy --ranks 1 2
printf 'path,person\n/images/x,Anna\n/./images/x,Anna\n' >twice.csv
refuse "twice.csv, line 3: /./images/x is listed twice, first in line 2" --embeddings rows.npy --list \
  twice.csv --labels labels.npy
refuse "large.npy: row 3, column 2 is 1e+300, too large for float32" --embeddings large.npy \
  --labels labels.npy
refuse "uint16.npy: elements are 'u2'; .*save the values instead" --embeddings uint16.npy \
  --labels labels.npy
! grep -q -e "--bfloat16-bits" log || fail "an option that evaluate does not have"
for shape in "(480, 4, 6)" "(11520,)"; do
  {
    printf '\223NUMPY\001\000\166\000'
    printf '%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': $shape, }"
    tail -c 46080 rows.npy
  } >shape.npy
  refuse "shape.npy: has the shape $shape; rows are an array of two extents" --embeddings shape.npy \
    --labels labels.npy
done
mkfifo pipe
for option in list pairs labels; do
  refuse "pipe: is not a regular file" --embeddings rows.npy --$option pipe
done
refuse "rows.npy/pairs.csv: cannot open: Not a directory" --embeddings rows.npy --pairs rows.npy/pairs.csv
code=0
"$program" --embeddings rows.npy --pairs pairs.csv --out rows.npy/x/y >tables 2>log || code=$?
[ $code -eq 1 ] || fail "a folder within a file"
expect "^evaluate: rows.npy/x/y: cannot create its folder: Not a directory$" log
refuse "none.npy: .*cannot open" --embeddings none.npy --labels labels.npy
{
  printf '\223NUMPY\001\000\166\000'
  printf '%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (480, 0), }"
} >narrow.npy
refuse "narrow.npy: the rows have no columns" --embeddings narrow.npy --labels labels.npy
refuse "gallery_labels.npy: 50 labels for 480 rows" --embeddings rows.npy --labels gallery_labels.npy
refuse "gallery.npy: 50 rows, but 480" --embeddings rows.npy --teacher gallery.npy
refuse "list.csv: no line has the split test" --embeddings rows.npy --list list.csv --split test
refuse_pairs() {
  message=$1
  printf "$2" >bad.csv
  shift 2
  refuse "$message" --embeddings rows.npy --pairs bad.csv "$@"
}
refuse_pairs "bad.csv: line 2: there is no row 480: there are 480" 'a,b,same\n1,480,1\n'
refuse_pairs "bad.csv: at byte 9: line 2 has 'x' where the label, 0 or 1" 'a,b,same\n1,2,x\n'
refuse_pairs "bad.csv: at byte 9: line 2 has 2 fields, the header 3" 'a,b,same\n1,2\n'
refuse_pairs "bad.csv: .* no column 'b'" 'a,same\n1,1\n'
refuse_pairs "bad.csv: .* no pairs" 'a,b,same\n'
refuse_pairs "bad.csv: .* no pairs" ''
refuse_pairs "bad.csv: at byte 15: line 3 pairs '7' with itself" 'a,b,same\n1,2,0\n7,7,1\n'
refuse_pairs "bad.csv: line 3: same is 1, but the rows 1 and 2 have the labels 1 and 2" \
  'a,b,same\n1,61,1\n1,2,1\n' --labels labels.npy
refuse_pairs "bad.csv: line 2: same is 0, but the rows 1 and 61 " 'a,b,same\n1,61,0\n' --list people.csv
refuse "lfw_pairs.txt: names images: give the --list" --embeddings rows.npy --pairs lfw_pairs.txt
refuse_pairs "bad.csv: line 2: no row is called 'Ann/Ann_0001'" '1\nAnn\t1\t2\nAnn\t1\tBob\t2\n' \
  --list lfw.csv
refuse "bad.txt: .*promises" --embeddings rows.npy --list lfw.csv --pairs "$(
  sed '$d' lfw_pairs.txt >bad.txt
  echo bad.txt
)"
refuse "pack.bin: .*has 480 images for 50 rows" --embeddings gallery.npy --pairs pack.bin
refuse "people.csv: 480 lines for 50 rows of gallery.npy" --embeddings gallery.npy --list people.csv
sed '5s/person3/person2/' people.csv >bad_list.csv
refuse "bad_list.csv, line 5: person2 has the label 3 in labels.npy, but row 2, person2, has 2" \
  --embeddings rows.npy --list bad_list.csv --labels labels.npy
refuse "names.txt: names no people" --embeddings rows.npy --list names.txt
sed 's/$/1/' dense/tid_mid.txt | sed '$d' >bad.txt
refuse "bad.txt: 479 lines for 480 rows" --embeddings rows.npy --labels labels.npy --templates bad.txt
printf 'row,template,medium\n0,5,0\n60,5,0\n1,5,1\n' >bad.csv
refuse "bad.csv, line 4: template 5 has faces of the labels 0 and 1" --embeddings rows.npy --labels \
  labels.npy --templates bad.csv
printf '7 11 1\n' >bad_pairs.txt
refuse "bad_pairs.txt: line 1: no row is called '7', the first is called '5'" --embeddings rows.npy \
  --pairs bad_pairs.txt --templates "$(
    printf 'row,template,medium\n0,5,0\n60,11,0\n' >two.csv
    echo two.csv
  )"
refuse "labels.npy: the gallery has the rows of --embeddings, but row 0 has the label 3 here and, for --embeddings, 0" \
  --embeddings rows.npy --labels labels.npy --gallery hard.npy --gallery-labels sparse/labels.npy
refuse "all.csv: defines the templates' people" $ijb --labels labels.npy --probe-templates all.csv
printf 'TEMPLATE_ID,SUBJECT_ID\n5,a\n6,b\n' >bad.csv
refuse "bad.csv, line 3: template 6 has no face in sparse/tid_mid.txt" $ijb --probe-templates bad.csv
refuse "symbolic.npy: is the file of --embeddings, but --split" --embeddings rows.npy --list \
  list.csv --split dev --gallery symbolic.npy --gallery-labels labels.npy
printf '0.5 1\nx 0\n' >bad_scores.txt
refuse "bad_scores.txt: at byte 6: line 2 has 'x' where the score should be" --scores bad_scores.txt
echo "bad input: one line"

# A gnuplot on a full disk ends well, and leaves files that are empty or cut off.
mkdir fake
cat >fake/gnuplot <<'end'
#!/bin/sh
: >roc.png
printf '<svg>' >roc.svg
printf '\211PNGIEND\256\102\140\202' >cmc.png
printf '<svg></svg>\n' >cmc.svg
end
chmod +x fake/gnuplot
PATH="$PWD/fake:$PATH" run --embeddings rows.npy --labels labels.npy --gallery gallery.npy \
  --gallery-labels gallery_labels.npy --no-all-pairs --out full
expect "^evaluate: full: gnuplot did not draw roc.png, roc.svg (see plots.log)" log
[ ! -e full/roc.png ] && [ ! -e full/roc.svg ] || fail "plots that were cut off are there"
[ -s full/cmc.png ] && [ -s full/cmc.svg ] && [ -e full/plots.log ] || fail "$(ls full)"
echo "plots that were not drawn: removed, with a warning"

# One row: nothing to draw, nothing to search.
tail -c 96 rows.npy >row
for shape in "<f4 (1,24) one_row" "<i4 (1,) one_label"; do
  set -- $shape
  {
    printf '\223NUMPY\001\000\166\000'
    printf '%-117s\n' "{'descr': '$1', 'fortran_order': False, 'shape': $2, }"
    if [ $1 = '<f4' ]; then cat row; else printf '\000\000\000\000'; fi
  } >$3.npy
done
run --embeddings one_row.npy --labels one_label.npy --teacher one_row.npy --out one_row
expect "^agreement of rows: there is only one, so it has no neighbours$" log
[ ! -e one_row/cmc.png ] && [ ! -e one_row/plots.gp ] || fail "one row: $(ls one_row)"
for shape in "<f4 (2,24) two_rows" "<i4 (2,) two_labels"; do
  set -- $shape
  {
    printf '\223NUMPY\001\000\166\000'
    printf '%-117s\n' "{'descr': '$1', 'fortran_order': False, 'shape': $2, }"
    if [ $1 = '<f4' ]; then cat row row; else printf '\000\000\000\000\000\000\000\000'; fi
  } >$3.npy
done
run --embeddings two_rows.npy --labels two_labels.npy --out two_rows
expect "^--ranks 20 is reduced to 1, the number of other rows searched$" log

cp -r one kept
expect_kept() {
  same_files kept one "changed by what was refused"
  [ -z "$(find . -name '*.tmp' -o -name '*.old')" ] || fail "left folders: $(ls)"
}
code=0
"$program" $all --out one >tables 2>log || code=$?
[ $code -eq 1 ] || fail "a folder that exists was taken"
expect "^evaluate: one: exists already" log
expect_kept
code=0
"$program" --embeddings rows.npy --pairs scores.csv --out one --replace >tables 2>log || code=$?
[ $code -eq 1 ] || fail "bad pairs were taken"
expect_kept
mkdir other
touch other/mine
code=0
"$program" $all --out other --replace >tables 2>log || code=$?
[ $code -eq 1 ] && [ -e other/mine ] || fail "a folder of other things was replaced"
expect_not_replaced() { # FOLDER MESSAGE
  cp -r "$1" before
  code=0
  "$program" $all --out "$1" --replace >tables 2>log || code=$?
  [ $code -eq 1 ] || fail "$1 was replaced"
  expect "^evaluate: $2" log
  diff -r "$1" before || fail "$1 was changed"
  rm -r before
}
echo '{"accuracy": 1}' >other/results.json
expect_not_replaced other "other/mine: is no file that this program writes, so other is not replaced$"
rm other/mine
expect_not_replaced other "other/results.json: was not written by this program, so other is not"
cp -r one annotated
mkdir annotated/cmc.csv.d
expect_not_replaced annotated "annotated/cmc.csv.d: is no file that this program writes"
rm -r annotated/cmc.csv.d
ln -s annotated linked
expect_not_replaced linked "linked: is a symbolic link, so it is not replaced"
ln -s results.json annotated/plots.log
expect_not_replaced annotated "annotated/plots.log: is no file that this program writes"
rm -r annotated/* linked
run --scores scores.csv --out annotated --replace # it is empty
cmp annotated/roc_pairs.csv scores/roc_pairs.csv
run --scores scores.csv --out one/ --replace
[ ! -e one/cmc.csv ] || fail "old results beside new ones"
cmp one/roc_pairs.csv scores/roc_pairs.csv
run --scores scores.csv --out one/. --replace
run --scores scores.csv --out .//new/./one/. --replace
[ "$(ls -A new)" = one ] || fail "--out new/./one/.: $(ls -A new)"
ln -s nowhere dangling
expect_refused_out() { # MESSAGE ARGUMENTS...
  message=$1
  shift
  code=0
  "$program" --scores scores.csv --out "$@" >tables 2>log || code=$?
  [ $code -eq 1 ] || fail "--out $*: ended with $code"
  expect "^evaluate: $message$" log
}
for replace in "" --replace; do
  expect_refused_out "dangling: is a symbolic link to nowhere, which does not exist" dangling $replace
done
rm dangling
expect_refused_out "new/one/..: cannot be replaced under this name; write the folder's" new/one/.. \
  --replace
if [ "$(id -u)" -ne 0 ]; then
  chmod a-w new
  expect_not_replaced new/one "new/one: cannot create a folder in new: Permission denied$"
  chmod u+w new
fi
expect_gone=$(find . -name '*.tmp' -o -name '*.old')
[ -z "$expect_gone" ] || fail "left: $expect_gone"
echo "folders: refused, or replaced as a whole"
