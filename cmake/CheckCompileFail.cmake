# SPDX-License-Identifier: Apache-2.0
# cmake -D SNIPPET=<file> -P CheckCompileFail.cmake -- <compiler> <flags>...
#
# The snippet must compile as it is, so that nothing but the error under test can stop it, and with
# COUPLEFACE_WITH_ERROR defined it must stop with the text of its "// expects: " line.
cmake_minimum_required(VERSION 3.25)

set(compile "")
set(seen FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  if(seen)
    list(APPEND compile "${CMAKE_ARGV${i}}")
  elseif(CMAKE_ARGV${i} STREQUAL "--")
    set(seen TRUE)
  endif()
endforeach()

file(STRINGS "${SNIPPET}" expected REGEX "^// expects: ")
string(REGEX REPLACE "^// expects: " "" expected "${expected}")
if(NOT expected MATCHES "^coupleface::")
  message(FATAL_ERROR "${SNIPPET} has no line '// expects: coupleface::...'")
endif()

execute_process(COMMAND ${compile} "${SNIPPET}" RESULT_VARIABLE status ERROR_VARIABLE messages)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "without the error it must compile:\n${messages}")
endif()

execute_process(COMMAND ${compile} -DCOUPLEFACE_WITH_ERROR "${SNIPPET}"
                RESULT_VARIABLE status ERROR_VARIABLE messages)
if(status EQUAL 0)
  message(FATAL_ERROR "with the error it must not compile")
endif()
string(FIND "${messages}" "${expected}" position)
if(position EQUAL -1)
  message(FATAL_ERROR "it must stop with '${expected}', but says:\n${messages}")
endif()
