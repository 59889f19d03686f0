#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# SciPy 1.9.2 and 1.17.1: interp1d(far, threshold, kind='slinear') where FAR values repeat
#
# Expected: "slinear" and "linear" are two names for straight lines, so both take a curve in which
#   several thresholds have the same FAR, as every measured curve has.
# What happens: "linear" does in both versions. "slinear" did up to 1.9.2; since 1.9.3 it raises
#   ValueError: Expect x to not have duplicates.
# Why it matters: scripts for LFW-style packs that descend from FaceNet's (InsightFace's
#   arcface_torch among them, as of July 2026) read TAR at FAR 1e-3 off such a curve with 'slinear'.
#   With a current SciPy the evaluation ends in that error after all images were embedded.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/try.py" <<'END'
import scipy
from scipy.interpolate import interp1d

far = [0.0, 0.0, 0.0, 0.1, 0.1, 0.5]  # of six thresholds
for kind in ("linear", "slinear"):
    try:
        outcome = f"threshold {float(interp1d(far, range(6), kind=kind)(0.05))}"
    except ValueError as error:
        outcome = f"ValueError: {error}"
    print(scipy.__version__, kind, outcome, sep=": ")
END
for versions in 'scipy==1.9.2 numpy==1.25.2' 'scipy==1.17.1 numpy==2.4.6'; do
  rm -rf "$folder/venv"
  python3 -m venv "$folder/venv"
  # shellcheck disable=SC2086
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check $versions
  "$folder/venv/bin/python" -W ignore "$folder/try.py"
done | tee "$folder/seen"
diff - "$folder/seen" <<'END'
1.9.2: linear: threshold 2.5
1.9.2: slinear: threshold 2.5
1.17.1: linear: threshold 2.5
1.17.1: slinear: ValueError: Expect x to not have duplicates
END
