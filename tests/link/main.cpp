// Scores and losses do not depend on how a unit was compiled: the results must agree to the bit.
#include "results.hpp"

#include <cstdio>

int main() {
  results const first = first_unit();
  results const other = other_unit();
  int failures = 0;
  auto const expect = [&](bool holds, char const* what) {
    if (!holds) {
      std::printf("%s differ between the units\n", what);
      ++failures;
    }
  };
  expect(first.indices == other.indices, "mined indices");
  expect(first.values == other.values, "mined values");
  expect(first.loss == other.loss, "losses");
  expect(first.indices[0] >= 0 && first.loss > 0, "expected and computed results");
  return failures;
}
