# SPDX-License-Identifier: Apache-2.0
# Makes the target coupleface::cccl: the headers of Thrust and libcu++. No CUDA is needed for them.
#
# Used by the project itself and, installed beside couplefaceConfig.cmake, by whoever finds the
# package. The headers are taken from the first of these that has them, new enough:
#   targets of CCCL that the project already has;
#   CCCL_ROOT, CCCL_DIR, CMAKE_PREFIX_PATH; a CUDA Toolkit: CUDAToolkit_ROOT, CUDA_PATH, CUDA_HOME, where nvcc
#   is, /usr/local/cuda; the folders where the system has headers;
#   CCCL's CMake package, if CCCL_DIR or CCCL_ROOT names one (a source tree of CCCL has no folder
#   with all headers);
#   the PyPI wheel that carries the same headers, downloaded into the build tree: version and hash
#   are fixed here, and pip refuses any other file.
# COUPLEFACE_DOWNLOAD_CCCL=OFF forbids the download, CMAKE_DISABLE_FIND_PACKAGE_CCCL=ON skips the
# search.
#
# CCCL's package is not asked first: in the wheels from 13.2 on it looks for the headers beside
# itself, where they are not, and ends the whole configuration.
include_guard(GLOBAL)

option(COUPLEFACE_DOWNLOAD_CCCL "Download CCCL's headers where no package has them" ON)

set(COUPLEFACE_CCCL_MINIMUM 2.2)
# The wheel is tagged for one platform but headers are all that is taken from it, so every
# platform takes the same file.
set(COUPLEFACE_CCCL_WHEEL "nvidia-cuda-cccl==13.0.85")
set(COUPLEFACE_CCCL_WHEEL_PLATFORM "manylinux_2_17_x86_64")
set(COUPLEFACE_CCCL_WHEEL_SHA256 "e0da7ad981f3a8aff08241b5bfc1af868742a63e2762f53a5171c492ef242649")

# Sets `result` in the caller to FALSE unless `folder` has Thrust and libcu++, new enough.
function(coupleface_judge_cccl result folder)
  set(version "")
  if(EXISTS "${folder}/thrust/version.h" AND EXISTS "${folder}/cuda/std/type_traits")
    file(STRINGS "${folder}/thrust/version.h" line REGEX "^#define THRUST_VERSION [0-9]+")
    if(line MATCHES "THRUST_VERSION ([0-9]+)")  # major * 100000 + minor * 100 + subminor
      math(EXPR major "${CMAKE_MATCH_1} / 100000")
      math(EXPR minor "${CMAKE_MATCH_1} / 100 % 1000")
      set(version "${major}.${minor}")
    endif()
  endif()
  if(NOT version OR version VERSION_LESS COUPLEFACE_CCCL_MINIMUM)
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()

# Sets `result` in the caller to the include folders of CCCL's targets, or to nothing.
function(coupleface_cccl_from_targets result)
  set(folders "")
  foreach(target Thrust::Thrust libcudacxx::libcudacxx CUB::CUB)
    if(TARGET ${target})
      get_target_property(include ${target} INTERFACE_INCLUDE_DIRECTORIES)
      if(include)
        list(APPEND folders ${include})
      endif()
    endif()
  endforeach()
  list(REMOVE_DUPLICATES folders)
  set(${result} "${folders}" PARENT_SCOPE)
endfunction()

# Sets `result` in the caller to the folder that holds thrust/, cuda/ and cub/, or to nothing.
function(coupleface_cccl_from_folders result)
  set(places "${CCCL_ROOT}" "$ENV{CCCL_ROOT}")
  if(CCCL_DIR)
    list(APPEND places "${CCCL_DIR}/../../..")
  endif()
  list(APPEND places ${CMAKE_PREFIX_PATH})
  # In a wheel the CMake package lies in nvidia/cu13/cccl, the headers in nvidia/cu13/include/cccl.
  set(beside ${places})
  list(TRANSFORM beside APPEND "/..")
  list(APPEND places ${beside} "${CUDAToolkit_ROOT}" "$ENV{CUDAToolkit_ROOT}" "$ENV{CUDA_PATH}"
       "$ENV{CUDA_HOME}")
  unset(coupleface_nvcc)
  find_program(coupleface_nvcc nvcc NO_CACHE)
  if(coupleface_nvcc)
    file(REAL_PATH "${coupleface_nvcc}" nvcc)
    cmake_path(GET nvcc PARENT_PATH nvcc)
    list(APPEND places "${nvcc}/..")
  endif()
  list(APPEND places "/usr/local/cuda")
  list(FILTER places INCLUDE REGEX "^/[^/]|^[A-Za-z]:")  # not the empty ones, nor "/.." of those
  unset(coupleface_cccl_include)
  find_path(coupleface_cccl_include thrust/version.h NO_CACHE
    HINTS ${places} PATH_SUFFIXES include/cccl cccl include VALIDATOR coupleface_judge_cccl)
  if(coupleface_cccl_include)
    cmake_path(NORMAL_PATH coupleface_cccl_include)
    string(REGEX REPLACE "/$" "" coupleface_cccl_include "${coupleface_cccl_include}")
  else()
    set(coupleface_cccl_include "")
  endif()
  set(${result} "${coupleface_cccl_include}" PARENT_SCOPE)
