# SPDX-License-Identifier: Apache-2.0
# cmake -D SOURCE_DIR=<repository> -P CheckLicences.cmake
#
# Every source file, script and CMake file names its licence: the SPDX line is its first line, or
# its second after a shebang.
cmake_minimum_required(VERSION 3.25)

set(files "${SOURCE_DIR}/CMakeLists.txt" "${SOURCE_DIR}/.ci/run")
foreach(folder include tests examples benchmarks scripts findings cmake packaging)
  foreach(name *.hpp *.inc *.cuh *.cpp *.cu *.h *.sh *.py *.cmake *.cmake.in CMakeLists.txt)
    file(GLOB_RECURSE found "${SOURCE_DIR}/${folder}/${name}")
    list(APPEND files ${found})
  endforeach()
endforeach()
list(FILTER files EXCLUDE REGEX "/test_package/build/")  # what Conan leaves there

set(problems "")
foreach(file ${files})
  file(READ "${file}" text LIMIT 200)
  if(NOT text MATCHES "^(#![^\n]*\n)?(//|#) SPDX-License-Identifier: Apache-2\\.0\n")
    cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${SOURCE_DIR}")
    list(APPEND problems "${file}")
  endif()
endforeach()
if(problems)
  list(JOIN problems "\n  " text)
  message(FATAL_ERROR "no line 'SPDX-License-Identifier: Apache-2.0' at the top of:\n  ${text}")
endif()
list(LENGTH files count)
message(STATUS "licences: ${count} files")
