#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# torch 2.15.0 with NumPy 2.4.6: DLPack export of a negated view
#
# Expected: numpy.from_dlpack(x) has the numbers of x, or an error says why not. A conjugated view is
#   refused, and x.numpy() refuses a negated one: "Use tensor.resolve_neg().numpy() instead".
# What happens: the imaginary part of a conjugate is a view of the original with a bit that says
#   "negate". __dlpack__ ignores the bit: the importer, NumPy or PyTorch itself, gets every number with
#   the wrong sign, without an error or a warning.
# Why it matters: libraries that take tensors by DLPack (array packages, extensions, search indexes)
#   compute with the wrong sign; spectra of images have such parts. x.resolve_neg() before is right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.15.0 numpy==2.4.6 # gigabytes
"$folder/venv/bin/python" -W ignore - <<'END'
import numpy
import torch


def refusal(export):
    try:
        export()
    except (BufferError, RuntimeError) as error:
        return str(error)
    return "none"


spectrum = torch.fft.rfft(torch.tensor([1.0, 2.0, 3.0, 5.0]))
x = spectrum.conj().imag
right = x.tolist()
by_numpy, by_torch = numpy.from_dlpack(x).tolist(), torch.from_dlpack(x).tolist()
print(f"x {right}, from_dlpack(x) of NumPy {by_numpy}, of torch {by_torch}")
print(f"x.numpy(): {refusal(x.numpy)}")
print(f"__dlpack__ of the conjugate: {refusal(spectrum.conj().__dlpack__)}")
print(f"from_dlpack(x.resolve_neg()) {numpy.from_dlpack(x.resolve_neg()).tolist()}")
assert right == [0, -3, 0] and by_numpy == by_torch == [0, 3, 0]
assert "negative bit" in refusal(x.numpy) and "conjugate bit" in refusal(spectrum.conj().__dlpack__)
assert numpy.from_dlpack(x.resolve_neg()).tolist() == right
END
