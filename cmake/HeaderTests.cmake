# SPDX-License-Identifier: Apache-2.0
# Tests that only ask a compiler whether something parses: every header alone, and what must not
# compile. They run when ctest runs; the build makes nothing for them.

file(GLOB_RECURSE COUPLEFACE_HEADERS CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/include"
  "${PROJECT_SOURCE_DIR}/include/*.hpp")

# Those that include libtorch are there for programs that have it, and cost seconds each: one test
# asks for all of them.
list(FILTER COUPLEFACE_HEADERS EXCLUDE REGEX "/interop/torch")

# Includes every header there is, adapters too but libtorch's; for tests that want all of the library.
set(text "")
foreach(header ${COUPLEFACE_HEADERS})
  string(APPEND text "#include <${header}>\n")
endforeach()
set(COUPLEFACE_ALL_HEADERS_FOLDER "${PROJECT_BINARY_DIR}/generated")
file(CONFIGURE OUTPUT "${COUPLEFACE_ALL_HEADERS_FOLDER}/coupleface_all_headers.hpp"
     CONTENT "#pragma once\n${text}" @ONLY)

set(COUPLEFACE_PARSE_INCLUDES "-I${PROJECT_SOURCE_DIR}/include")
foreach(dependency coupleface::cccl Eigen3::Eigen)
  get_target_property(folders ${dependency} INTERFACE_INCLUDE_DIRECTORIES)
  foreach(folder ${folders})
    list(APPEND COUPLEFACE_PARSE_INCLUDES -isystem "${folder}")
  endforeach()
endforeach()
set(COUPLEFACE_PARSE_FLAGS -std=c++17 -fsyntax-only ${COUPLEFACE_PARSE_INCLUDES})
find_path(COUPLEFACE_CUDA_HEADERS cuda_fp16.h
  HINTS "$ENV{CUDA_PATH}" "$ENV{CUDA_HOME}" "/usr/local/cuda" PATH_SUFFIXES include)
mark_as_advanced(COUPLEFACE_CUDA_HEADERS)

