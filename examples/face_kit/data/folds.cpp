// SPDX-License-Identifier: Apache-2.0
#include "face_kit/data/folds.hpp"

#include <cstdio>
#include <sstream>

#include "face_kit/run/program.hpp"

namespace face_kit {

std::set<int> parse_folds(std::string const& text) {
  std::set<int> folds;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    int first = 0, last = 0;
    int const read = std::sscanf(part.c_str(), "%d-%d", &first, &last);
    if (read < 1 || (read == 2 && last < first))
      throw usage_error("folds: '" + part + "' is not a range");
    for (int fold = first; fold <= (read == 2 ? last : first); ++fold) folds.insert(fold);
  }
  return folds;
}

std::vector<verification_pair> pairs_of(std::vector<verification_pair> const& all,
                                        std::string const& text) {
  std::set<int> const folds = parse_folds(text);
  std::vector<verification_pair> chosen;
  for (auto const& p : all)
    if (folds.empty() || folds.count(p.fold)) chosen.push_back(p);
  if (chosen.empty()) throw usage_error("folds: '" + text + "' selects no pair");
  return chosen;
}

}  // namespace face_kit
