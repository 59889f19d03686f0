// SPDX-License-Identifier: Apache-2.0
// Networks from TorchScript files, for programs that link libtorch; no other header of the kit
// needs it.
#pragma once

#include <torch/script.h>
#include <torch/version.h>

#include <stdexcept>
#include <string>

#include "face_kit/run/program.hpp"

namespace face_kit {

/// libtorch's part of --version.
inline constexpr char const* libtorch_version = ", libtorch " TORCH_VERSION;

/// Loads a network for evaluation on `device`.
/// @throws std::runtime_error  naming the file, with libtorch's reason
inline torch::jit::Module load_script(std::string const& file, torch::Device device) {
  try {
    auto script = torch::jit::load(file, device);
    script.eval();
    return script;
  } catch (c10::Error const& error) {
    throw std::runtime_error(file + ": cannot be loaded as TorchScript: " +
                             one_sentence(error.what_without_backtrace()));
  }
}

/// Calls f, which runs the network of `file`. @throws std::runtime_error  naming the file, with
/// libtorch's reason
template <class F>
auto ask_script(std::string const& file, F const& f) {
  try {
    return f();
  } catch (std::exception const& error) {
    throw std::runtime_error(file + ": the network fails: " + one_sentence(error.what()));
  }
}

}  // namespace face_kit
