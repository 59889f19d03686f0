#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# faiss-cpu 1.15.1: a row of NaN in an IndexFlatIP, and where the ids of its search point
#
# Expected: a NaN score sorts last (as in NumPy) or first (as in PyTorch), under the id of its row.
# What happens: the row is never returned. Its place in the list of k is filled with id -1 and score
#   -3.4e38, without a warning; a query of NaN has -1 everywhere.
# Why it matters: labels[ids], the usual next line, turns -1 into the label of the LAST row. An
#   embedding that overflowed in half precision then counts as hits for whoever came last.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check faiss-cpu==1.15.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
import faiss
import numpy

labels = numpy.array([0, 0, 1, 2])
rows = numpy.eye(4, dtype="float32")
rows[1] = numpy.nan  # the second image of person 0
index = faiss.IndexFlatIP(4)
index.add(rows)
scores, ids = index.search(rows, 4)
print("ids", ids.tolist(), "last score", scores[0, -1])
print("labels[ids]", labels[ids].tolist())
assert (ids[[0, 2, 3], 3] == -1).all() and (ids[1] == -1).all() and not (ids == 1).any()
assert scores[0, 3] == -numpy.finfo("float32").max
assert (labels[ids][1] == 2).all()  # nobody's neighbours, all of person 2
END
