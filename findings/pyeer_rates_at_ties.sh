#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# pyeer 0.5.6: get_eer_stats where the largest score is an impostor's
#
# Expected: fmr0, fmr1000 and fmr100 are the false non-match rates at thresholds whose false match rate
#   is at most 0, 0.1 % and 1 %, so 1.0 where only rejecting everybody achieves that. Equal scores
#   count a half in auc.
# What happens: only thresholds that are scores are tried. If the largest score is an impostor's, no
#   threshold reaches FMR 0, and the rate at the nearest one is reported as if it did: here 0.25 for
#   fmr0, fmr1000 and fmr100, at an FMR of 25 %. auc lacks the part of the curve above: 0.656 instead
#   of 0.75. With all scores equal, eer is 1 and auc 0 instead of 0.5 both.
# Why it matters: cosines of copies and saturated scores are ties at the top. One pair of two people
#   whose images are the same is enough to be told a rate at FMR 0.1 % that holds at any other.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyeer==0.5.6 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'END'
from pyeer.eer_info import get_eer_stats

genuine, impostors = [0.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0]
seen = get_eer_stats(genuine, impostors)
threshold = seen.fmr0_th
fmr = sum(score >= threshold for score in impostors) / len(impostors)
print(f"fmr0 {seen.fmr0}, fmr1000 {seen.fmr1000}, fmr100 {seen.fmr100}: threshold {threshold}, where "
      f"{100 * fmr} % of impostors match; auc {seen.auc}")
equal = get_eer_stats([0.5] * 10, [0.5] * 10)
print(f"all scores equal: eer {equal.eer}, auc {equal.auc}")
assert seen.fmr0 == seen.fmr1000 == seen.fmr100 == fmr == 0.25 and abs(seen.auc - 0.65625) < 1e-9
assert equal.eer == 1 and equal.auc == 0
END
