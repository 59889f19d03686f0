// SPDX-License-Identifier: Apache-2.0
// The trainers' methods: what each one's loss consists of, its default weight, and how plots show
// it. A method is a base, which compares a sample with the teacher's row of it, plus lambda times a
// relation term, which compares pairs. nvcc compiles this too.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace face_kit {

/// What a relation term compares a batch's samples with.
enum class relation_pairs {
  none,   ///< there is no relation term
  batch,  ///< each other
  bank,   ///< every class's row in the bank
  queue,  ///< teacher embeddings of earlier batches
  mined   ///< classes of the bank, or samples, that --mining selects
};

struct distillation_method {
  std::string_view name;
  relation_pairs pairs;
  double lambda;   ///< default weight of the relation term
  bool on_device;  ///< with --device cuda; others have no device form
  char const *title, *colour;
  int dash;  ///< gnuplot's dash type: relatives have one colour
};

// Where the weights come from: docs/training.md. Those of methods without a relation term only
// stand in torch_student's checkpoints. The colours are Okabe and Ito's, without yellow, and some
// of Paul Tol's.
inline constexpr distillation_method distillation_methods[] = {
    {"supervised", relation_pairs::none, 10, true, "ArcFace, no teacher", "#009E73", 1},
    {"fcd", relation_pairs::none, 10, true, "FCD", "#0072B2", 1},
    {"angular", relation_pairs::none, 10, false, "angular (ShrinkTeaNet)", "#0072B2", 2},
    {"fitnet", relation_pairs::none, 10, false, "FitNet", "#0072B2", 3},
    {"mrd", relation_pairs::mined, 10, true, "FCD and two-sided relations", "#CC79A7", 1},
    {"coupleface", relation_pairs::mined, 10, true, "CoupleFace", "#D55E00", 1},
    {"mrd_batch", relation_pairs::batch, 3, true, "MRD in the batch", "#CC79A7", 2},
    {"rkd_d", relation_pairs::batch, 10, true, "RKD, distances", "#56B4E9", 1},
    {"rkd_d_mined", relation_pairs::mined, 30, true, "RKD, distances, mined", "#56B4E9", 2},
    {"rkd_a", relation_pairs::batch, 10, false, "RKD, angles", "#56B4E9", 3},
    {"sp", relation_pairs::batch, 30, true, "SP", "#E69F00", 1},
    {"sp_mined", relation_pairs::mined, 30, true, "SP, mined", "#E69F00", 2},
    {"cc", relation_pairs::batch, 30, true, "CC", "#332288", 1},
    {"cc_mined", relation_pairs::mined, 30, true, "CC, mined", "#332288", 2},
    {"pkt", relation_pairs::batch, 300, true, "PKT", "#7F7F7F", 1},
    {"pkt_mined", relation_pairs::mined, 300, true, "PKT, mined", "#7F7F7F", 2},
    {"pwr", relation_pairs::batch, 3, false, "PWR", "#AA4499", 1},
    {"ekd", relation_pairs::bank, 1, true, "EKD", "#882255", 1},
    {"teacher_queue", relation_pairs::queue, 0.1, true, "teacher queue (QUD)", "#117733", 1},
    {"cross_relation", relation_pairs::batch, 3, true, "cross relations", "#999933", 1},
    {"cross_contrast", relation_pairs::batch, 0.1, true, "cross relations, contrast", "#999933", 2},
};

inline distillation_method const* find_method(std::string_view name) {
  for (auto const& method : distillation_methods)
    if (method.name == name) return &method;
  return nullptr;
}

/// @throws std::invalid_argument  if there is no such method
inline distillation_method const& method_of(std::string const& name) {
  auto const* const found = find_method(name);
  if (found == nullptr) throw std::invalid_argument("no method is called '" + name + "'");
  return *found;
}

inline std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (auto const& method : distillation_methods) names.emplace_back(method.name);
  return names;
}

}  // namespace face_kit
