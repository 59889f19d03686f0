#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# torch 2.15.0: F.normalize and F.cosine_similarity of a row of zeros
#
# Expected: zeros and similarity 0 in every type, which is what eps is for; gradient 0.
# What happens: eps is rounded to the row's type. 1e-12 and 1e-8 are 0 in float16, so the row is
#   0 / 0 = NaN, and its gradient infinite. bfloat16 and float32 give zeros, but the gradient of
#   F.normalize there is 1 / eps, 1e12.
# Why it matters: one black crop makes a batch of half-precision embeddings NaN. In float32 the
#   forward pass looks right, and one step later the weights are gone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 numpy==2.4.6 # gigabytes
"$folder/venv/bin/python" - <<'END'
import torch
import torch.nn.functional as F

seen = {}
for kind in (torch.float16, torch.bfloat16, torch.float32):
    row = torch.zeros(1, 4, dtype=kind, requires_grad=True)
    unit = F.normalize(row)
    unit.sum().backward()
    cosine = F.cosine_similarity(row, row).item()
    seen[kind] = unit[0, 0].item(), row.grad[0, 0].item(), cosine
    print(f"{kind}: normalize {seen[kind][0]}, gradient {seen[kind][1]:.3g}, cosine {cosine}")

half, brain, single = seen.values()
assert half[0] != half[0] and half[2] != half[2] and half[1] == float("inf")
for unit, gradient, cosine in (brain, single):
    assert unit == 0 and cosine == 0 and 0.99e12 < gradient < 1.01e12
END
