#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# insightface 2.1 with mxnet 1.9.1: the record set that RecBuilder has written when close() returns
#
# Expected: close() closes what was written; train.rec and train.idx can be read, copied or uploaded.
# What happens: close() writes train.meta and property and leaves the record writer open. train.idx is
#   empty, train.rec lacks the end of its last record. Both are completed when the writer is collected
#   or Python ends; builder.writer.close() does it at once.
# Why it matters: a program that builds a set and trains on it, or copies it, in one process sees none
#   or not all of its images. Read by MXNet the set has no keys, and no error is reported.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mxnet==1.9.1 numpy==1.23.5
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps insightface==2.1
"$folder/venv/bin/python" -W ignore - "$folder/set" <<'END'
import importlib.util
import os
import pathlib
import sys

import mxnet

# The module alone: the whole package would ask for onnxruntime, OpenCV and more.
spec = importlib.util.find_spec("insightface")
path = pathlib.Path(spec.submodule_search_locations[0]) / "data" / "rec_builder.py"
spec = importlib.util.spec_from_file_location("rec_builder", path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def state(when):
    index, records = (f"{sys.argv[1]}/train.{end}" for end in ("idx", "rec"))
    sizes = os.path.getsize(index), os.path.getsize(records)
    keys = len(mxnet.recordio.MXIndexedRecordIO(index, records, "r").keys)
    print(f"{when}: train.idx {sizes[0]} bytes, train.rec {sizes[1]}, keys {keys}")
    return *sizes, keys


builder = module.RecBuilder(sys.argv[1])
for person in range(3):
    builder.add([bytes([person]) * 15000] * 20)  # images, encoded before
builder.close()
early = state("after close()")
builder.writer.close()
late = state("after writer.close()")
assert early[0] == 0 and early[2] == 0 and early[1] < late[1] and late[2] == 60
END
