# SPDX-License-Identifier: Apache-2.0
# Finds Eigen 3.4 or 5 as Eigen3::Eigen, or leaves that target away. Used by the project itself and,
# installed beside couplefaceConfig.cmake, by whoever finds the package.
#
# Two questions instead of a range: Eigen's package takes no request that leaves its own major
# version, and the version after 3.4 is 5.
include_guard(GLOBAL)

macro(coupleface_find_eigen)
  foreach(coupleface_eigen_version 3.4 5)
    if(NOT TARGET Eigen3::Eigen)
      # GLOBAL, so that a project that adds this one as a subfolder sees what coupleface links.
      find_package(Eigen3 ${coupleface_eigen_version} CONFIG QUIET GLOBAL)
    endif()
  endforeach()
endmacro()
