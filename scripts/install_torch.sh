#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs PyTorch's newest wheel into a virtual environment, for use on a CPU.
# Usage: install_torch.sh VENV
set -euo pipefail
venv=$1
install=("$venv/bin/pip" install --quiet --disable-pip-version-check --upgrade)

# The wheel asks for all of CUDA, gigabytes of it, and uses none of that on a CPU: first what it
# needs everywhere, then only those libraries without which it cannot be imported.
"${install[@]}" --no-deps torch
requirements() { # EXPRESSION of r, one of torch's requirements, and of w, a word
  "$venv/bin/python" - "$@" <<'END'
import importlib.metadata, re, sys
word = (sys.argv[1:] or [""])[0]
for text in importlib.metadata.requires("torch"):
    name, _, condition = text.partition(";")
    if not word and not condition:
        print(name)
    elif word and "extra" not in condition:
        package, bracket, rest = name.partition("[")
        extras, _, version = rest.partition("]")
        if word in extras.split(","):
            print(f"{package}[{word}]{version}")
        elif not bracket and word in package:
            print(name.strip())
END
}
mapfile -t everywhere < <(requirements)
"${install[@]}" --upgrade-strategy only-if-needed "${everywhere[@]}"
libraries='cublas|cudart|cudnn|cufft|cufile|cupti|cusolver|cusparselt|cusparse|nccl|nvjitlink|nvrtc'
libraries+='|nvshmem|nvtx'
tried=""
until error=$("$venv/bin/python" -c 'import torch' 2>&1); do
  library=$(tail -n 1 <<<"$error" | grep -oiE "$libraries" | tail -n 1 | tr '[:upper:]' '[:lower:]')
  if [[ -z $library || " $tried " == *" $library "* ]]; then
    printf '%s\n' "$error" >&2
    echo "install_torch.sh: PyTorch cannot be imported" >&2
    exit 1
  fi
  tried+=" $library"
  mapfile -t wheels < <(requirements "$library")
  echo "install_torch.sh: PyTorch's wheel needs ${wheels[*]}"
  if [[ ${wheels[*]} == cuda-toolkit* ]]; then
    "${install[@]}" "${wheels[@]}" # it holds nothing itself, but depends on the wheel that does
  else
    "${install[@]}" --no-deps "${wheels[@]}"
  fi
done
