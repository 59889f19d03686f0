#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ml_dtypes 0.6.0 with NumPy 2.4.6: means and sorting of bfloat16 arrays
#
# Expected: as with float16, NumPy adds in a wider type and rounds once; NaN sorts last.
# What happens: mean() and sum() of bfloat16 add in bfloat16. The sum of ones stops at 256, so the
#   mean of 1000 ones is 0.256 (float16: 1). sort() and argsort() do not know NaN: the numbers between
#   two NaN come out in no order (float16: ascending, NaN last).
# Why it matters: banks and teachers are stored in bfloat16 to halve them. A prototype
#   rows.mean(axis=0) over 1000 images has half of its largest component, and a few NaN scores spoil
#   a ranking of all others. mean(dtype="float32") and astype("float32") before sorting are right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ml_dtypes==0.6.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END'
import ml_dtypes
import numpy

random = numpy.random.default_rng(0)
rows = random.normal(size=(1000, 4)) / 4 + numpy.array([1, 0, 0, 0])
scores = random.normal(size=1000)
scores[::100] = numpy.nan
seen = {}
for kind in (ml_dtypes.bfloat16, numpy.float16):
    ones = float(numpy.ones(1000, kind).mean())
    first = float(rows.astype(kind).mean(axis=0)[0])
    ordered = numpy.sort(scores.astype(kind)).astype(float)
    numbers = ordered[~numpy.isnan(ordered)]
    descents = int((numpy.diff(numbers) < 0).sum())
    seen[kind.__name__] = ones, first, descents
    print(f"{kind.__name__}: mean of ones {ones:.4f}; first component of a mean {first:.4f}, right "
          f"{rows[:, 0].mean():.4f}; descents in sorted numbers {descents}")
assert abs(seen["bfloat16"][0] - 0.256) < 0.001 and seen["bfloat16"][1] < 0.6
assert seen["bfloat16"][2] > 0 and seen["float16"][0] == 1 and seen["float16"][2] == 0
assert float(rows.astype(ml_dtypes.bfloat16).mean(axis=0, dtype="float32")[0]) > 0.98
END
