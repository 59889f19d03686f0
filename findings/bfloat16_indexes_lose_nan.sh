#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# faiss-cpu 1.15.1 (ScalarQuantizer, QT_bf16) and usearch 2.26.6 (dtype="bf16", its default for
# cosines on most processors): a NaN that CUDA made
#
# Expected: a row of NaN is NaN when it is read back, whatever the bits of the NaN.
# What happens: NumPy's NaN (0x7fc00000) stays one. The NaN that arithmetic on an NVIDIA GPU yields
#   (0x7fffffff, the canonical NaN of the PTX ISA) is rounded like a number and carries into the
#   sign: the row comes back as -0. FAISS's QT_fp16 keeps it. FAISS also rounds ties up: 1 + 2^-8
#   becomes 1.0078125, where round to nearest even, as in ml_dtypes and PyTorch, gives 1.
# Why it matters: one diverged step on a GPU fills rows with NaN. Stored in bfloat16 they look like
#   zero rows, have similarity 0 with everything, and no check for NaN finds them any more.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  faiss-cpu==1.15.1 usearch==2.26.6 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
import faiss
import numpy
from usearch.index import Index

width = 8
bits = {"NumPy's NaN": 0x7FC00000, "CUDA's NaN": 0x7FFFFFFF, "1 + 2^-8": 0x3F808000}
rows = numpy.array([[b] * width for b in bits.values()], numpy.uint32).view("float32")


def of_faiss(kind):
    index = faiss.IndexScalarQuantizer(width, kind, faiss.METRIC_INNER_PRODUCT)
    index.add(rows)
    return index.reconstruct_n(0, len(rows))[:, 0]


index = Index(ndim=width, metric="ip", dtype="bf16")
index.add(numpy.arange(len(rows)), rows)
seen = {
    "faiss QT_bf16": of_faiss(faiss.ScalarQuantizer.QT_bf16),
    "faiss QT_fp16": of_faiss(faiss.ScalarQuantizer.QT_fp16),
    "usearch bf16": numpy.stack(index.get(numpy.arange(len(rows)), dtype="f32"))[:, 0],
}
for store, values in seen.items():
    print(f"{store}: " + ", ".join(f"{name} -> {v}" for name, v in zip(bits, values)))

assert all(numpy.isnan(values[0]) for values in seen.values())
assert numpy.isnan(seen["faiss QT_fp16"][1])
for store in ("faiss QT_bf16", "usearch bf16"):
    assert seen[store][1] == 0 and numpy.signbit(seen[store][1])
assert seen["faiss QT_bf16"][2] == 1.0078125 and seen["usearch bf16"][2] == 1
END
