// SPDX-License-Identifier: Apache-2.0
// No bit depends on how a unit was compiled, nor on the kernels it uses: the digests of all units
// and of all sets of kernels must agree.
// With an argument it prints the first unit's digests: what another program can be compared with.
#include "results.hpp"

#include <cstdio>
#include <cstring>
#include <utility>

#include "units.hpp"

int main(int argc, char** argv) {
  constexpr int sets = 4;
  digests const expected = units[0].digest(0);
  if (argc > 1 && std::strcmp(argv[1], "--print") == 0) {
    for (digest const& d : expected) {
      std::printf("%016llx %s\n", static_cast<unsigned long long>(d.bits), d.of.c_str());
    }
    return 0;
  }
  int failures = 0, compared = 0;
  for (auto const& unit : units) {
    for (int set = 0; set < sets; ++set) {
      digests const made = unit.digest(set);
      if (made.empty() && set > 0) { continue; }  // the machine or the unit lacks the set
      ++compared;
      if (made.size() != expected.size()) {
        return std::printf("%s: other digests\n", unit.name), 1;
      }
      for (std::size_t i = 0; i < made.size(); ++i) {
        if (made[i].bits == expected[i].bits) { continue; }
        std::printf("%s differs between %s, portable kernels, and %s, set of kernels %d\n",
                    made[i].of.c_str(), units[0].name, unit.name, set);
        ++failures;
      }
    }
  }
  std::printf("%zu digests of %d units and sets of kernels, %d differ\n", expected.size(), compared,
              failures);
  return failures == 0 ? 0 : 1;
}
