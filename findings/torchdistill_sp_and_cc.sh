#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# torchdistill 1.1.5 (torch 2.15.0): SPKDLoss and CCKDLoss beside the papers that they are named after
#
# Expected: SPKDLoss is Tung and Mori's ||G_t - G_s||^2 / b^2 with rows of G of L2 norm 1, CCKDLoss Peng
#   et al.'s ||C_t - C_s||^2 / n^2.
# What happens: SPKDLoss calls normalize(matrix, 1): that 1 is p, so rows have L1 norm 1 (here the
#   loss is 3.5 times smaller, and the ratio grows with the batch). CCKDLoss divides the norm itself,
#   not its square, by n^2, so its gradient keeps its length however close the student comes, and
#   shrinks with the batch as 1 / n^2.
# Why it matters: weights out of the papers (3000 for SP) mean something else here, and a comparison
#   of relation losses through this package compares other losses.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 \
  numpy==2.4.6 # gigabytes
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps torchdistill==1.1.5
"$folder/venv/bin/python" -W ignore - <<'END'
import torch
from torchdistill.losses.mid_level import CCKDLoss, SPKDLoss

random = torch.Generator().manual_seed(0)
student, teacher = (torch.randn(6, 8, generator=random) for _ in range(2))
n = len(student)


def call(loss):
    return float(loss({"net": {"output": student}}, {"net": {"output": teacher}}))


def unit_rows(rows, p):
    products = rows @ rows.T
    return products / products.norm(p=p, dim=1, keepdim=True)


def squared(difference, power=2):
    return float(difference.norm() ** power / n**2)


sp = call(SPKDLoss("net", "net", "batchmean"))
sp_by = {p: squared(unit_rows(teacher, p) - unit_rows(student, p)) for p in (1, 2)}
cc = call(CCKDLoss("net", "net", {"type": "bilinear"}, "batchmean"))
difference = teacher @ teacher.T - student @ student.T
cc_by = {power: squared(difference, power) for power in (1, 2)}
print(f"SPKDLoss {sp:.4f}; rows of L2 norm 1, as in the paper: {sp_by[2]:.4f}; L1: {sp_by[1]:.4f}")
print(f"CCKDLoss {cc:.4f}; squared, as in the paper: {cc_by[2]:.4f}; not squared: {cc_by[1]:.4f}")
assert abs(sp - sp_by[1]) < 1e-6 and sp_by[2] > 3 * sp
assert abs(cc - cc_by[1]) < 1e-5 and cc_by[2] > 10 * cc
END
