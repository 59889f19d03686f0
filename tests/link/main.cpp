// SPDX-License-Identifier: Apache-2.0
// No bit depends on how a unit was compiled: the digests of all units must agree.
// With an argument it prints the first unit's digests: what another program can be compared with.
#include "results.hpp"

#include <cstdio>
#include <cstring>
#include <utility>

#include "units.hpp"

int main(int argc, char** argv) {
  digests const expected = units[0].digest();
  if (argc > 1 && std::strcmp(argv[1], "--print") == 0) {
    for (digest const& d : expected) {
      std::printf("%016llx %s\n", static_cast<unsigned long long>(d.bits), d.of.c_str());
    }
    return 0;
  }
  int failures = 0;
  for (auto const& unit : units) {
    digests const made = unit.digest();
    if (made.size() != expected.size()) { return std::printf("%s: other digests\n", unit.name), 1; }
    for (std::size_t i = 0; i < made.size(); ++i) {
      if (made[i].bits == expected[i].bits) { continue; }
      std::printf("%s differs between %s and %s\n", made[i].of.c_str(), units[0].name, unit.name);
      ++failures;
    }
  }
  std::printf("%zu digests of each unit, %d differ\n", expected.size(), failures);
  return failures == 0 ? 0 : 1;
}
