"""Stands for Conan's recipe of Eigen, without network: the Eigen of the system."""
import os

from conan import ConanFile


class Eigen(ConanFile):
    name = "eigen"
    version = "3.4.0"
    package_type = "header-library"

    def package_info(self):
        folders = ("/usr/local/include/eigen3", "/usr/include/eigen3")
        self.cpp_info.includedirs = [folder for folder in folders if os.path.isdir(folder)]
        self.cpp_info.libdirs = self.cpp_info.bindirs = []
        self.cpp_info.set_property("cmake_file_name", "Eigen3")
        self.cpp_info.set_property("cmake_target_name", "Eigen3::Eigen")
