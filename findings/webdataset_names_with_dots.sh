#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# webdataset 1.0.2: images in a .tar whose names hold a dot before the ending
#
# Expected: every .jpg of the archive is a sample, under its name without ".jpg".
# What happens: a name is cut at its FIRST dot. Ann.B_0001.jpg, Ann.B_0002.jpg and Ann.C_0001.jpg have
#   the key "Ann" and become ONE sample with the fields "b_0001.jpg", "b_0002.jpg" and "c_0001.jpg" and
#   no "jpg", without a warning.
# Why it matters: names of people hold dots (initials, "Jr."). A folder of theirs, packed as it is, loses or
#   merges images, and rows no longer fit a teacher's embeddings of the same folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check webdataset==1.0.2 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder/faces.tar" <<'END'
import io
import sys
import tarfile

import webdataset

names = ["Ann_0001.jpg", "Ann.B_0001.jpg", "Ann.B_0002.jpg", "Ann.C_0001.jpg", "Bob_0001.jpg"]
with tarfile.open(sys.argv[1], "w") as archive:
    for name in names:
        entry = tarfile.TarInfo(name)
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"x"))
samples = [(sample["__key__"], sorted(field for field in sample if not field.startswith("__")))
           for sample in webdataset.WebDataset(sys.argv[1], shardshuffle=False)]
print(f"{len(names)} images, {len(samples)} samples:")
for key, fields in samples:
    print(" ", key, fields)
assert samples == [("Ann_0001", ["jpg"]), ("Ann", ["b_0001.jpg", "b_0002.jpg", "c_0001.jpg"]),
                   ("Bob_0001", ["jpg"])]
END
