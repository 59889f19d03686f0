#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# torchmetrics 1.9.0 (torch 2.15.0): binary_eer without pairs of one kind, and scores that are NaN
#
# Expected: an equal error rate without false accepts is not defined, so NaN or an error; a NaN score is
#   refused, or comes last.
# What happens: pairs of one person alone give EER 0, the best value, and pairs of two people alone
#   give 1 (both with a warning that names the ROC, not the EER). A NaN score is sorted first: its pair
#   is accepted before all others, as if its score were the largest, without a warning.
# Why it matters: a validation list cut short, or a fold of one person, reports a perfect model. A
#   student that yields NaN for pairs of one person gets AUROC 1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 \
  torchmetrics==1.9.0 numpy==2.4.6 # gigabytes
"$folder/venv/bin/python" -W ignore - <<'END'
import torch
from torchmetrics.functional.classification import binary_auroc, binary_eer

scores = torch.tensor([0.1, 0.2, 0.3])
eer = [float(binary_eer(scores, torch.full((3,), kind))) for kind in (1, 0)]
print("EER of pairs of one person:", eer[0], "of two people:", eer[1])
broken = torch.tensor([float("nan"), 0.2, 0.8])
auroc = [float(binary_auroc(broken, torch.tensor(same))) for same in ([1, 0, 0], [0, 1, 1])]
print("AUROC with NaN for the only pair of one person:", auroc[0], "of two people:", auroc[1])
assert eer == [0.0, 1.0] and auroc == [1.0, 0.0]
END
