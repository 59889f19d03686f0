#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# torch 2.15.0: second derivatives through a loss whose backward is marked once_differentiable
#
# Expected: differentiating twice raises an error; that is what the mark is for.
# What happens: it does so only if the incoming gradient needs a derivative itself. That of a loss is
#   the number 1, or its weight in a sum, and does not: the gradient is then taken for a constant. If
#   another term of the sum has a second derivative, there is no error and no warning: for x^3 + x^2 at
#   2 the result is 2, without the 12 of the cube. torch.autograd.gradgradcheck notices it.
# Why it matters: losses with gradients of their own are written in this way. A gradient penalty or a
#   Hessian product of such a loss plus others leaves its part out, and the training goes on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 numpy==2.4.6 # gigabytes
"$folder/venv/bin/python" -W ignore - <<'END'
import torch


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 3

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, incoming):
        x, = ctx.saved_tensors
        return 3 * x ** 2 * incoming


def derivatives(cube, weight):
    """The first and the second of weight x^3 + x^2 at 2."""
    x = torch.tensor(2.0, requires_grad=True)
    first, = torch.autograd.grad(weight * cube(x) + x ** 2, x, create_graph=True)
    try:
        first.backward()
    except RuntimeError as error:
        return float(first), str(error)
    return float(first), float(x.grad)


plain = derivatives(lambda x: x ** 3, 1)
marked = derivatives(Cube.apply, 1)
weighted = derivatives(Cube.apply, torch.tensor(1.0, requires_grad=True))
print(f"first and second derivative of x^3 + x^2 at 2: {plain}")
print(f"with a cube that is marked once_differentiable: {marked}")
print(f"if it also has a weight with a gradient of its own: {weighted}")
assert plain == (16, 14) and marked == (16, 2) and "once_differentiable" in weighted[1]
END
