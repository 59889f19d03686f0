# SPDX-License-Identifier: Apache-2.0
# libtorch, for this project's own tests and examples: found, never required.
#
# coupleface_torch carries what a program needs that includes <coupleface/interop/torch.hpp>. Users
# write the same two lines with their own libtorch:
#   find_package(Torch REQUIRED)
#   target_link_libraries(program PRIVATE coupleface::omp torch)

option(COUPLEFACE_TORCH "Build what needs libtorch where it is found" ON)

if(COUPLEFACE_TORCH)
  # Its configuration writes to variables that are not its own, and with CUDA turns that language
  # on.
  set(flags "${CMAKE_CXX_FLAGS}")
  find_package(Torch QUIET)
  set(CMAKE_CXX_FLAGS "${flags}")
  set(CMAKE_CUDA_STANDARD 17)
  if(TARGET torch)
    message(STATUS "coupleface: libtorch ${Torch_VERSION} in ${TORCH_INSTALL_PREFIX}")
    add_library(coupleface_torch INTERFACE)
    target_include_directories(coupleface_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
    target_link_libraries(coupleface_torch INTERFACE ${TORCH_LIBRARIES})
  else()
    message(STATUS "coupleface: libtorch was not found, its tests and examples are left out")
  endif()
endif()
