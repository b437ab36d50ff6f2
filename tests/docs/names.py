#!/usr/bin/env python3
"""Fails where a Markdown document names what does not exist: files, folders, headings, names of code.

usage: names.py; in the root of the project. Looked up are the targets of links, what looks like a
file of source text, what is quoted and begins with a folder of the root, and what stands in our
namespace or has the prefix of our macros and options.
"""
import fnmatch
import os
import pathlib
import re
import subprocess
import sys

# Headers of others, a project, the script that wrote the golden pack, which came without it.
OTHERS = set("dlpack.h immintrin.h cuda_runtime.h llama.cpp gen_golden.py".split())


def lines_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


listed = lines_of("git", "ls-files", "--cached", "--others", "--exclude-standard")
files = {file for file in listed if os.path.exists(file)}
files |= {str(parent) for file in files for parent in pathlib.Path(file).parents}
code = {True: "", False: ""}  # of the library, of all else
for file in files:
    if file.endswith((".hpp", ".h", ".cuh", ".txt", ".cmake", ".sh", "/run")) and "/docs/" not in file:
        text = pathlib.Path(file).read_text()
        code[file.startswith("include/")] += re.sub(r"//.*|/\*.*?\*/|^\s*# .*", "", text, flags=re.M)
known = set(re.findall(r"\w+", code[True]))
macros = set(re.findall(r"ROPEWALK_\w+", code[True] + code[False]))
tops = {file.split("/")[0] for file in files if "/" in file}


def headings(page):
    seen = {}
    for words in re.findall(r"(?m)^#+ (.*)", re.sub(r"(?ms)^```.*?^```$", "", page.read_text())):
        name = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        seen[name] = seen.get(name, -1) + 1
        yield name if seen[name] == 0 else f"{name}-{seen[name]}"


def exists(page, name):
    name = name.rstrip("/").removeprefix("./")
    if os.path.normpath(page.parent / name) in files or name in OTHERS:
        return True
    if any(fnmatch.fnmatch("/" + file, "*/" + name) for file in files):
        return True
    return subprocess.run(["git", "check-ignore", "--quiet", name]).returncode == 0  # is made


def missing(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "``", text)):
        file, _, heading = target.partition("#")
        path = pathlib.Path(os.path.normpath(page.parent / file)) if file else page
        if "://" in target or target.startswith("mailto:"):
            continue
        if str(path) not in files or (heading and heading not in headings(path)):
            yield target
    for name in re.findall(r"\b(?:rw|ropewalk)::(?:cuda::)?(\w+)|\b(ROPEWALK_\w+)", text):
        if "".join(name) not in (macros if name[1] else known):
            yield "".join(name)
    prose = re.sub(r"\]\([^)\s]+\)|https?:\S+", " ", text)
    for part in re.findall(r"```.*?```|`[^`]*`|[^`]+", prose, re.S):
        for word in re.findall(r"[\w.*/+-]+", re.sub(r"[<{\[][^>}\]]*[>}\]]", "*", part)):
            word = word.rstrip(".")
            is_source = re.search(r"\w\.(hpp|h|cpp|cuh|cu|sh|py|md|tsv|awk|cmake|yml)$", word)
            begins_here = part[0] == "`" and "/" in word and word.split("/")[0] in tops
            if (is_source or begins_here) and not exists(page, word):
                yield word


failures = [f"FAILED  {file} names {name}" for file in sorted(files) if file.endswith(".md")
            for name in sorted(set(missing(pathlib.Path(file))))]
print(*failures, sep="\n", end="\n" if failures else "")
sys.exit(bool(failures))
