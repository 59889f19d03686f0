#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# faiss-cpu 1.15.1: which of several equal rows IndexFlatIP and IndexFlatL2 return first
#
# Expected: a flat index is exact, so rows with equal scores come in the order they were added, and the
#   first of k neighbours does not depend on k.
# What happens: IndexFlatL2 returns the row added first. IndexFlatIP does for k = 1, but for k = 2
#   and more it returns the row added last (of those that it kept) and goes backwards.
# Why it matters: training sets hold copies of one image under several people. P@1 out of a search
#   with k = 1 and out of one with k = 2 then differ, and so do lists mined by inner product and by
#   distance although both rank unit rows the same way.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check faiss-cpu==1.15.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
import faiss
import numpy

person = numpy.array([0, 1, 2, 3])
images = numpy.zeros((4, 8), dtype="float32")  # one image, kept under four people
images[:, 0] = 1.0
seen = {}
for kind in (faiss.IndexFlatIP, faiss.IndexFlatL2):
    index = kind(8)
    index.add(images)
    for k in (1, 2, 4):
        _, rows = index.search(images[:1], k)
        seen[kind.__name__, k] = person[rows[0]].tolist()
        print(kind.__name__, f"k = {k}: people", seen[kind.__name__, k])
assert seen == {("IndexFlatIP", 1): [0], ("IndexFlatIP", 2): [1, 0], ("IndexFlatIP", 4): [3, 2, 1, 0],
                ("IndexFlatL2", 1): [0], ("IndexFlatL2", 2): [0, 1], ("IndexFlatL2", 4): [0, 1, 2, 3]}
END
