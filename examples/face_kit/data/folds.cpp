// SPDX-License-Identifier: Apache-2.0
#include "face_kit/data/folds.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>

#include "face_kit/run/program.hpp"

namespace face_kit {

namespace {

bool read_fold(std::string const& text, int& fold) {
  auto const* const end = text.data() + text.size();
  auto const [rest, error] = std::from_chars(text.data(), end, fold);
  return error == std::errc() && rest == end && fold >= 0;
}

}  // namespace

std::vector<std::pair<int, int>> parse_folds(std::string const& text) {
  std::vector<std::pair<int, int>> ranges;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    auto const dash = part.find('-');
    std::string const from = part.substr(0, dash);
    int first = 0, last = 0;
    if (!read_fold(from, first) ||
        !read_fold(dash == std::string::npos ? from : part.substr(dash + 1), last) || last < first)
      throw usage_error("'" + part + "' is neither a fold nor a range of folds such as 0-4");
    ranges.emplace_back(first, last);
  }
  return ranges;
}

std::vector<verification_pair> pairs_of(std::vector<verification_pair> const& all,
                                        std::string const& option, std::string const& text) {
  auto const ranges = parse_folds(text);
  std::vector<verification_pair> chosen;
  std::set<int> folds;
  bool kinds[2] = {false, false};
  int last = 0;
  for (auto const& p : all) {
    last = std::max(last, p.fold);
    bool const wanted = std::any_of(ranges.begin(), ranges.end(), [&](auto const& range) {
      return range.first <= p.fold && p.fold <= range.second;
    });
    if (!ranges.empty() && !wanted) continue;
    chosen.push_back(p);
    folds.insert(p.fold);
    kinds[p.same ? 1 : 0] = true;
  }
  if (chosen.empty())
    throw usage_error(option + ": '" + text + "' selects no pair; the last fold is " +
                      std::to_string(last));
  std::string const start =
      text.empty() ? "--eval-pairs: the list has" : option + ": '" + text + "' selects";
  if (folds.size() < 2)
    throw usage_error(start + " pairs of one fold only; accuracy over folds needs two");
  if (!kinds[0] || !kinds[1])
    throw usage_error(start + " no pair of " + (kinds[0] ? "one person" : "two people") +
                      "; verification needs both kinds");
  return chosen;
}

}  // namespace face_kit
