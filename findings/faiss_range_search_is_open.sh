#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# faiss-cpu 1.15.1: range_search of an IndexFlatIP with a score equal to the threshold
#
# Expected: range_search(x, t) returns what scores t or more, as a threshold is understood in
#   verification (accepted where score >= t).
# What happens: only scores above t are returned (and in IndexFlatL2 only distances below t).
# Why it matters: a search for copies with threshold 1 finds none of them. A threshold taken from a
#   ROC curve is itself the score of a pair, which the search then leaves out.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check faiss-cpu==1.15.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
import faiss
import numpy

rows = numpy.array([[1, 0], [1, 0], [0.5, 0], [0, 1]], dtype="float32")
index = faiss.IndexFlatIP(2)
index.add(rows)
found = {t: sorted(index.range_search(rows[:1], t)[2].tolist()) for t in (1.0, 0.5, 0.25)}
for threshold, ids in found.items():
    print(f"scores 1, 1, 0.5, 0; threshold {threshold}: rows {ids}")
assert found == {1.0: [], 0.5: [0, 1], 0.25: [0, 1, 2]}
END
