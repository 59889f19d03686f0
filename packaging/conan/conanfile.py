# SPDX-License-Identifier: Apache-2.0
"""conan create packaging/conan --build=missing

The package is what `cmake --install` makes: find_package(coupleface) finds the project's own CMake
package, with coupleface::omp and the other targets. CCCL's headers come from a CUDA Toolkit, or
CMake downloads a pinned wheel of them."""
import os
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class Coupleface(ConanFile):
    name = "coupleface"
    description = "Header-only distillation of face-embedding networks on any Thrust execution policy"
    license = "Apache-2.0"
    topics = ("face-recognition", "knowledge-distillation", "cuda", "thrust", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"with_tbb": [True, False]}
    default_options = {"with_tbb": False}

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, os.pardir, os.pardir)

    def set_version(self):
        header = load(self, os.path.join(self._root, "include", "coupleface", "version.hpp"))
        self.version = ".".join(
            re.search(f"COUPLEFACE_VERSION_{part} ([0-9]+)", header)[1]
            for part in ("MAJOR", "MINOR", "PATCH"))

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*"):
            copy(self, pattern, self._root, self.export_sources_folder)

    def requirements(self):
        self.requires("eigen/[>=3.4 <6]", transitive_headers=True)
        if self.options.with_tbb:
            self.requires("onetbb/[>=2021]", transitive_headers=True, transitive_libs=True)

    def layout(self):
        cmake_layout(self)

    def package_id(self):
        self.info.settings.clear()

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "EXAMPLES", "BENCHMARKS"):
            toolchain.cache_variables[f"COUPLEFACE_{part}"] = False
        if not self.options.with_tbb:
            toolchain.cache_variables["CMAKE_DISABLE_FIND_PACKAGE_TBB"] = True
        toolchain.generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("share", "cmake", "coupleface")]
