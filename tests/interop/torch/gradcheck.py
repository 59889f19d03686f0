# SPDX-License-Identifier: Apache-2.0
"""torch.autograd.gradcheck, which exists in Python only, on the losses.

usage: gradcheck.py LIBRARY_OF_OPERATORS
"""
import sys

import torch

torch.ops.load_library(sys.argv[1])
ops = torch.ops.coupleface
torch.manual_seed(1)


def rows(n, d, learns=True):
    return torch.randn(n, d, dtype=torch.float64, requires_grad=learns)


teacher, bank = rows(5, 7, False), rows(9, 7, False)
neighbours = torch.tensor([[0, 3, -1], [8, 8, 1], [2, -1, 4], [5, 6, 7], [-1, -1, -1]])
labels = torch.tensor([0, 7, -1, 3, 3])
classes = torch.tensor([0, 2, 3, 7])
checks = {
    "fcd": (lambda s: ops.fcd(s, teacher), rows(5, 7)),
    "fcd of a transposed matrix": (lambda s: ops.fcd(s.t(), teacher), rows(7, 5)),
    "rad": (lambda s: ops.rad(s, teacher, bank, neighbours), rows(5, 7)),
    "margin softmax": (lambda e, w: ops.softmax(e, w, labels), rows(5, 7), rows(8, 7)),
    "sampled margin softmax": (
        lambda e, w: ops.sampled_softmax(e, w, labels, classes),
        rows(5, 7),
        rows(8, 7),
    ),
}
for loss in "relation", "rkd", "similarity_preserving", "correlation_congruence", "pkt":
    checks[loss] = (lambda s, of=getattr(ops, loss): of(s, teacher), rows(5, 7))
for name, (function, *inputs) in checks.items():
    # Logits up to 8: third derivatives are larger than those of losses of order 1.
    assert torch.autograd.gradcheck(function, inputs, eps=1e-6, atol=1e-6, rtol=1e-5), name
    print(f"gradcheck: {name}")
