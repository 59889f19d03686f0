// SPDX-License-Identifier: Apache-2.0
// Saves networks as TorchScript files, which Python and C++ load without this program.
#pragma once

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/script.h>

#include <algorithm>
#include <sstream>

#include "face_kit/run/file_output.hpp"
#include "networks.hpp"

namespace torch_student {

/// Traces the network with one input. Batch sizes stay dynamic, since no network here computes with
/// them.
inline torch::jit::Module to_script(embedding_network& net, torch::Tensor const& example) {
  torch::jit::Module script("student");
  auto const named = [](std::string name) {
    std::replace(name.begin(), name.end(), '.', '_');
    return name;
  };
  for (auto const& p : net.named_parameters())
    script.register_parameter(named(p.key()), p.value(), false);
  for (auto const& b : net.named_buffers()) script.register_buffer(named(b.key()), b.value());
  torch::NoGradGuard const guard;
  net.eval();
  auto const traced = torch::jit::tracer::trace(
      {example},
      [&](torch::jit::Stack in) { return torch::jit::Stack{net.forward(in[0].toTensor())}; },
      [](torch::Tensor const&) { return std::string(); }, true, false, &script);
  auto* const forward = script._ivalue()->compilation_unit()->create_function(
      c10::QualifiedName(*script.type()->name(), "forward"), traced.first->graph);
  script.type()->addMethod(forward);
  return script;
}

inline void save_script(std::string const& file, embedding_network& net,
                        torch::Tensor const& example) {
  std::ostringstream bytes;
  to_script(net, example).save(bytes);
  write_atomically(file, bytes.str());
}

}  // namespace torch_student
