"""A consumer that has the library by Conan: that of tests/package/consumer, built and run."""
import os

from conan import ConanFile
from conan.tools.cmake import CMake, cmake_layout


class Consumer(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        library = self.dependencies["ropewalk"]
        cmake = CMake(self)
        cmake.configure(
            variables={
                "WAY": "find_compiled" if library.options.compiled else "find_package",
                "VERSION": library.ref.version,
            },
            build_script_folder=os.path.join(self.recipe_folder, "..", "consumer"),
        )
        cmake.build()

    def test(self):
        self.run(os.path.join(self.build_folder, "consumer"), env="conanrun")
