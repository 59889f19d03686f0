#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A program is compiled with what pkg-config says about the install tree, and CCCL's headers.
# usage: pkg_config_test.sh PKG_CONFIG ("" or ...-NOTFOUND = not there) CXX CCCL VERSION
#        FOLDER (with coupleface.pc) SOURCE PROGRAM (overwritten)
set -eu
pkg_config=$1
compiler=$2
cccl=$3
version=$4
folder=$5
source=$6
program=$7
case $pkg_config in
  "" | *-NOTFOUND)
    echo "skipped: pkg-config was not found"
    exit 77
    ;;
esac

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
PKG_CONFIG_LIBDIR=$folder
export PKG_CONFIG_LIBDIR
found=$("$pkg_config" --modversion coupleface)
[ "$found" = "$version" ] || fail "version $found, not $version"
libraries=$("$pkg_config" --libs coupleface)
[ -z "$libraries" ] || fail "a header-only library asks for $libraries"
rm -f "$program"
# The flags are several words.
# shellcheck disable=SC2046
"$compiler" -std=c++17 $("$pkg_config" --cflags coupleface) -isystem "$cccl" \
  -DTHRUST_HOST_SYSTEM=THRUST_HOST_SYSTEM_CPP -DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP \
  "$source" -o "$program"
"$program" || fail "the program computes something else"
