#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets up what the test examples/evaluate_against_peers compares with, in the virtual environment
# build/evaluation_peers: NumPy and scikit-learn, a quarter of a minute. Can be run again.
# Usage: install_evaluation_peers.sh [--metric-learning]
#   --metric-learning   pytorch-metric-learning too, with PyTorch: 2 GB, a minute and a half
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/build/evaluation_peers
versions=(numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1)

[[ -x $venv/bin/python ]] || /usr/bin/python3 -m venv "$venv"
install=("$venv/bin/pip" install --quiet --disable-pip-version-check)
"${install[@]}" "${versions[@]}"
if [[ ${1:-} == --metric-learning ]]; then
  "$root/scripts/install_torch.sh" "$venv"
  "${install[@]}" tqdm==4.67.1 "${versions[@]}"
  "${install[@]}" --no-deps pytorch-metric-learning==2.9.0
fi
