# SPDX-License-Identifier: Apache-2.0
# The version has one home, the header that users can test; CMake reads it from there.
file(READ "${CMAKE_CURRENT_LIST_DIR}/../include/coupleface/version.hpp" version_header)
foreach(part MAJOR MINOR PATCH)
  if(NOT version_header MATCHES "#define COUPLEFACE_VERSION_${part} ([0-9]+)")
    message(FATAL_ERROR "coupleface: version.hpp does not define COUPLEFACE_VERSION_${part}")
  endif()
  set(version_${part} "${CMAKE_MATCH_1}")
endforeach()
set(COUPLEFACE_VERSION "${version_MAJOR}.${version_MINOR}.${version_PATCH}")
