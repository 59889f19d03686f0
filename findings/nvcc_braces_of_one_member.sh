#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# nvcc 13.0.88 and 13.5.37 (wheels nvidia-cuda-nvcc): braces around a returned member
#
# Expected: a function of a class template whose body is `return {memory.data()};` returns the struct
#   of one pointer that it is declared to return, as with the host's compiler.
# What happens: if the type of the call depends on the template's parameter, nvcc's front end passes the
#   line on to the host's compiler without the braces: "could not convert ... from 'float*' to 'list'".
#   Two members, or a call that does not depend on the parameter, compile.
# Why it matters: a header that g++ and clang accept does not compile in the first .cu file that includes
#   it, and the message shows code that nobody wrote. Naming the type before the braces helps.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/return.hpp" <<'END'
template <class T>
struct memory {
  T* data() const { return nullptr; }
};
struct list {
  float* values;
};
struct list_and_size {
  float* values;
  int size;
};
template <class T>
struct guesses {
  memory<float> of_floats;
  memory<T> of_parameter;
  list independent() const { return {of_floats.data()}; }
  list_and_size two_members() const { return {of_parameter.data(), 0}; }
  list named() const { return list{of_parameter.data()}; }
  list one_member() const { return {of_parameter.data()}; }
};
END
python3 -m venv "$folder/venv"

compiles() {  # COMPILER... FUNCTION
  local function=${!#}
  printf '#include "return.hpp"\nvoid use() { (void)guesses<float>().%s(); }\n' "$function" \
    >"$folder/unit.cu"
  "${@:1:$#-1}" -c "$folder/unit.cu" -o "$folder/unit.o" 2>"$folder/errors.txt"
}

for function in independent two_members named one_member; do
  compiles g++ -x c++ -std=c++17 "$function" || { echo "g++ refuses $function"; exit 1; }
done
for version in 13.0.88 13.5.37; do
  wheels=$folder/$version
  "$folder/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$wheels" \
    "nvidia-cuda-nvcc==$version" "nvidia-cuda-crt==$version" "nvidia-nvvm==$version" \
    "nvidia-cuda-runtime==$version"
  for wheel in "$wheels"/*.whl; do python3 -m zipfile -e "$wheel" "$wheels"; done
  root=$wheels/nvidia/cu13
  chmod -R +x "$root/bin" "$root/nvvm/bin"
  for function in independent two_members named one_member; do
    outcome=compiles
    compiles "$root/bin/nvcc" -std=c++17 -arch=sm_90 "$function" || outcome=$(grep -m1 -o 'could not convert' "$folder/errors.txt")
    echo "nvcc $version, $function: $outcome"
    expected=compiles
    [[ $function != one_member ]] || expected='could not convert'
    [[ $outcome == "$expected" ]]
  done
done
