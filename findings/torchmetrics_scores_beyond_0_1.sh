#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# torchmetrics 1.9.0 (torch 2.15.0): binary_roc of scores that leave [0, 1]
#
# Expected: a ROC curve needs scores in an order, no more, so cosines between -1 and 1 are taken as they
#   are and thresholds are scores.
# What happens: as soon as one score is below 0 or above 1 (one cosine rounded to 1.0000001 is enough)
#   ALL pass through a sigmoid in float32. Thresholds come back as sigmoids, and scores that differed
#   by less than the sigmoid keeps become ties: here 10 scores above 80 become one.
# Why it matters: a threshold read off the curve means something else from one batch to the next, and
#   logits or products of unnormalised embeddings, which order pairs perfectly, give an AUROC near
#   chance.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 \
  torchmetrics==1.9.0 numpy==2.4.6 # gigabytes
"$folder/venv/bin/python" -W ignore - <<'END'
import torch
from torchmetrics.functional.classification import binary_auroc, binary_roc

same = torch.tensor([0, 0, 1, 1])
cosines = torch.tensor([0.1, 0.3, 0.6, 0.9])
inside = binary_roc(cosines, same)[2]
cosines[0] = -0.1
outside = binary_roc(cosines, same)[2]
products = torch.arange(80.0, 90.0)  # of two people up to 84, of one from 85 on
separable = (products >= 85).long()
auroc = float(binary_auroc(products, separable))
scaled = float(binary_auroc(products / 100, separable))
print("thresholds of 0.1 0.3 0.6 0.9:", inside)
print("thresholds of -0.1 0.3 0.6 0.9:", outside)
print("AUROC of 80 ... 89:", auroc, "of 0.80 ... 0.89:", scaled)
assert torch.equal(inside[1:], torch.tensor([0.9, 0.6, 0.3, 0.1]))
assert torch.allclose(outside[1:], torch.tensor([0.9, 0.6, 0.3, -0.1]).sigmoid())
assert auroc == 0.5 and scaled == 1.0
END
