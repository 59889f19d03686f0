#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets a Debian 12 machine up, builds the training example and trains students of a synthetic
# teacher on synthetic faces: no data is needed. Ends with where the results lie. Can be run again.
# A run that was stopped goes on where it was; QUICKSTART_OUT names another folder for results.
# Usage: quickstart.sh [train_student's own options, instead of --compare --seeds 1]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/quickstart
out=${QUICKSTART_OUT:-$build/results}

say() { printf '\n== quickstart.sh: %s\n' "$*"; }

say "checking the Debian packages"
"$root/scripts/install_dependencies.sh" --quickstart

say "building the training example, in $build"
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCOUPLEFACE_TESTS=OFF -DCOUPLEFACE_BENCHMARKS=OFF -DCOUPLEFACE_CUDA=OFF
cmake --build "$build" --target train_student --parallel "$(nproc)"
program=$build/examples/train_student/train_student

if (($# == 0)); then
  set -- --compare --seeds 1
fi
say "training: train_student $* --out $out"
"$program" "$@" --out "$out"

say "done. $out/report.html shows the table and the plots in a browser. All files:"
find "$out" -maxdepth 1 -type f | sort
if [[ -n ${COUPLEFACE_DATA:-} ]]; then
  say "COUPLEFACE_DATA is set to $COUPLEFACE_DATA. To train on those faces:
  $program --help"
else
  say "To train on your own faces, see: $program --help"
fi
