#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usearch 2.26.6, pynndescent 0.7.0, hnswlib 0.8.0, voyager 2.2.3, scikit-learn 1.9.1, SciPy 1.17.1,
# NGT 2.8.0.post1: the cosine distance of a row of zeros to itself and to a unit row
#
# Expected: 0 / 0 is NaN, or 1 ("no relation") everywhere.
# What happens: four answers for the zero row and itself. SciPy: NaN. hnswlib, voyager and
#   scikit-learn's NearestNeighbors: 1. usearch, pynndescent and scikit-learn's cosine_distances(x):
#   0, the best there is. NGT takes the row, gives it an id, and never finds it. To a unit row it is 1
#   in all but SciPy and NGT.
# Why it matters: a failed image often leaves a row of zeros. Two of them are each other's nearest
#   neighbours at distance 0 in one index, and in another they are nobody's: lists of copies and P@1
#   differ.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check usearch==2.26.6 \
  pynndescent==0.7.0 hnswlib==0.8.0 voyager==2.2.3 scikit-learn==1.9.1 scipy==1.17.1 \
  ngt==2.8.0.post1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder/ngt" 2>"$folder/log" <<'END'
import sys

import hnswlib
import ngtpy
import numpy
import pynndescent
import voyager
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import cosine_distances
from sklearn.neighbors import NearestNeighbors
from usearch.index import Index

rows = numpy.eye(8, dtype="float32")
rows[7] = 0
zero, unit = rows[7], rows[0]


def to_zero(ids, distances):
    """The distance under which row 7 is found, None where it is not."""
    return next((round(float(d), 4) for i, d in zip(ids, distances) if i == 7), None)


def both(search):
    return to_zero(*search(zero)), to_zero(*search(unit))


seen = {}
pairs = cdist(rows, rows, "cosine")
seen["SciPy cdist"] = str(pairs[7, 7]), str(pairs[0, 7])
pairs = cosine_distances(rows)
seen["scikit-learn cosine_distances"] = float(pairs[7, 7]), float(pairs[0, 7])
neighbours = NearestNeighbors(n_neighbors=8, metric="cosine").fit(rows)
seen["scikit-learn NearestNeighbors"] = both(
    lambda q: [a[0] for a in neighbours.kneighbors(q[None])[::-1]])
index = hnswlib.Index("cosine", 8)
index.init_index(8)
index.add_items(rows, numpy.arange(8))
seen["hnswlib"] = both(lambda q: [a[0] for a in index.knn_query(q, 8)])
vectors = voyager.Index(voyager.Space.Cosine, 8)
vectors.add_items(rows)
seen["voyager"] = both(lambda q: vectors.query(q, 8))
exact = Index(ndim=8, metric="cos", dtype="f32")
exact.add(numpy.arange(8), rows)


def usearch(q):
    found = exact.search(q, 8, exact=True)
    return found.keys, found.distances


seen["usearch"] = both(usearch)
graph = pynndescent.NNDescent(rows, metric="cosine", n_neighbors=8, random_state=1).neighbor_graph
seen["pynndescent"] = to_zero(graph[0][7], graph[1][7]), to_zero(graph[0][0], graph[1][0])
ngtpy.create(sys.argv[1], 8, distance_type="Cosine")
graph = ngtpy.Index(sys.argv[1])
graph.batch_insert(rows[:7])
given = graph.insert(zero)
graph.build_index()
seen["NGT"] = both(lambda q: zip(*(graph.search(q, 8) or [(None, 0)])))
print(f"{'':32}to itself, to a unit row")
for name, distances in seen.items():
    print(f"{name:32}{distances[0]}, {distances[1]}")
assert given == 7
assert seen == {"SciPy cdist": ("nan", "nan"), "scikit-learn cosine_distances": (0.0, 1.0),
                "scikit-learn NearestNeighbors": (1.0, 1.0), "hnswlib": (1.0, 1.0),
                "voyager": (1.0, 1.0), "usearch": (0.0, 1.0), "pynndescent": (0.0, 1.0),
                "NGT": (None, None)}
END
