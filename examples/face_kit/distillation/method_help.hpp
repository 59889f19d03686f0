// SPDX-License-Identifier: Apache-2.0
// The methods in the trainers' --help.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "face_kit/distillation/methods.hpp"
#include "face_kit/run/program.hpp"
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
         with(relation_pairs::bank) + "), over teacher embeddings of earlier batches (" +
         with(relation_pairs::queue) + "). Several, separated by commas, are compared";
}

/// Weights of relation terms, each with its methods: "10 (mrd, coupleface), 1 (sp)".
inline std::string grouped_lambdas(std::vector<std::pair<double, std::string>> const& of_methods) {
  std::vector<std::pair<double, std::string>> groups;
  for (auto const& of_method : of_methods) {
    auto const group = std::find_if(groups.begin(), groups.end(),
                                    [&](auto const& g) { return g.first == of_method.first; });
    if (group == groups.end()) groups.push_back(of_method);
    else group->second += ", " + of_method.second;
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
  return "Weight of the relation term: one value for all methods, or one for each method of "
         "--method, separated by commas. Without this option each method has its own: " +
         grouped_lambdas(all);
}

/// The options of a run's weights. `note` goes behind the help of --lambda.
template <class Settings>
void declare_weights(CLI::App& app, Settings& settings, std::vector<double>& lambda,
                     std::string const& note = "") {
  app.add_option("--fcd-weight", settings.fcd_weight,
                 "Weight of the FCD term, or of what angular and fitnet have instead")
      ->check(in_range(0, 1e6));
  app.add_option("--lambda", lambda, lambda_help() + note)
      ->check(in_range(0, 1e6))
      ->delimiter(',')
      ->default_str("");
  app.add_option("--relation-share", settings.relation_share,
                 "In place of --lambda: the weight is chosen in each step, so that this is the "
                 "relation term's share of the sum of both gradient norms on the embeddings, the "
                 "other being that of FCD or what replaces it; from running means of the norms")
      ->check(between(0, 1))
      ->default_str("");
}

inline char const* const q_quantile_help =
    "In place of --q: the gap is this quantile of what the teacher's own relations vary within a "
    "person, between an image and the person's prototype";

/// The weights that the user typed, one for all methods or one for each.
/// @throws usage_error  for another number of them
inline void expect_lambdas_fit(std::vector<double> const& typed,
                               std::vector<std::string> const& methods) {
  if (typed.size() > 1 && typed.size() != methods.size())
    throw usage_error("--lambda: " + std::to_string(typed.size()) + " values, but " +
                      std::to_string(methods.size()) + " methods");
}

/// `otherwise` if the user typed none.
inline double lambda_of(std::vector<double> const& typed, std::vector<std::string> const& methods,
                        std::string const& method, double otherwise) {
  if (typed.size() < 2) return typed.empty() ? otherwise : typed[0];
  return typed[static_cast<std::size_t>(std::find(methods.begin(), methods.end(), method) -
                                        methods.begin())];
}

/// What both trainers refuse of a run's weights.
/// @throws usage_error
template <class Settings>
void expect_weights_fit(Settings const& settings, bool lambda_typed) {
  auto const fail = [&](std::string const& what) {
    throw usage_error("--method " + settings.method + ": " + what);
  };
  if (settings.relation_share) {
    if (lambda_typed) throw usage_error("--relation-share: takes the place of --lambda; give one");
    if (settings.uses_relations() && settings.fcd_weight == 0)
      fail("--relation-share needs --fcd-weight, as it is a share beside that term");
  }
  bool const learns = settings.classification_weight() > 0 || settings.fcd_weight > 0 ||
                      (settings.uses_relations() && settings.lambda > 0);
  if (!learns)
    fail(std::string(settings.uses_relations() ? "--fcd-weight, --cls-weight and --lambda"
                                               : "--fcd-weight and --cls-weight") +
         " are 0, so there is no loss");
}

}  // namespace face_kit
