#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bob.measure 6.1.1: far_threshold(impostors, genuine, far)
#
# Expected: the threshold is the lowest score whose false accept rate is at most `far`, so that the
#   verification rate there is the TAR at that FAR.
# What happens: the threshold is put at an impostor's score (the n * far-th from above). All genuine
#   scores between it and the next impostor below would add no false accept, but are rejected.
# Why it matters: in the tail, where face verification is reported, impostors lie far apart. With
#   10,000 of them and FAR 1e-4 the TAR here is 7.8 % instead of 18.2 %, at the same achieved FAR.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check bob-measure==6.1.1 numpy==1.26.4
"$folder/venv/bin/python" -W ignore - <<'END'
import bob.measure
import numpy

random = numpy.random.default_rng(0)
for count in (1000, 10000):
    impostors, genuine = random.normal(0, 0.2, count), random.normal(0.5, 0.2, 500)
    target = 1 / count
    threshold = bob.measure.far_threshold(impostors, genuine, target)
    far, frr = bob.measure.farfrr(impostors, genuine, threshold)
    candidates = numpy.sort(numpy.concatenate([impostors, genuine]))
    fars = (impostors[None] >= candidates[:, None]).mean(axis=1)
    best = candidates[fars <= target][0]
    tar = (genuine >= best).mean()
    print(f"{count} impostors, FAR {target}: far_threshold {threshold:.4f}, FAR {far}, TAR "
          f"{1 - frr:.3f}; lowest threshold {best:.4f}, FAR {(impostors >= best).mean()}, TAR {tar:.3f}")
assert far == (impostors >= best).mean() == target and tar > 2 * (1 - frr)
END
