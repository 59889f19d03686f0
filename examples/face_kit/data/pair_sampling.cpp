// SPDX-License-Identifier: Apache-2.0
#include "face_kit/data/pair_sampling.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "face_kit/data/random_stream.hpp"

namespace face_kit {

namespace {

using rows_of_person = std::vector<int>;

/// Pairs of one person, taken from each person in turn: nobody with many pictures fills a fold.
void add_same_pairs(int fold, int wanted, std::vector<rows_of_person> const& people,
                    random_stream& random, std::vector<verification_pair>& pairs) {
  std::vector<std::vector<std::pair<int, int>>> open;
  int available = 0;
  for (auto const& rows : people) {
    open.emplace_back();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) open.back().emplace_back(rows[j], rows[i]);
    }
    random.shuffle(open.back());
    available += static_cast<int>(open.back().size());
  }
  if (available < wanted) {
    throw std::invalid_argument("make_pairs: fold " + std::to_string(fold) + " has " +
                                std::to_string(available) + " pairs of one dev person, not " +
                                std::to_string(wanted));
  }
  for (std::size_t turn = 0; wanted > 0; ++turn) {
    auto& choices = open[turn % open.size()];
    if (choices.empty()) continue;
    auto const [a, b] = choices.back();
    choices.pop_back();
    pairs.push_back({fold, a, b, true});
    --wanted;
  }
}

void add_different_pairs(int fold, int wanted, std::vector<rows_of_person> const& people,
                         random_stream& random, std::vector<verification_pair>& pairs) {
  std::int64_t faces = 0;
  std::int64_t available = 0;
  for (auto const& rows : people) {
    available += faces * static_cast<std::int64_t>(rows.size());
    faces += static_cast<std::int64_t>(rows.size());
  }
  if (available < wanted) {
    throw std::invalid_argument("make_pairs: fold " + std::to_string(fold) + " has " +
                                std::to_string(available) + " pairs of two dev people, not " +
                                std::to_string(wanted));
  }
  auto const any = [&](auto const& values) {
    return values[random.below(static_cast<std::uint32_t>(values.size()))];
  };
  std::set<std::pair<int, int>> taken;
  while (static_cast<int>(taken.size()) < wanted) {
    auto const first = random.below(static_cast<std::uint32_t>(people.size()));
    auto const second = random.below(static_cast<std::uint32_t>(people.size()));
    if (first == second) continue;
    int const a = any(people[first]);
    int const b = any(people[second]);
    if (taken.emplace(std::min(a, b), std::max(a, b)).second) pairs.push_back({fold, a, b, false});
  }
}

}  // namespace

std::vector<verification_pair> make_pairs(face_dataset const& faces, int folds, int pairs_per_fold,
                                          std::uint64_t seed) {
  if (folds < 1 || pairs_per_fold < 2 || pairs_per_fold % 2 != 0) {
    throw std::invalid_argument("make_pairs: needs folds and an even number of pairs in each");
  }
  std::vector<rows_of_person> rows(faces.people.size());
  for (int i = 0; i < faces.size(); ++i) {
    if (faces.is_train[i] == 0) rows[faces.labels[i]].push_back(i);
  }
  rows.erase(std::remove_if(rows.begin(), rows.end(), [](auto const& r) { return r.empty(); }),
             rows.end());
  random_stream random{seed, 5};
  random.shuffle(rows);
  // Those with most pictures are dealt out first, so that folds have about the same choice.
  std::stable_sort(rows.begin(), rows.end(),
                   [](auto const& a, auto const& b) { return a.size() > b.size(); });
  std::vector<verification_pair> pairs;
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<rows_of_person> people;
    for (auto i = static_cast<std::size_t>(fold); i < rows.size(); i += folds) {
      people.push_back(rows[i]);
    }
    add_same_pairs(fold, pairs_per_fold / 2, people, random, pairs);
    add_different_pairs(fold, pairs_per_fold / 2, people, random, pairs);
  }
  return pairs;
}

}  // namespace face_kit
