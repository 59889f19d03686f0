# SPDX-License-Identifier: Apache-2.0
# cmake -D HERE=<program> -D EMULATOR=<program> -D THERE=<program> -P CompareDigests.cmake
#
# Both print digests of what the library computes (tests/link/main.cpp): they must be the same.
cmake_minimum_required(VERSION 3.25)

set(THERE "${EMULATOR}" "${THERE}")
foreach(place HERE THERE)
  execute_process(COMMAND ${${place}} --print
    OUTPUT_VARIABLE digests_${place} RESULT_VARIABLE status)
  if(NOT status EQUAL 0 OR digests_${place} STREQUAL "")
    message(FATAL_ERROR "${${place}} printed no digests (${status})")
  endif()
  string(REPLACE "\n" ";" digests_${place} "${digests_${place}}")
endforeach()
set(differing "")
foreach(here there IN ZIP_LISTS digests_HERE digests_THERE)
  if(NOT here STREQUAL there)
    string(APPEND differing "\n  ${here}\n  ${there}")
  endif()
endforeach()
if(differing)
  message(FATAL_ERROR "digests differ:${differing}")
endif()
list(LENGTH digests_HERE count)
message(STATUS "${count} lines of digests agree")
