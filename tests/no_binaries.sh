#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# no_binaries.sh <repository>: no tracked file is binary or larger than 256 KiB. Data and pictures
# are made by programs, never kept. Ends with 77 (skipped) outside a git checkout.
set -euo pipefail
cd "$1"
git -c safe.directory='*' rev-parse --is-inside-work-tree >/dev/null 2>&1 || exit 77

status=0
while IFS= read -r -d '' file; do
  [[ -f $file ]] || continue
  if [[ -s $file ]] && ! grep -qI . "$file"; then
    echo "binary: $file"
    status=1
  fi
  if (($(stat -c %s "$file") > 262144)); then
    echo "over 256 KiB: $file"
    status=1
  fi
done < <(git -c safe.directory='*' ls-files -z)
exit $status
