# SPDX-License-Identifier: Apache-2.0
# cmake -D SOURCE_DIR=<repository> -P CheckPrograms.cmake
#
# Holds the example programs apart: a program's files include their own folder, face_kit, coupleface
# and outside libraries; face_kit includes no program. What two programs share belongs in face_kit.
cmake_minimum_required(VERSION 3.25)

set(root "${SOURCE_DIR}/examples")
file(GLOB_RECURSE files RELATIVE "${root}" "${root}/*.hpp" "${root}/*.cpp" "${root}/*.cu")
set(problems "")
set(count 0)
foreach(file ${files})
  if(NOT file MATCHES "^([a-z_0-9]+)/")
    continue()  # an example of one file
  endif()
  math(EXPR count "${count} + 1")
  set(program "${CMAKE_MATCH_1}")
  cmake_path(GET file PARENT_PATH folder)
  file(STRINGS "${root}/${file}" lines REGEX "^[ \t]*#[ \t]*include[ \t]*\"")
  foreach(line ${lines})
    if(NOT line MATCHES "\"([^\"]+)\"")
      continue()
    endif()
    set(included "${CMAKE_MATCH_1}")
    if(included MATCHES "^face_kit/")
      if(NOT EXISTS "${root}/${included}")
        list(APPEND problems "${file}: includes \"${included}\", which does not exist")
      endif()
    elseif(program STREQUAL "face_kit")
      list(APPEND problems "${file}: include with \"face_kit/...\", not: ${line}")
    elseif(included MATCHES "/" OR NOT EXISTS "${root}/${folder}/${included}")
      list(APPEND problems "${file}: includes \"${included}\", which is not in its folder")
    endif()
  endforeach()
endforeach()

if(count EQUAL 0)
  list(APPEND problems "no programs under ${root}")
endif()
if(problems)
  list(JOIN problems "\n  " text)
  message(FATAL_ERROR "programs:\n  ${text}")
endif()
message(STATUS "programs: ${count} files keep apart")
