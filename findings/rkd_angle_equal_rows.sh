#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# torchdistill 1.1.5, KD-Lib 0.0.32, mmrazor 1.0.0 (torch 2.15.0): RKD's angle loss of a batch in
# which one embedding occurs twice
#
# Expected: a direction between equal embeddings is undefined, so its angles pull nowhere.
# What happens: F.normalize divides the zero difference by its eps, 1e-12, and the loss passes the
#   slope on: the gradient of both rows is 1e7, that of all others 1e-4. The loss is ordinary.
# Why it matters: sampling with replacement, a copy of an image under another name, or two black
#   crops put equal rows into a batch. One such step destroys the weights; clipping by the norm
#   throws every other gradient of the step away.
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
torchdistill = RKDLoss("net", "net", dist_factor=0.0, angle_factor=1.0, reduction="mean")
kd_lib = load("KD_Lib/KD/vision/RKD/loss_metric").RKDAngleLoss()
losses = {
    "torchdistill": lambda s, t: torchdistill({"net": {"output": s}}, {"net": {"output": t}}),
    "KD-Lib": lambda s, t: kd_lib(t, s),
    "mmrazor": load("mmrazor/models/losses/relational_kd").AngleWiseRKD(loss_weight=1.0),
}

random = torch.Generator().manual_seed(0)
student, teacher = (normalize(torch.randn(32, 512, generator=random)) for _ in range(2))
student[1] = student[0]
for name, loss in losses.items():
    rows = student.clone().requires_grad_()
    value = loss(rows, teacher)
    value.backward()
    lengths = rows.grad.norm(dim=1)
    equal, others = lengths[:2].min().item(), lengths[2:].max().item()
    print(f"{name}: loss {value.item():.4f}, gradient of the equal rows {equal:.2g}, "
          f"largest of the others {others:.2g}")
    assert value.item() < 0.1 and equal > 1e6 and others < 0.1
END
