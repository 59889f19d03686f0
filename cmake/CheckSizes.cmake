# SPDX-License-Identifier: Apache-2.0
# cmake -D SOURCE_DIR=<repository> -P CheckSizes.cmake
#
# Holds every header to a length that can be read in one go: 150 lines with comments in public ones,
# 200 in detail/. A header that has to be longer stands below with its own limit and the reason.
cmake_minimum_required(VERSION 3.25)

set(root "${SOURCE_DIR}/include/coupleface")
set(problems "")
set(exceptions "")

# longer(<header> <lines> <reason>)
macro(longer header lines reason)
  list(APPEND exceptions ${header})
  set(limit_of_${header} ${lines})
  set(reason_of_${header} "${reason}")
endmacro()
longer(evaluation/verification.hpp 160
  "one protocol: scores, curve, rates and folds, of which four fifths are contracts")
longer(io/npy.hpp 160
  "reading, mapping and writing of one format, of which half are contracts")

file(GLOB_RECURSE headers RELATIVE "${root}" "${root}/*.hpp" "${root}/*.inc" "${root}/*.cuh")
foreach(header ${headers})
  file(READ "${root}/${header}" text)
  string(REGEX REPLACE "^// SPDX-[^\n]*\n" "" text "${text}")  # the licence does not count
  string(REGEX MATCHALL "\n" lines "${text}")
  list(LENGTH lines count)
  set(limit 150)
  if(header MATCHES "^detail/")
    set(limit 200)
  endif()
  set(usual ${limit})
  if(header IN_LIST exceptions)
    set(limit ${limit_of_${header}})
    list(REMOVE_ITEM exceptions ${header})
    if(count LESS_EQUAL usual)
      list(APPEND problems "${header}: ${count} lines, no exception is needed any more")
    endif()
  endif()
  if(count GREATER limit)
    list(APPEND problems "${header}: ${count} lines, more than ${limit}")
  endif()
endforeach()

if(NOT headers)
  list(APPEND problems "no headers under ${root}")
endif()
foreach(header ${exceptions})
  list(APPEND problems "${header}: an exception without a header")
endforeach()
if(problems)
  list(JOIN problems "\n  " text)
  message(FATAL_ERROR "sizes:\n  ${text}")
endif()
list(LENGTH headers count)
message(STATUS "sizes: ${count} headers keep to them")
