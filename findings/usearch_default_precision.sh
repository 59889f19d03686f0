#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usearch 2.26.6: what Index(ndim=..., metric="cos") keeps of float32 rows
#
# Expected: float32, as the rows were given. exact=True then ranks as a matrix product does.
# What happens: where the processor has instructions for it (x86 with AVX2, ARM with NEON) the default
#   is bfloat16. exact=True means all rows are compared, in bfloat16: distances are off by up to 1e-3,
#   and neighbours change places. Without such instructions it is float32.
# Why it matters: gaps between a student's and a teacher's relations are a few hundredths. Mined lists
#   depend on the machine that mined them until dtype="f32" is passed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check usearch==2.26.6 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
import numpy
from usearch.index import Index

random = numpy.random.default_rng(1)


def unit(rows):
    return (rows / numpy.linalg.norm(rows, axis=1, keepdims=True)).astype("float32")


gallery = unit(random.normal(size=(2000, 128)))
probes = unit(gallery[:200] + 0.05 * random.normal(size=(200, 128)))
cosines = probes.astype(float) @ gallery.T.astype(float)
right = numpy.argsort(-cosines, axis=1, kind="stable")[:, :10]
seen = {}
for name, settings in {"default": {}, "f32": {"dtype": "f32"}}.items():
    index = Index(ndim=128, metric="cos", **settings)
    index.add(numpy.arange(len(gallery)), gallery)
    found = index.search(probes, 10, exact=True)
    ids = found.keys.astype(int)
    error = abs(found.distances - (1 - numpy.take_along_axis(cosines, ids, 1))).max()
    seen[name] = str(index.dtype), (ids == right).mean(), error
    print(f"{name}: {index.dtype}, {100 * seen[name][1]:.1f} % of places right, distances off by "
          f"up to {error:.1e}")
assert seen["default"][0].endswith("BF16") and seen["default"][1] < 0.99 and seen["default"][2] > 3e-4
assert seen["f32"][1] > 0.999 and seen["f32"][2] < 1e-6
END
