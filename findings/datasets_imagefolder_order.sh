#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# datasets 5.2.0 (Hugging Face): the order of load_dataset("imagefolder") where one person's name begins
# like another's
#
# Expected: people in the order of their names, which is the order of the labels, and the images of each
#   in theirs, as torchvision's ImageFolder and a loop over sorted folders give it.
# What happens: whole paths are sorted. "Ann.B/1.png" comes before "Ann/1.png", since "." is less than
#   "/", while label 0 is Ann and 1 is Ann.B. So do names that go on with a space or "-".
# Why it matters: a teacher's embeddings, written in this order and read beside a list in the other,
#   belong to other images from the first such name on, in as many rows as before. Nothing fails; the
#   student learns from wrong rows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datasets==5.2.0 pillow==13.0.0 \
  numpy==2.4.6
HF_HUB_OFFLINE=1 HF_HOME=$folder/home "$folder/venv/bin/python" -W ignore - "$folder/people" <<'END'
import os
import pathlib
import sys

import datasets
from PIL import Image

root = pathlib.Path(sys.argv[1])
for name in ("Ann/1.png", "Ann/2.png", "Ann.B/1.png", "Bob/1.png"):
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(root / name)
datasets.disable_progress_bars()
rows = datasets.load_dataset("imagefolder", data_dir=str(root), split="train")
rows = rows.cast_column("image", datasets.Image(decode=False))
found = ["/".join(row["image"]["path"].split("/")[-2:]) for row in rows]
loop = [f"{person}/{name}" for person in sorted(os.listdir(root))
        for name in sorted(os.listdir(root / person))]
print("imagefolder:", found, "labels", rows["label"][:])
print("sorted folders:", loop)
assert found == ["Ann.B/1.png", "Ann/1.png", "Ann/2.png", "Bob/1.png"]
assert list(rows["label"]) == [1, 0, 0, 2] and loop[0] == "Ann/1.png"
END
