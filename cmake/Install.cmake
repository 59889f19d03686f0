# SPDX-License-Identifier: Apache-2.0
# The package: headers, CMake targets, and the search for CCCL that its users need as well.
# Nothing in it depends on the machine's word size or processor, hence share/ and ARCH_INDEPENDENT.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_folder "${CMAKE_INSTALL_DATADIR}/cmake/coupleface")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/coupleface"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.inc" PATTERN "*.cuh")

# One file of targets for each dependency that a user may lack.
install(TARGETS coupleface coupleface_cpp EXPORT couplefaceTargets)
set(exports couplefaceTargets)
foreach(name omp tbb cuda)
  if(TARGET coupleface_${name})
    install(TARGETS coupleface_${name} EXPORT couplefaceTargets-${name})
    list(APPEND exports couplefaceTargets-${name})
  endif()
endforeach()
foreach(export ${exports})
  install(EXPORT ${export} NAMESPACE coupleface:: DESTINATION "${package_folder}")
endforeach()

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/couplefaceConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/couplefaceConfig.cmake"
  INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/couplefaceConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
  "${PROJECT_BINARY_DIR}/couplefaceConfig.cmake"
  "${PROJECT_BINARY_DIR}/couplefaceConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/Cccl.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/Eigen.cmake"
  DESTINATION "${package_folder}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/coupleface")

# For users without CMake. It can be moved with the prefix.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
  BASE_DIRECTORY "${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig" OUTPUT_VARIABLE to_prefix)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_INCLUDEDIR
  BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}" OUTPUT_VARIABLE to_include)
configure_file("${PROJECT_SOURCE_DIR}/cmake/coupleface.pc.in"
               "${PROJECT_BINARY_DIR}/coupleface.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/coupleface.pc"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/pkgconfig")
