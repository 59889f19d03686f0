#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The programs are installed, with everything else and alone as the component `tools`.
# usage: tools_test.sh CMAKE BUILD_FOLDER PREFIX FOLDER (emptied) BINARIES
set -eu
cmake=$1
build=$2
prefix=$3
folder=$4
binaries=$5
rm -rf "$folder"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
"$cmake" --install "$build" --component tools --prefix "$folder" >/dev/null
[ "$(ls "$folder")" = "${binaries%%/*}" ] || fail "the component has more than programs: $(ls "$folder")"
for program in convert_faces evaluate mine_relations train_student; do
  for place in "$prefix" "$folder"; do
    "$place/$binaries/$program" --version | grep -q "^$program of coupleface " ||
      fail "$place/$binaries/$program does not run"
  done
done
rm -rf "$folder"
