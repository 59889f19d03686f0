# SPDX-License-Identifier: Apache-2.0
# cmake -D SOURCE_DIR=<repository> -D CLANG_FORMAT=<program> -P CheckFormat.cmake
cmake_minimum_required(VERSION 3.25)

set(sources "")
foreach(folder include tests examples benchmarks)
  foreach(ending hpp inc cuh cpp cu)
    file(GLOB_RECURSE found "${SOURCE_DIR}/${folder}/*.${ending}")
    list(APPEND sources ${found})
  endforeach()
endforeach()
execute_process(COMMAND "${CLANG_FORMAT}" --style=file --dry-run -Werror ${sources}
                RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "run clang-format 14 -i on the files named above")
endif()
list(LENGTH sources count)
message(STATUS "format: ${count} files")
