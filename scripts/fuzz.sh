#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzz target for a number of executions (default 1,000,000) and stops at the first
# finding. Usage: fuzz.sh [EXECUTIONS]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
executions=${1:-1000000}

"$root/scripts/install_dependencies.sh"
cd "$root"
echo "fuzz.sh: building the fuzz targets with clang's sanitizers into build/asan"
cmake --preset asan
targets=()
for source in tests/fuzz/*_fuzz.cpp; do
  targets+=("$(basename "$source" .cpp)")
done
cmake --build --preset asan --target "${targets[@]}"

folder=build/asan/tests/fuzz
for target in "${targets[@]}"; do
  echo "fuzz.sh: $target, $executions executions"
  "$folder/$target" -runs="$executions" -seed=1 -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="$folder/found/$target-" \
    "$folder/corpus/$target" "$folder/seeds/$target"
done
echo "fuzz.sh: ${#targets[@]} targets, no findings"
