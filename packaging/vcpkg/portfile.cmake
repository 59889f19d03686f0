# SPDX-License-Identifier: Apache-2.0
# vcpkg install coupleface --overlay-ports=<repository>/packaging/vcpkg --no-binarycaching
#
# Builds from the repository that this file lies in. vcpkg does not see when that changes, hence
# --no-binarycaching.
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH SOURCE_PATH)
cmake_path(GET SOURCE_PATH PARENT_PATH SOURCE_PATH)

# Headers alone: one configuration is both.
set(VCPKG_BUILD_TYPE release)

vcpkg_check_features(OUT_FEATURE_OPTIONS features
  INVERTED_FEATURES tbb CMAKE_DISABLE_FIND_PACKAGE_TBB)
vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    -DCOUPLEFACE_TESTS=OFF
    -DCOUPLEFACE_EXAMPLES=OFF
    -DCOUPLEFACE_BENCHMARKS=OFF
    ${features}
  MAYBE_UNUSED_VARIABLES CMAKE_DISABLE_FIND_PACKAGE_TBB)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/coupleface)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/cmake")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
