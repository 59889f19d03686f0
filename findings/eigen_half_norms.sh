#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Eigen 5.0.1 (wheel eigency 5.0.1.1; Eigen 3.4.0 does the same): norms and means of half and bfloat16
#
# Expected: Eigen::half and Eigen::bfloat16 are for storage, their arithmetic is that of float, so a
#   norm or a mean is summed in float, as in PyTorch, and rounded once.
# What happens: every addition is rounded to the type. The squared norm of a row of half overflows from
#   norm 256 on, and normalized() returns a row of zeros. Rows of bfloat16 come out with length 1.015
#   or 1.04. The mean of 4096 ones is 0.5 or 0.0625. There is no warning.
# Why it matters: embeddings before normalisation can have such norms, and a row of zeros has cosine 0
#   with everything. Cosines of rows that Eigen normalised in bfloat16 are several per cent too large.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/norms.cpp" <<'END'
#include <Eigen/Core>

#include <cmath>
#include <cstdio>

template <class T>
void report(char const* type) {
  Eigen::Matrix<T, 1, Eigen::Dynamic> row(512);
  for (int const norm : {13, 260}) {
    for (int i = 0; i < 512; ++i) {
      row[i] = T(float((i % 2 ? 1 : -1) * norm * std::sqrt((i % 8 + 1) / 4.5 / 512)));
    }
    std::printf("%s: norm %.1f, Eigen's %.1f, length of normalized() %.3f\n", type,
                double(row.template cast<float>().norm()), double(float(row.norm())),
                double(row.normalized().template cast<float>().norm()));
  }
  row = Eigen::Matrix<T, 1, Eigen::Dynamic>::Ones(4096);
  std::printf("%s: mean of 4096 ones %.4f\n", type, double(float(row.mean())));
}

int main() {
  report<Eigen::half>("half");
  report<Eigen::bfloat16>("bfloat16");
}
END
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --python-version 3.12 --dest "$folder" eigency==5.0.1.1
python3 -m zipfile -e "$folder"/eigency*.whl "$folder"
g++ -std=c++17 -O1 -isystem "$folder/eigency/eigen" "$folder/norms.cpp" -o "$folder/norms"
"$folder/norms" | tee "$folder/seen.txt"
grep -q '^half: norm 260.0, Eigen.s inf, length of normalized() 0.000$' "$folder/seen.txt"
grep -qE '^bfloat16: norm 13.0, .* length of normalized\(\) 1.0[2-9]' "$folder/seen.txt"
grep -q '^half: mean of 4096 ones 0.5000$' "$folder/seen.txt"
grep -q '^bfloat16: mean of 4096 ones 0.0625$' "$folder/seen.txt"
