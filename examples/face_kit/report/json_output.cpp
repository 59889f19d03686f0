// SPDX-License-Identifier: Apache-2.0
#include "face_kit/report/json_output.hpp"

namespace face_kit {

std::string json_text(nlohmann::ordered_json const& document) {
  return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void print_json(std::ostream& out, nlohmann::ordered_json const& document) {
  out << json_text(document) << '\n';
}

}  // namespace face_kit
