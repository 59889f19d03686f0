#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# insightface 2.1 (the evaluation behind its desktop program): TAR@FAR of a 1:N evaluation
#
# Expected: TAR is the share of known probes whose own identity ranks first and reaches the threshold
#   (detection and identification rate).
# What happens: known probes that are identified as somebody ELSE count as accepted at every threshold:
#   the right ones below the threshold are subtracted from all known ones. Here 3 of 5 known probes
#   find their person, "Top1" says 0.6, and "TAR@FAR=1e-2" says 1.0.
# Why it matters: the less a model recognises, the closer its TAR comes to 1. Numbers out of such a
#   report cannot be compared with IJB's or FRVT's.
#
# insightface's engine is replaced by one that reads a two-dimensional embedding from the grey level,
# so no model is needed. Importing OpenCV and Qt asks for the system libraries libGL and libEGL.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check insightface==2.1 \
  PySide6-Essentials==6.12.0 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder" <<'END'
import pathlib
import sys
import types

import cv2
import numpy
from insightface.gui.core import evaluation

root = pathlib.Path(sys.argv[1]) / "set"


def put(name, degrees):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), numpy.full((8, 8, 3), round(degrees / 180 * 255), "uint8"))


def detect(image, source_path=""):
    angle = image[0, 0, 0] / 255 * numpy.pi
    return [types.SimpleNamespace(bbox=numpy.array([0, 0, 8, 8.0]), normed_embedding=numpy.array(
        [numpy.cos(angle), numpy.sin(angle)], "float32"))]


engine = types.SimpleNamespace(model_name="grey", requested_providers=["CPU"], detect_faces=detect)
for person, degrees in {"Ann": 0, "Bob": 90, "Cid": 180}.items():
    put(f"gallery/{person}/1.png", degrees)
for name, degrees in {"Ann/1": 5, "Ann/2": 80, "Bob/1": 92, "Bob/2": 95, "Cid/1": 120}.items():
    put(f"probe/{name}.png", degrees)  # Ann/2 and Cid/1 are nearest to Bob
for i in range(100):
    put(f"unknown/{i}.png", 45)
metrics = evaluation.run_identity_identification_evaluation(root, engine).metrics
for name, value in metrics.items():
    print(f"{name}: {value}")
assert metrics["Top1"] == 0.6 and metrics["TAR@FAR=1e-2"] == 1.0
END
