# SPDX-License-Identifier: Apache-2.0
# cmake -D PORT=<folder of portfile.cmake> -D FOLDER=<emptied> -D CXX=<compiler> -D GENERATOR=<name>
#       [-D MAKE=<program>] -P vcpkg_test.cmake
#
# Runs the port with functions that do what vcpkg's of that name do, as far as the port relies on it:
# vcpkg itself needs a network. What they do not know is an error.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${FOLDER}")
set(CURRENT_PACKAGES_DIR "${FOLDER}/package")

function(run)
  execute_process(COMMAND ${ARGV} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(expect condition)
  if(NOT (${ARGV}))
    message(FATAL_ERROR "vcpkg: expected ${ARGV}")
  endif()
endfunction()

# As without features.
function(vcpkg_check_features)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUT_FEATURE_OPTIONS" "INVERTED_FEATURES")
  expect(NOT DEFINED arg_UNPARSED_ARGUMENTS)
  set(options "")
  while(arg_INVERTED_FEATURES)
    list(POP_FRONT arg_INVERTED_FEATURES feature option)
    string(JSON ignored GET "${manifest}" features ${feature})  # an error unless it is declared
    list(APPEND options "-D${option}=ON")
  endwhile()
  set(${arg_OUT_FEATURE_OPTIONS} "${options}" PARENT_SCOPE)
endfunction()
function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS;MAYBE_UNUSED_VARIABLES")
  expect(NOT DEFINED arg_UNPARSED_ARGUMENTS)
  run(${CMAKE_COMMAND} -S "${arg_SOURCE_PATH}" -B "${FOLDER}/build" -G "${GENERATOR}"
      "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_MAKE_PROGRAM=${MAKE}" "-DCMAKE_BUILD_TYPE=Release"
      ${arg_OPTIONS})
endfunction()
function(vcpkg_cmake_install)
  run(${CMAKE_COMMAND} --build "${FOLDER}/build")
  run(${CMAKE_COMMAND} --install "${FOLDER}/build" --prefix "${CURRENT_PACKAGES_DIR}")
endfunction()
function(vcpkg_cmake_config_fixup from path)
  expect(from STREQUAL "CONFIG_PATH" AND EXISTS "${CURRENT_PACKAGES_DIR}/${path}")
  file(GLOB files "${CURRENT_PACKAGES_DIR}/${path}/*")
  file(COPY ${files} DESTINATION "${CURRENT_PACKAGES_DIR}/share/coupleface")
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/${path}")
endfunction()
function(vcpkg_fixup_pkgconfig)
  expect(EXISTS "${CURRENT_PACKAGES_DIR}/share/pkgconfig/coupleface.pc")
endfunction()
function(vcpkg_install_copyright list file)
  expect(list STREQUAL "FILE_LIST" AND EXISTS "${file}")
  file(COPY_FILE "${file}" "${CURRENT_PACKAGES_DIR}/share/coupleface/copyright")
endfunction()

file(READ "${PORT}/vcpkg.json" manifest)
foreach(key name version license description)
  string(JSON value GET "${manifest}" ${key})
endforeach()
string(JSON name GET "${manifest}" name)
expect(name STREQUAL "coupleface")
string(JSON count LENGTH "${manifest}" dependencies)
expect(count EQUAL 3)

include("${PORT}/portfile.cmake")
foreach(file include/coupleface/coupleface.hpp share/coupleface/couplefaceConfig.cmake
        share/coupleface/couplefaceTargets.cmake share/coupleface/Cccl.cmake
        share/coupleface/copyright)
  expect(EXISTS "${CURRENT_PACKAGES_DIR}/${file}")
endforeach()
expect(NOT EXISTS "${CURRENT_PACKAGES_DIR}/share/coupleface/couplefaceTargets-tbb.cmake")
expect(NOT EXISTS "${CURRENT_PACKAGES_DIR}/share/cmake")
file(REMOVE_RECURSE "${FOLDER}")
