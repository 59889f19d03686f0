# SPDX-License-Identifier: Apache-2.0
# The targets that users link:
#   coupleface::coupleface              the headers and what they include, for explicit policies
#   coupleface::cpp | ::omp | ::tbb     the same, with thrust::device as one thread, OpenMP or TBB
#   coupleface::cuda                    the same, as a CUDA device, for units compiled by nvcc
#
# thrust::device is fixed by macros, so a program has one of the four; linking two into one target
# would redefine them for half of its units, and is made an error by the property that all set.
include("${CMAKE_CURRENT_LIST_DIR}/Cccl.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/Eigen.cmake")

coupleface_find_eigen()
if(NOT TARGET Eigen3::Eigen)
  message(FATAL_ERROR "coupleface: Eigen 3.4 or 5 was not found: set Eigen3_ROOT")
endif()
coupleface_add_cccl()

add_library(coupleface INTERFACE)
add_library(coupleface::coupleface ALIAS coupleface)
target_compile_features(coupleface INTERFACE cxx_std_17)
target_include_directories(coupleface INTERFACE
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:include>")
target_link_libraries(coupleface INTERFACE coupleface::cccl Eigen3::Eigen)
# Whoever links coupleface::coupleface alone, and no target of Thrust's own, has one thread as
# thrust::device where g++ or clang compiles. Thrust's own choice is CUDA, and then even
# thrust/execution_policy.h does not compile without the headers of a CUDA Toolkit.
set(no_backend "$<STREQUAL:$<TARGET_PROPERTY:COUPLEFACE_BACKEND>$<TARGET_PROPERTY:THRUST_DEVICE>,>")
# CMake gives an object library no properties of what it links. There the names of what it links
# directly decide.
set(links "$<TARGET_PROPERTY:LINK_LIBRARIES>")
set(links_core "$<NOT:$<STREQUAL:$<FILTER:${links},INCLUDE,coupleface::coupleface>,>>")
set(links_no_backend
    "$<STREQUAL:$<FILTER:${links},INCLUDE,coupleface::(cpp|omp|tbb|cuda)|Thrust>,>")
set(is_object "$<STREQUAL:$<TARGET_PROPERTY:TYPE>,OBJECT_LIBRARY>")
set(no_backend
  "$<AND:${no_backend},$<OR:$<NOT:${is_object}>,$<AND:${links_core},${links_no_backend}>>>")
target_compile_definitions(coupleface INTERFACE
  "$<$<AND:$<COMPILE_LANGUAGE:CXX>,${no_backend}>:THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP>")

set(COUPLEFACE_FOUND_BACKENDS "")

function(coupleface_add_backend name)
  string(TOUPPER ${name} system)
  add_library(coupleface_${name} INTERFACE)
  add_library(coupleface::${name} ALIAS coupleface_${name})
  target_link_libraries(coupleface_${name} INTERFACE coupleface ${ARGN})
  target_compile_definitions(coupleface_${name} INTERFACE
    THRUST_HOST_SYSTEM=THRUST_HOST_SYSTEM_CPP THRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_${system})
  set_target_properties(coupleface_${name} PROPERTIES
    EXPORT_NAME ${name}
    # THRUST_HOST and THRUST_DEVICE are what Thrust's own CMake targets carry: a clash with one of
    # those is found too.
    INTERFACE_COUPLEFACE_BACKEND ${name}
    INTERFACE_THRUST_HOST CPP
    INTERFACE_THRUST_DEVICE ${system}
    COMPATIBLE_INTERFACE_STRING "COUPLEFACE_BACKEND;THRUST_HOST;THRUST_DEVICE")
  list(APPEND COUPLEFACE_FOUND_BACKENDS ${name})
  set(COUPLEFACE_FOUND_BACKENDS "${COUPLEFACE_FOUND_BACKENDS}" PARENT_SCOPE)
endfunction()

coupleface_add_backend(cpp)

find_package(OpenMP QUIET GLOBAL COMPONENTS CXX)
if(TARGET OpenMP::OpenMP_CXX)
  coupleface_add_backend(omp OpenMP::OpenMP_CXX)
endif()

find_package(TBB CONFIG QUIET GLOBAL)
if(TARGET TBB::tbb)
  coupleface_add_backend(tbb TBB::tbb)
endif()

find_package(CUDAToolkit QUIET GLOBAL)
if(TARGET CUDA::cublas)
  coupleface_add_backend(cuda CUDA::cudart CUDA::cublas)
endif()
message(STATUS "coupleface: backends ${COUPLEFACE_FOUND_BACKENDS}")
