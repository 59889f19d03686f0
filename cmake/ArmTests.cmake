# SPDX-License-Identifier: Apache-2.0
# The library on another processor: cross-compiled for ARM64 when ctest runs, and run by qemu.
# Unit tests of every part, and digests of what promises bits, which must be this machine's.
function(coupleface_add_arm64_tests)
  find_program(COUPLEFACE_ARM64_COMPILER aarch64-linux-gnu-g++)
  find_program(COUPLEFACE_ARM64_QEMU NAMES qemu-aarch64 qemu-aarch64-static)
  find_path(COUPLEFACE_GOOGLETEST_SOURCES googletest/CMakeLists.txt PATHS /usr/src/googletest)
  mark_as_advanced(COUPLEFACE_ARM64_COMPILER COUPLEFACE_ARM64_QEMU COUPLEFACE_GOOGLETEST_SOURCES)
  if(NOT COUPLEFACE_ARM64_COMPILER OR NOT COUPLEFACE_ARM64_QEMU OR NOT COUPLEFACE_GOOGLETEST_SOURCES)
    set(why "skipped: g++-aarch64-linux-gnu, qemu-user or the sources of GoogleTest are missing")
    coupleface_add_test(arm64 COMMAND ${CMAKE_COMMAND} -E echo "${why}")
    set_tests_properties(${COUPLEFACE_TEST_PREFIX}arm64 PROPERTIES
      SKIP_REGULAR_EXPRESSION "^skipped")
    return()
  endif()

  set(binary "${PROJECT_BINARY_DIR}/tests/arm64")
  get_target_property(cccl coupleface::cccl INTERFACE_INCLUDE_DIRECTORIES)
  coupleface_add_test(arm64/build
    COMMAND ${CMAKE_CTEST_COMMAND}
      --build-and-test "${PROJECT_SOURCE_DIR}/tests/arm64" "${binary}"
      --build-generator "${CMAKE_GENERATOR}" --build-options
        "-DCMAKE_TOOLCHAIN_FILE=${PROJECT_SOURCE_DIR}/cmake/Arm64.cmake"
        "-DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}"
        "-DCOUPLEFACE_SOURCE=${PROJECT_SOURCE_DIR}" "-DALL_HEADERS=${COUPLEFACE_ALL_HEADERS_FOLDER}"
        "-DGOOGLETEST=${COUPLEFACE_GOOGLETEST_SOURCES}" "-DCCCL_ROOT=${cccl}")
  coupleface_add_test(arm64/units COMMAND "${COUPLEFACE_ARM64_QEMU}" "${binary}/units" --gtest_brief=1)
  coupleface_add_test(arm64/digests
    COMMAND ${CMAKE_COMMAND} "-DHERE=$<TARGET_FILE:coupleface_link_test>"
      "-DEMULATOR=${COUPLEFACE_ARM64_QEMU}" "-DTHERE=${binary}/digests"
      -P "${PROJECT_SOURCE_DIR}/cmake/CompareDigests.cmake")
  # Those of every set of kernels must agree too.
  coupleface_add_test(arm64/kernels COMMAND "${COUPLEFACE_ARM64_QEMU}" "${binary}/digests")
  set_tests_properties(${COUPLEFACE_TEST_PREFIX}arm64/build PROPERTIES
    FIXTURES_SETUP coupleface_arm64 PROCESSORS 2)
  set_tests_properties(${COUPLEFACE_TEST_PREFIX}arm64/units ${COUPLEFACE_TEST_PREFIX}arm64/digests
    ${COUPLEFACE_TEST_PREFIX}arm64/kernels PROPERTIES FIXTURES_REQUIRED coupleface_arm64)
endfunction()
