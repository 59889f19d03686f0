# Makes the target coupleface::cccl: the headers of Thrust and libcu++. No CUDA is needed for them.
#
# Used by the project itself and, installed beside couplefaceConfig.cmake, by whoever finds the
# package. First the CMake package of CCCL is looked for (a CUDA Toolkit of version 13 or newer has
# it; CMAKE_PREFIX_PATH or CCCL_ROOT can name another place). Without one, the PyPI wheel that
# carries the same headers is downloaded into the build tree: version and hash are fixed here, and
# pip refuses any other file. COUPLEFACE_DOWNLOAD_CCCL=OFF forbids the download,
# CMAKE_DISABLE_FIND_PACKAGE_CCCL=ON skips the search.
include_guard(GLOBAL)

option(COUPLEFACE_DOWNLOAD_CCCL "Download CCCL's headers where no package has them" ON)

set(COUPLEFACE_CCCL_MINIMUM 3.0)
# The wheel is tagged for one platform but headers are all that is taken from it, so every
# platform takes the same file.
set(COUPLEFACE_CCCL_WHEEL "nvidia-cuda-cccl==13.0.85")
set(COUPLEFACE_CCCL_WHEEL_PLATFORM "manylinux_2_17_x86_64")
set(COUPLEFACE_CCCL_WHEEL_SHA256 "e0da7ad981f3a8aff08241b5bfc1af868742a63e2762f53a5171c492ef242649")

# Sets `result` in the caller to the folders that hold thrust/, cuda/ and cub/, or to nothing.
function(coupleface_cccl_from_package result)
  # nvcc may lie outside PATH, in the place where the toolkit installs itself.
  find_package(CCCL ${COUPLEFACE_CCCL_MINIMUM} CONFIG QUIET
               HINTS ENV CUDA_PATH ENV CUDA_HOME "/usr/local/cuda")
  set(folders "")
  if(CCCL_FOUND)
    foreach(target Thrust::Thrust libcudacxx::libcudacxx CUB::CUB)
      if(TARGET ${target})
        get_target_property(include ${target} INTERFACE_INCLUDE_DIRECTORIES)
        if(include)
          list(APPEND folders ${include})
        endif()
      endif()
    endforeach()
    list(REMOVE_DUPLICATES folders)
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
  coupleface_cccl_from_package(folders)
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
