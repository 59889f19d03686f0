#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# ml_dtypes 0.6.0, NumPy 2.4.6, safetensors 0.8.0: bfloat16 arrays to a file and back
#
# Expected: with ml_dtypes imported, numpy.load returns what numpy.save wrote, and safetensors.numpy
#   reads what it writes.
# What happens: numpy.save writes the type as '<V2', two bytes without a type, without a warning, and
#   numpy.load returns an array of dtype V2 on which no arithmetic works (view(bfloat16) fixes it).
#   safetensors.numpy.save writes BF16; its own load then raises KeyError: 'BF16'.
# Why it matters: a teacher's features stored in bfloat16 cannot be read back by the two lines that
#   people write, and the .npy file does not say that it holds bfloat16.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ml_dtypes==0.6.0 numpy==2.4.6 \
  safetensors==0.8.0
"$folder/venv/bin/python" - "$folder/rows.npy" <<'END'
import sys

import ml_dtypes
import numpy
import safetensors.numpy

rows = numpy.array([[1.5, -2.0]], dtype=ml_dtypes.bfloat16)
numpy.save(sys.argv[1], rows)
loaded = numpy.load(sys.argv[1])
print("numpy.load:", loaded.dtype, "view(bfloat16):", loaded.view(ml_dtypes.bfloat16).tolist())
stored = safetensors.numpy.save({"rows": rows})
try:
    safetensors.numpy.load(stored)
    outcome = "read"
except KeyError as error:
    outcome = f"KeyError: {error}"
print("safetensors.numpy:", outcome)
assert loaded.dtype == numpy.dtype("V2") and loaded.view(ml_dtypes.bfloat16).tolist() == [[1.5, -2]]
assert b'"BF16"' in stored and outcome == "KeyError: 'BF16'"
END
