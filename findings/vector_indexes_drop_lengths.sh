#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# hnswlib 0.8.0 and voyager 2.2.3: what a cosine index gives back of the rows that were added
#
# Expected: cosine is how rows are compared; get_items and get_vector return the rows themselves (as
#   annoy 1.17.3 and usearch 2.26.6 do).
# What happens: both normalise rows when they are added. What comes back has length 1.
# Why it matters: the length of a face's embedding tells its quality, and templates are averages
#   before normalisation. An index used as the store of a teacher's features has lost both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check hnswlib==0.8.0 voyager==2.2.3 \
  annoy==1.17.3 usearch==2.26.6 numpy==2.4.6
"$folder/venv/bin/python" - <<'END'
import annoy
import hnswlib
import numpy
import voyager
from usearch.index import Index

row = numpy.array([3, 4, 0, 0], dtype="float32")
given = {}
index = hnswlib.Index("cosine", 4)
index.init_index(1)
index.add_items(row[None], [0])
given["hnswlib"] = index.get_items([0])[0]
vectors = voyager.Index(voyager.Space.Cosine, 4)
vectors.add_item(row)
given["voyager"] = vectors.get_vector(0)
angular = annoy.AnnoyIndex(4, "angular")
angular.add_item(0, row)
given["annoy"] = angular.get_item_vector(0)
cosine = Index(ndim=4, metric="cos", dtype="f32")
cosine.add(0, row)
given["usearch"] = cosine.get(0)
lengths = {name: round(float(numpy.linalg.norm(back)), 4) for name, back in given.items()}
print("a row of length 5 comes back with length", lengths)
assert lengths == {"hnswlib": 1.0, "voyager": 1.0, "annoy": 5.0, "usearch": 5.0}
END
