// SPDX-License-Identifier: Apache-2.0
#include "face_kit/data/folds.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <stdexcept>

#include "face_kit/run/program.hpp"

namespace face_kit {

namespace {

bool read_fold(std::string const& text, int& fold) {
  auto const* const end = text.data() + text.size();
  auto const [rest, error] = std::from_chars(text.data(), end, fold);
  return error == std::errc() && rest == end && fold >= 0;
}

/// What verification needs and these pairs have not, or empty.
std::string missing_from(std::vector<verification_pair> const& pairs) {
  bool kinds[2] = {false, false}, folds = false;
  for (auto const& p : pairs) {
    kinds[p.same ? 1 : 0] = true;
    folds = folds || p.fold != pairs[0].fold;
  }
  if (!folds) return "pairs of one fold only; accuracy over folds needs two";
  if (kinds[0] && kinds[1]) return "";
  return std::string("no pair of ") + (kinds[0] ? "one person" : "two people") +
         "; verification needs both kinds";
}

}  // namespace

std::vector<std::pair<int, int>> parse_folds(std::string const& text) {
  std::vector<std::pair<int, int>> ranges;
  if (!text.empty() && text.back() == ',') throw usage_error("'" + text + "' ends with a comma");
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
                                        std::string const& list, std::string const& option,
                                        std::string const& text) {
  if (auto const missing = missing_from(all); !missing.empty())
    throw std::runtime_error(list + ": has " + missing);
  auto const ranges = parse_folds(text);
  if (ranges.empty()) return all;
  std::vector<verification_pair> chosen;
  int last = 0;
  for (auto const& p : all) {
    last = std::max(last, p.fold);
    bool const wanted = std::any_of(ranges.begin(), ranges.end(), [&](auto const& range) {
      return range.first <= p.fold && p.fold <= range.second;
    });
    if (wanted) chosen.push_back(p);
  }
  std::string const start = option + ": '" + text + "' selects ";
  if (chosen.empty())
    throw usage_error(start + "no pair; the last fold is " + std::to_string(last));
  if (auto const missing = missing_from(chosen); !missing.empty())
    throw usage_error(start + missing);
  return chosen;
}

}  // namespace face_kit