function(coupleface_add_header_tests)
  foreach(program g++ clang++)
    find_program(COUPLEFACE_PARSE_WITH_${program} ${program})
    mark_as_advanced(COUPLEFACE_PARSE_WITH_${program})
    if(NOT COUPLEFACE_PARSE_WITH_${program})
      message(STATUS "coupleface: ${program} not found, headers are not tested with it")
      continue()
    endif()
    # Warnings that users of the headers may enable. g++ compiles C++20, which deprecates parts of
    # C++17, and each header alone. Whether a header includes all it needs does not depend on the
    # compiler, so clang++ only compiles every_function, which includes all of them.
    set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Werror)
    set(headers "")
    if(program STREQUAL "g++")
      list(APPEND warnings -std=c++20)
      set(headers ${COUPLEFACE_HEADERS})
    endif()
    foreach(header ${headers})
      # -include of an empty file rather than the header itself: #pragma once in a main file warns.
      coupleface_add_test(headers/${program}/${header}
        COMMAND "${COUPLEFACE_PARSE_WITH_${program}}" ${COUPLEFACE_PARSE_FLAGS} ${warnings}
                -include ${header} -x c++ "${PROJECT_SOURCE_DIR}/tests/empty.cpp")
    endforeach()
    coupleface_add_test(headers/${program}/every_function
      COMMAND "${COUPLEFACE_PARSE_WITH_${program}}" ${COUPLEFACE_PARSE_FLAGS} ${warnings}
              -DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP "-I${COUPLEFACE_ALL_HEADERS_FOLDER}"
              "${PROJECT_SOURCE_DIR}/tests/every_function.cpp")
    if(COUPLEFACE_CUDA_HEADERS)
      coupleface_add_test(headers/${program}/beside_cuda_fp16
        COMMAND "${COUPLEFACE_PARSE_WITH_${program}}" ${COUPLEFACE_PARSE_FLAGS} ${warnings}
                -isystem "${COUPLEFACE_CUDA_HEADERS}"
                "${PROJECT_SOURCE_DIR}/tests/beside_cuda_fp16.cpp")
    else()
      message(STATUS "coupleface: cuda_fp16.h not found, headers/${program}/beside_cuda_fp16 is left out")
    endif()
    if(TARGET coupleface_torch)
      set(torch_folders ${TORCH_INCLUDE_DIRS})
      list(REMOVE_ITEM torch_folders /usr/include)  # -isystem of it would hide it from <cstdlib>
      list(TRANSFORM torch_folders PREPEND -isystem)
      coupleface_add_test(headers/${program}/coupleface/interop/torch.hpp
        COMMAND "${COUPLEFACE_PARSE_WITH_${program}}" ${COUPLEFACE_PARSE_FLAGS} ${torch_folders}
                ${warnings} -include coupleface/interop/torch.hpp -x c++
                "${PROJECT_SOURCE_DIR}/tests/empty.cpp")
    endif()
  endforeach()
  # The newest clang has lost builtins that older ones have.
  set(names "")
  foreach(version RANGE 30 15 -1)
    list(APPEND names clang++-${version})
  endforeach()
  find_program(COUPLEFACE_NEWEST_CLANG NAMES ${names})
  mark_as_advanced(COUPLEFACE_NEWEST_CLANG)
  if(COUPLEFACE_NEWEST_CLANG)
    coupleface_add_test(headers/newest_clang/every_function
      COMMAND "${COUPLEFACE_NEWEST_CLANG}" ${COUPLEFACE_PARSE_FLAGS} ${warnings}
              -DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP "-I${COUPLEFACE_ALL_HEADERS_FOLDER}"
              "${PROJECT_SOURCE_DIR}/tests/every_function.cpp")
  endif()
endfunction()

# What a unit may not be compiled with stops with one sentence; what it may passes. clang has no macro
# for the last two of g++.
function(coupleface_add_flag_tests)
  set(stopping_g++ -ffast-math -Ofast -ffinite-math-only -funsafe-math-optimizations -freciprocal-math)
  set(stopping_clang++ -ffast-math -Ofast -ffinite-math-only)
  foreach(program g++ clang++)
    if(NOT COUPLEFACE_PARSE_WITH_${program})
      continue()
    endif()
    set(command "${COUPLEFACE_PARSE_WITH_${program}}" ${COUPLEFACE_PARSE_FLAGS}
        -include coupleface/config.hpp -x c++ "${PROJECT_SOURCE_DIR}/tests/empty.cpp")
    foreach(flag ${stopping_${program}})
      coupleface_add_test(flags/${program}/stops${flag} COMMAND ${command} ${flag})
      set_tests_properties(${COUPLEFACE_TEST_PREFIX}flags/${program}/stops${flag} PROPERTIES
        PASS_REGULAR_EXPRESSION "error.*coupleface: compile this unit without -ffast-math")
    endforeach()
    coupleface_add_test(flags/${program}/passes
      COMMAND ${command} -Werror -O3 -fno-math-errno -fno-trapping-math -fno-signed-zeros
              -ffp-contract=fast)
  endforeach()
endfunction()

function(coupleface_add_compile_fail_tests)
  file(GLOB snippets CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/compile_fail/*.cpp")
  foreach(snippet ${snippets})
    get_filename_component(name "${snippet}" NAME_WE)
    coupleface_add_test(compile_fail/${name}
      COMMAND ${CMAKE_COMMAND} -D "SNIPPET=${snippet}"
              -P "${PROJECT_SOURCE_DIR}/cmake/CheckCompileFail.cmake"
              -- "${CMAKE_CXX_COMPILER}" ${COUPLEFACE_PARSE_FLAGS} -Wall -Wextra -Werror)
  endforeach()
endfunction()
