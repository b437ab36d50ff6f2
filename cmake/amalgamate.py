#!/usr/bin/env python3
"""Writes all that ropewalk/ropewalk.hpp includes into one header, the only file that a project copies.

usage: amalgamate.py OUT [INCLUDE_DIR]

An include of a header of ours gives way to its text, where it stands: names, inline namespaces and
target regions are those of the headers. A text with a guard comes once, an -inl text once for each
instruction set that includes it. Includes of std and Eigen stay.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'#include "(ropewalk/[^"]+)"')
GUARD = re.compile(r"#ifndef (ROPEWALK_\w+_HPP)$", re.MULTILINE)
CONDITION = re.compile(r" *# *(if|el|endif)")


class Amalgam:
    def __init__(self, root):
        self.root = root
        self.lines = []
        self.conditions = []  # around the place, each as the lines that led there
        self.places = {}  # of a guarded text: the conditions of each

    def is_there(self, name):
        """Whether the text stands before this place for all macros that compile the place."""
        here = self.around()
        return any(here[: len(place)] == place for place in self.places[name])

    def around(self):
        """The conditions of this place but guards, which hide nothing that is not there already."""
        return [condition for condition in self.conditions if condition]

    def paste(self, name):
        text = (self.root / name).read_text()
        guard = GUARD.search(text)
        if guard:
            self.places.setdefault(name, [])
            if self.is_there(name):
                return
            self.places[name].append(self.around())
        self.lines.append(f"// {name}")
        around = len(self.conditions)
        for line in text.splitlines():
            self.add(line, guard and line == guard[0])
        if len(self.conditions) != around:
            sys.exit(f"{name}: a condition is not closed")

    def add(self, line, is_guard):
        include = INCLUDE.match(line)
        if include:
            self.paste(include[1])
            return
        condition = CONDITION.match(line)
        if condition and condition[1] == "if":
            self.conditions.append(None if is_guard else [line])
        elif condition and condition[1] == "el":
            self.conditions[-1] = self.conditions[-1] + [line]
        elif condition:
            self.conditions.pop()
        self.lines.append(line)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    repository = pathlib.Path(__file__).resolve().parent.parent
    amalgam = Amalgam(pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else repository / "include")
    amalgam.paste("ropewalk/ropewalk.hpp")
    first = "// All of Ropewalk but CUDA in one file. SPDX-License-Identifier: Apache-2.0"
    pathlib.Path(sys.argv[1]).write_text("\n".join([first, *amalgam.lines]) + "\n")


if __name__ == "__main__":
    main()
