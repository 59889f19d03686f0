// SPDX-License-Identifier: Apache-2.0
// The methods in the trainers' --help.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "face_kit/distillation/methods.hpp"
#include "face_kit/run/validators.hpp"

namespace face_kit {

/// "rkd_d, sp"
template <class Select>
std::string methods_where(Select const& select) {
  std::string names;
  for (auto const& method : distillation_methods)
    if (select(method)) names += (names.empty() ? "" : ", ") + std::string(method.name);
  return names;
}

inline std::string method_help() {
  auto const with = [](relation_pairs pairs) {
    return methods_where([=](auto const& method) { return method.pairs == pairs; });
  };
  return "What the student learns from. supervised: the labels. fcd: each teacher embedding; "
         "angular and fitnet compare with it in another way. All others are fcd and a relation "
         "term: over mined pairs (" +
         with(relation_pairs::mined) + "), over all pairs of the batch (" +
         with(relation_pairs::batch) + "), over pairs with every class of the bank (" +
         with(relation_pairs::bank) + "). Several, separated by commas, are compared";
}

/// Weights of relation terms, each with its methods: "10 (mrd, coupleface), 1 (sp)".
inline std::string grouped_lambdas(std::vector<std::pair<double, std::string>> const& of_methods) {
  std::vector<std::pair<double, std::string>> groups;
  for (auto const& [lambda, method] : of_methods) {
    auto const group = std::find_if(groups.begin(), groups.end(),
                                    [&](auto const& g) { return g.first == lambda; });
    if (group == groups.end()) groups.emplace_back(lambda, method);
    else group->second += ", " + method;
  }
  std::string text;
  for (auto const& [lambda, methods] : groups)
    text += (text.empty() ? "" : ", ") + number_text(lambda) + " (" + methods + ')';
  return text;
}

inline std::string lambda_help() {
  std::vector<std::pair<double, std::string>> all;
  for (auto const& method : distillation_methods)
    if (method.pairs != relation_pairs::none) all.emplace_back(method.lambda, method.name);
  return "Weight of the relation term. Without this option each method has its own: " +
         grouped_lambdas(all);
}

}  // namespace face_kit
