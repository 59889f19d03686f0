#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# torchdistill 1.1.5, KD-Lib 0.0.32, mmrazor 1.0.0 (torch 2.15.0): RKD's distance loss of a student
# whose embeddings are all equal
#
# Expected: a large loss, or NaN: the loss compares distances over their mean, and here all of them
#   are 0.
# What happens: the squares of the distances are clamped to an eps before the square root, so that
#   each distance counts as 1e-6 or 1e-5. Over their mean all of them are 1: the loss is lower than
#   that of random embeddings, and its gradient is 0.
# Why it matters: a dead last layer, or embeddings that underflow in half precision, look like a
#   student that has learned something, and this loss never pulls it out. The authors' code has the
#   same eps.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 \
  numpy==2.4.6 # gigabytes
# Without what they need for anything but this loss; the files with it are loaded alone.
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps \
  --target "$folder/packages" torchdistill==1.1.5 kd-lib==0.0.32 mmrazor==1.0.0
"$folder/venv/bin/python" -W ignore - "$folder/packages" <<'END'
import importlib.util
import sys
import types

import torch
from torch.nn.functional import normalize

sys.path.append(sys.argv[1])
from torchdistill.losses.mid_level import RKDLoss


def load(path):
    file = f"{sys.argv[1]}/{path}.py"
    spec = importlib.util.spec_from_file_location(path.replace("/", "_"), file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


registry = types.ModuleType("mmrazor.registry")
registry.MODELS = types.SimpleNamespace(register_module=lambda: lambda of: of)
sys.modules.update({"mmrazor": types.ModuleType("mmrazor"), "mmrazor.registry": registry})
torchdistill = RKDLoss("net", "net", dist_factor=1.0, angle_factor=0.0, reduction="mean")
kd_lib = load("KD_Lib/KD/vision/RKD/loss_metric").RKDDistanceLoss()
losses = {
    "torchdistill": lambda s, t: torchdistill({"net": {"output": s}}, {"net": {"output": t}}),
    "KD-Lib": lambda s, t: kd_lib(t, s),
    "mmrazor": load("mmrazor/models/losses/relational_kd").DistanceWiseRKD(loss_weight=1.0),
}

# 16 people with 8 images each, and students from good to none.
random = torch.Generator().manual_seed(0)
people, noise, other = (torch.randn(n, 512, generator=random) for n in (16, 128, 128))
people = people.repeat_interleave(8, dim=0)
teacher = normalize(people + 0.5 * noise)
students = {"trained": normalize(people + 0.8 * other), "random": normalize(other),
            "all rows equal": normalize(other[:1]).repeat(128, 1)}
for name, loss in losses.items():
    seen = {}
    for student, rows in students.items():
        rows = rows.clone().requires_grad_()
        value = loss(rows, teacher)
        value.backward()
        seen[student] = value.item(), rows.grad.abs().max().item()
    print(f"{name}: " + ", ".join(f"{s} {v:.5f}" for s, (v, _) in seen.items())
          + f"; largest gradient of equal rows {seen['all rows equal'][1]:.2g}")
    assert seen["trained"][0] < seen["all rows equal"][0] < seen["random"][0]
    assert seen["all rows equal"][1] < 1e-6
END
