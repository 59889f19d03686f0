#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Doxygen makes the site without a warning, so that comments name their parameters and links lead to
# something. The site has the public functions and the pages.
# usage: reference_test.sh CMAKE DOXYGEN ("" or ...-NOTFOUND = not there) REPOSITORY FOLDER (emptied)
set -eu
cmake=$1
doxygen=$2
root=$3
folder=$4
case $doxygen in
  "" | *-NOTFOUND)
    echo "skipped: doxygen was not found"
    exit 77
    ;;
esac

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
"$cmake" -D "DOXYGEN=$doxygen" -D "SOURCE_DIR=$root" -D "OUTPUT=$folder" -P "$root/cmake/MakeReference.cmake"
cd "$folder"
for page in quick_start own_trainer mathematics testing pages findings changelog; do
  [ -s "$page.html" ] || fail "no page $page"
done
for name in mine_nearest rad_loss fcd_loss class_prototypes feature_bank verify_all_pairs; do
  grep -q "$name" namespacecoupleface.html || fail "$name is not in the reference"
done
if grep -l "coupleface::detail" namespaces.html annotated.html; then fail "detail is in the reference"; fi
rm -rf "$folder"
