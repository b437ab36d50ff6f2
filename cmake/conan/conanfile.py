"""The library for Conan 2: conan create cmake/conan, in a checkout of the sources."""
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir


class Ropewalk(ConanFile):
    name = "ropewalk"
    description = "Rotary position embedding (RoPE) over Eigen, with the bits of PyTorch eager"
    license = "Apache-2.0"
    topics = ("rope", "inference", "eigen", "header-only")
    settings = "os", "arch", "compiler", "build_type"
    # The kernels compiled once; the shared library for other languages, which needs them.
    options = {"compiled": [True, False], "c": [True, False], "fPIC": [True, False]}
    default_options = {"compiled": False, "c": False, "fPIC": True}

    def _sources(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        text = load(self, os.path.join(self._sources(), "include/ropewalk/version.hpp"))
        self.version = ".".join(re.findall(r"define ROPEWALK_VERSION_[A-Z]+ (\d+)", text))

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*"):
            copy(self, pattern, self._sources(), self.export_sources_folder)

    def requirements(self):
        self.requires("eigen/[>=3.4 <6]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 17)
        if self.settings.compiler not in ("gcc", "clang", "apple-clang"):
            raise ConanInvalidConfiguration("ropewalk keeps its bits with g++ and clang++ only")
        if self.options.c and not self.options.compiled:
            raise ConanInvalidConfiguration("ropewalk: c needs compiled=True")

    def package_id(self):
        if not self.info.options.compiled:
            self.info.clear()

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables.update(
            ROPEWALK_BUILD_TESTS=False,
            ROPEWALK_BUILD_BENCH=False,
            ROPEWALK_BUILD_COMPILED=bool(self.options.compiled),
            ROPEWALK_BUILD_C=bool(self.options.c),
        )
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        rmdir(self, os.path.join(self.package_folder, "share", "doc"))

    def package_info(self):
        # find_package(ropewalk) finds the library's own package, which knows its targets.
        self.cpp_info.set_property("cmake_find_mode", "none")
        headers = self.cpp_info.components["headers"]
        headers.builddirs = ["share/cmake/ropewalk"]
        headers.set_property("pkg_config_name", "ropewalk")
        headers.requires = ["eigen::eigen"]
        headers.libdirs = headers.bindirs = []
        if self.options.compiled:
            compiled = self.cpp_info.components["compiled"]
            compiled.set_property("pkg_config_name", "ropewalk-compiled")
            compiled.libs = ["ropewalk_compiled"]
            compiled.defines = ["ROPEWALK_COMPILED"]
            compiled.requires = ["headers"]
        if self.options.c:
            self.cpp_info.components["c"].set_property("pkg_config_name", "ropewalk-c")
            self.cpp_info.components["c"].libs = ["ropewalk_c"]
