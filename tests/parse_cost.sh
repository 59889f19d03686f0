#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# parse_cost.sh <limit> <compiler> <flags...>: the umbrella header may cost at most <limit> times
# the parse of <Eigen/Core> alone. Both are timed in turns and the least user time of each counts,
# so that whatever else the machine does adds nothing.
set -euo pipefail

limit=$1
shift

# User time, in milliseconds, of parsing one header.
parse_milliseconds() {
  local header=$1
  shift
  local TIMEFORMAT=%U
  local seconds
  seconds=$({ time "$@" -include "$header" -x c++ /dev/null; } 2>&1)
  awk -v seconds="$seconds" 'BEGIN { printf "%d", seconds * 1000 }'
}

eigen=1000000
umbrella=1000000
for _ in 1 2 3 4 5 6 7; do
  now=$(parse_milliseconds Eigen/Core "$@")
  if ((now < eigen)); then eigen=$now; fi
  now=$(parse_milliseconds coupleface/coupleface.hpp "$@")
  if ((now < umbrella)); then umbrella=$now; fi
done

echo "<Eigen/Core> $eigen ms, <coupleface/coupleface.hpp> $umbrella ms"
awk -v ours="$umbrella" -v eigen="$eigen" -v limit="$limit" 'BEGIN {
  printf "ratio %.2f, limit %.2f\n", ours / eigen, limit
  exit !(eigen > 0 && ours <= limit * eigen)
}'
