# SPDX-License-Identifier: Apache-2.0
# cmake -D SOURCE_DIR=<repository> -P CheckVersions.cmake
#
# The files that have to repeat the version of version.hpp agree with it, and the newest release in
# CHANGELOG.md is that version.
cmake_minimum_required(VERSION 3.25)
include("${SOURCE_DIR}/cmake/Version.cmake")
set(problems "")

function(expect_version file version)
  if(NOT version STREQUAL COUPLEFACE_VERSION)
    set(problems ${problems} "${file}: '${version}', not ${COUPLEFACE_VERSION}" PARENT_SCOPE)
  endif()
endfunction()

file(READ "${SOURCE_DIR}/packaging/vcpkg/vcpkg.json" port)
string(JSON version GET "${port}" version)
expect_version(packaging/vcpkg/vcpkg.json "${version}")

file(READ "${SOURCE_DIR}/CITATION.cff" citation)
string(REGEX MATCH "\nversion: ([^\n]*)\n" line "${citation}")
expect_version(CITATION.cff "${CMAKE_MATCH_1}")

file(READ "${SOURCE_DIR}/CHANGELOG.md" changes)
string(REGEX MATCH "\n## ([0-9][^ \n]*)" line "${changes}")
expect_version(CHANGELOG.md "${CMAKE_MATCH_1}")

# The recipe reads version.hpp itself.
file(READ "${SOURCE_DIR}/packaging/conan/conanfile.py" recipe)
if(NOT recipe MATCHES "version\\.hpp" OR recipe MATCHES "\n    version = ")
  list(APPEND problems "packaging/conan/conanfile.py: takes the version from elsewhere")
endif()

if(problems)
  list(JOIN problems "\n  " text)
  message(FATAL_ERROR "versions:\n  ${text}")
endif()
message(STATUS "versions: ${COUPLEFACE_VERSION} everywhere")
