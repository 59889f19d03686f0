#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# pytorch-metric-learning 2.9.0 and torchdistill 1.1.5 (torch 2.15.0): a batch with one row of NaN
#
# Expected: the loss is NaN, so that a look at it, or a check for finite losses, stops the training.
# What happens: TripletMarginLoss averages over the losses > 0, and NaN is not: the loss is an ordinary
#   number while the gradient of EVERY row is NaN (ContrastiveLoss of the same package gives NaN).
#   torchdistill's PKTLoss sets NaN to 0: with a NaN teacher row loss and gradients are ordinary
#   numbers, and the student is pulled towards a teacher that says "no relation".
# Why it matters: one overflow in half precision, or one broken line of a teacher's file, leaves the
#   curve of the loss as it was. The weights are NaN after the next step, or permanently wrong.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 \
  pytorch-metric-learning==2.9.0 numpy==2.4.6 # gigabytes
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps torchdistill==1.1.5
"$folder/venv/bin/python" -W ignore - <<'END'
import torch
from pytorch_metric_learning import losses
from torchdistill.losses.mid_level import PKTLoss

random = torch.Generator().manual_seed(0)
rows = torch.nn.functional.normalize(torch.randn(8, 16, generator=random))
teacher = torch.nn.functional.normalize(torch.randn(8, 16, generator=random))
labels = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])


def outcome(loss, student):
    student = student.clone().requires_grad_()
    value = loss(student)
    value.backward()
    return float(value), int(student.grad.isnan().any(dim=1).sum())


def pkt(teacher):
    return lambda student: PKTLoss("net", "output", "net", "output")(
        {"net": {"output": student * 1}}, {"net": {"output": teacher.clone()}})


broken, broken_teacher = rows.clone(), teacher.clone()
broken[0] = float("nan")
broken_teacher[0] = float("nan")
triplets = losses.TripletMarginLoss(margin=0.2)
contrastive = losses.ContrastiveLoss()
seen = {"triplet": outcome(lambda s: triplets(s, labels), broken),
        "contrastive": outcome(lambda s: contrastive(s, labels), broken),
        "PKT, NaN in the student": outcome(pkt(teacher), broken),
        "PKT, NaN in the teacher": outcome(pkt(broken_teacher), rows)}
for name, (value, bad) in seen.items():
    print(f"{name}: loss {value:.4f}, rows whose gradient is NaN: {bad} of 8")
finite = {name: value == value for name, (value, _) in seen.items()}
assert finite == {"triplet": True, "contrastive": False, "PKT, NaN in the student": True,
                  "PKT, NaN in the teacher": True}
assert seen["triplet"][1] == 8 and seen["PKT, NaN in the teacher"][1] == 0
END
