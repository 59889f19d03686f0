#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets up what the tests examples/evaluate_against_peers and examples/python_pair_losses compare
# with, in the virtual environment build/evaluation_peers: NumPy and scikit-learn, and packages with
# losses over pairs, which the second test imports with Debian's PyTorch; half a minute. Can be run
# again.
# Usage: install_evaluation_peers.sh [--metric-learning]
#   --metric-learning   pytorch-metric-learning too, with PyTorch: 2 GB, a minute and a half
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/build/evaluation_peers
versions=(numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1)
losses=(torchdistill==1.1.5 kd-lib==0.0.32 mmrazor==1.0.0 fasterai==0.4.1)

[[ -x $venv/bin/python ]] || /usr/bin/python3 -m venv "$venv"
install=("$venv/bin/pip" install --quiet --disable-pip-version-check)
"${install[@]}" "${versions[@]}"
# Apart, and without what they need for anything but the losses.
"${install[@]}" --no-deps --upgrade --target "$venv/pair_losses" "${losses[@]}"
if [[ ${1:-} == --metric-learning ]]; then
  "$root/scripts/install_torch.sh" "$venv"
  "${install[@]}" tqdm==4.67.1 "${versions[@]}"
  "${install[@]}" --no-deps pytorch-metric-learning==2.9.0
fi