endfunction()

# Sets `result` in the caller to the include folders, or to nothing.
function(coupleface_find_cccl result)
  coupleface_cccl_from_targets(folders)
  if(NOT folders AND NOT CMAKE_DISABLE_FIND_PACKAGE_CCCL)
    coupleface_cccl_from_folders(folders)
    if(NOT folders AND (CCCL_DIR OR CCCL_ROOT OR DEFINED ENV{CCCL_ROOT}))
      find_package(CCCL ${COUPLEFACE_CCCL_MINIMUM} CONFIG QUIET)
      coupleface_cccl_from_targets(folders)
    endif()
  endif()
  set(${result} "${folders}" PARENT_SCOPE)
endfunction()

function(coupleface_cccl_from_wheel result)
  set(folder "${CMAKE_BINARY_DIR}/_deps/coupleface-cccl-${COUPLEFACE_CCCL_WHEEL_SHA256}")
  set(include "${folder}/nvidia/cu13/include/cccl")
  if(NOT EXISTS "${folder}/complete")
    message(STATUS "coupleface: no CCCL package found, downloading ${COUPLEFACE_CCCL_WHEEL}")
    find_package(Python3 QUIET COMPONENTS Interpreter)
    if(NOT Python3_FOUND)
      message(FATAL_ERROR "coupleface: the headers of CCCL ${COUPLEFACE_CCCL_MINIMUM} or newer were "
                          "not found, and downloading them needs python3 with pip")
    endif()
    file(REMOVE_RECURSE "${folder}")
    file(MAKE_DIRECTORY "${folder}")
    file(WRITE "${folder}/requirements.txt"
         "${COUPLEFACE_CCCL_WHEEL} --hash=sha256:${COUPLEFACE_CCCL_WHEEL_SHA256}\n")
    execute_process(
      COMMAND "${Python3_EXECUTABLE}" -m pip download --quiet --disable-pip-version-check --no-deps
              --require-hashes --only-binary :all: --platform ${COUPLEFACE_CCCL_WHEEL_PLATFORM}
              --dest "${folder}" --requirement "${folder}/requirements.txt"
      RESULT_VARIABLE status
      ERROR_VARIABLE message)
    file(GLOB wheel "${folder}/*.whl")
    if(NOT status EQUAL 0 OR NOT wheel)
      message(FATAL_ERROR "coupleface: pip could not download ${COUPLEFACE_CCCL_WHEEL}: ${message}")
    endif()
    file(ARCHIVE_EXTRACT INPUT "${wheel}" DESTINATION "${folder}")
    if(NOT EXISTS "${include}/thrust/version.h")
      message(FATAL_ERROR "coupleface: ${wheel} does not hold thrust/version.h where expected")
    endif()
    file(WRITE "${folder}/complete" "")
  endif()
  set(${result} "${include}" PARENT_SCOPE)
endfunction()

function(coupleface_add_cccl)
  if(TARGET coupleface::cccl)
    return()
  endif()
  coupleface_find_cccl(folders)
  if(NOT folders)
    if(NOT COUPLEFACE_DOWNLOAD_CCCL)
      message(FATAL_ERROR "coupleface: the headers of CCCL ${COUPLEFACE_CCCL_MINIMUM} or newer were "
                          "not found: set CCCL_ROOT, or COUPLEFACE_DOWNLOAD_CCCL=ON")
    endif()
    coupleface_cccl_from_wheel(folders)
  endif()
  message(STATUS "coupleface: CCCL headers from ${folders}")
  # Imported, so that compilers see system folders: warnings inside are not the user's business.
  # Global, so that a project that adds this one as a subfolder can link it.
  add_library(coupleface::cccl INTERFACE IMPORTED GLOBAL)
  target_include_directories(coupleface::cccl INTERFACE ${folders})
endfunction()
