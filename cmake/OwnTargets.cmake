# SPDX-License-Identifier: Apache-2.0
# What this project's own tests, examples and benchmarks are compiled with. Nothing here reaches a
# target that users link.

set(COUPLEFACE_BACKENDS "cpp;omp;tbb" CACHE STRING "Backends that tests are built for")
set(COUPLEFACE_SANITIZERS "" CACHE STRING "Sanitizers for own targets, as -fsanitize= takes them")

include(GoogleTest)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(COUPLEFACE_CCACHE)
  find_program(COUPLEFACE_CCACHE_PROGRAM ccache)
  mark_as_advanced(COUPLEFACE_CCACHE_PROGRAM)
  if(COUPLEFACE_CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${COUPLEFACE_CCACHE_PROGRAM}")
    set(CMAKE_CUDA_COMPILER_LAUNCHER "${COUPLEFACE_CCACHE_PROGRAM}")
  endif()
endif()

option(COUPLEFACE_WARNINGS_ARE_ERRORS "In this project's own programs" ON)
set(COUPLEFACE_OWN_WARNINGS -Wall -Wextra -Wpedantic)
set(COUPLEFACE_OWN_CUDA_WARNINGS "")
if(COUPLEFACE_WARNINGS_ARE_ERRORS)
  list(APPEND COUPLEFACE_OWN_WARNINGS -Werror)
  set(COUPLEFACE_OWN_CUDA_WARNINGS -Werror=all-warnings)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False alarms inside the AVX-512 intrinsics of GCC 12 where Eigen inlines them. The sanitizers
  # watch over the same.
  list(APPEND COUPLEFACE_OWN_WARNINGS
    -Wno-maybe-uninitialized -Wno-uninitialized -Wno-array-bounds)
endif()

# The backend of our own programs where any host backend will do.
set(COUPLEFACE_OWN_BACKEND coupleface::cpp)
if(TARGET coupleface::omp)
  set(COUPLEFACE_OWN_BACKEND coupleface::omp)
endif()

# Warnings as errors, this machine's instructions, sanitizers: for one executable of our own.
function(coupleface_own_target name)
  target_compile_options(${name} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${COUPLEFACE_OWN_WARNINGS}>")
  target_compile_options(${name} PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:${COUPLEFACE_OWN_CUDA_WARNINGS}>")
  if(COUPLEFACE_NATIVE)
    target_compile_options(${name} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:-march=native>")
  endif()
  if(COUPLEFACE_SANITIZERS)
    set(sanitize -fsanitize=${COUPLEFACE_SANITIZERS} -fno-sanitize-recover=all
                 -fno-omit-frame-pointer)
    target_compile_options(${name} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${sanitize}>")
    target_link_options(${name} PRIVATE ${sanitize})
  endif()
endfunction()

if(COUPLEFACE_CUDA)
  include(CheckLanguage)
  # nvcc may lie outside PATH, in the place where the toolkit installs itself.
  find_program(COUPLEFACE_NVCC nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME
               PATHS "/usr/local/cuda" PATH_SUFFIXES bin)
  mark_as_advanced(COUPLEFACE_NVCC)
  if(COUPLEFACE_NVCC AND NOT CMAKE_CUDA_COMPILER)
    set(CMAKE_CUDA_COMPILER "${COUPLEFACE_NVCC}")
  endif()
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES "90" CACHE STRING "GPU architectures of this project's own targets")
  endif()
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    set(CMAKE_CUDA_STANDARD 17)
  else()
    message(STATUS "coupleface: no CUDA compiler, the CUDA targets are left out")
  endif()
endif()

set(COUPLEFACE_TEST_PREFIX "" CACHE STRING "Put before the name of every test")

# Real data for tests, examples and measurements: a folder that is not part of this repository.
set(COUPLEFACE_DATA_FOLDER "$ENV{COUPLEFACE_DATA}")
if(NOT COUPLEFACE_DATA_FOLDER)
  cmake_path(ABSOLUTE_PATH PROJECT_SOURCE_DIR NORMALIZE OUTPUT_VARIABLE COUPLEFACE_DATA_FOLDER)
  cmake_path(GET COUPLEFACE_DATA_FOLDER PARENT_PATH COUPLEFACE_DATA_FOLDER)
  string(APPEND COUPLEFACE_DATA_FOLDER "/shared/data")
endif()

# What every test runs with. Tests run side by side: threads that wait must not keep a core busy.
set(COUPLEFACE_TEST_ENVIRONMENT "OMP_WAIT_POLICY=passive")
if(COUPLEFACE_SANITIZERS MATCHES "address")
  list(APPEND COUPLEFACE_TEST_ENVIRONMENT
    "LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/sanitizers/leaks_of_libomp.txt")
endif()
if(IS_DIRECTORY "${COUPLEFACE_DATA_FOLDER}")
  list(APPEND COUPLEFACE_TEST_ENVIRONMENT "COUPLEFACE_DATA=${COUPLEFACE_DATA_FOLDER}")
endif()
if(COUPLEFACE_SANITIZERS MATCHES "thread")
  # libomp itself is not instrumented. Archer, which libomp loads by itself where ThreadSanitizer
  # is at work, tells how OpenMP orders accesses. Four threads even where there are fewer cores.
  list(APPEND COUPLEFACE_TEST_ENVIRONMENT
    "TSAN_OPTIONS=ignore_noninstrumented_modules=1" "OMP_NUM_THREADS=4")
endif()

# add_test with this project's prefix and environment.
function(coupleface_add_test name)
  set(test "${COUPLEFACE_TEST_PREFIX}${name}")
  add_test(NAME ${test} ${ARGN})
  set_tests_properties(${test} PROPERTIES
    ENVIRONMENT "${COUPLEFACE_TEST_ENVIRONMENT}" TIMEOUT 900)
endfunction()

# Precompiles what most sources of a test program include: with g++ at -O1 about two fifths of their
# time. None of our own headers, whose changes would then compile every source again. Not with ccache,
# which would lose most of its hits.
function(coupleface_precompile_headers name)
  if(CMAKE_CXX_COMPILER_LAUNCHER)
    return()
  endif()
  set(headers algorithm cmath cstdint filesystem fstream functional limits map numeric random set
              sstream stdexcept string vector
              gtest/gtest.h thrust/device_vector.h thrust/execution_policy.h)
  list(TRANSFORM headers REPLACE "(.+)" "$<$<COMPILE_LANGUAGE:CXX>:<\\1$<ANGLE-R>>")
  target_precompile_headers(${name} PRIVATE ${headers})
endfunction()

# coupleface_add_unit_tests(<executable> <prefix> <sources>... [LABELS <label>])
# One executable of GoogleTest sources, each of its tests known to ctest as <prefix><test>. Sources
# may bring a main() of their own: the linker takes GoogleTest's only where there is none.
function(coupleface_add_unit_tests name prefix)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "LABELS" "")
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${name} PRIVATE GTest::gtest GTest::gtest_main)
  coupleface_own_target(${name})
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # GoogleTest's TYPED_TEST_SUITE without its optional argument.
    target_compile_options(${name} PRIVATE -Wno-gnu-zero-variadic-macro-arguments)
  endif()
  coupleface_precompile_headers(${name})
  # As a prefix of the command: gtest_discover_tests cannot pass more than one variable.
  if(COUPLEFACE_TEST_ENVIRONMENT)
    set_target_properties(${name} PROPERTIES
      CROSSCOMPILING_EMULATOR "env;${COUPLEFACE_TEST_ENVIRONMENT}")
  endif()
  # Listed when ctest starts: a build then does not depend on being able to run its programs.
  gtest_discover_tests(${name}
    TEST_PREFIX "${COUPLEFACE_TEST_PREFIX}${prefix}"
    DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60
    NO_PRETTY_VALUES
    PROPERTIES TIMEOUT 900 LABELS "${arg_LABELS}")
endfunction()
