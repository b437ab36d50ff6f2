#!/usr/bin/env python3
"""Markdown pages of the project as Doxygen reads them: their names, their links, their pictures.

usage: pages.py FOLDER PAGE...; in the root of the project. A link to another page, a heading or an
example leads to what Doxygen makes of it, one to any other file is that file's name.
"""
import html
import os
import pathlib
import re
import sys

from layouts import PICTURES, WITHOUT

LINK = r"`[^`]*`|(!?)\[((?:[^][]|\[[^][]*\])*)\]\(([^)\s]+)\)"  # what is quoted is none
PICTURED = pathlib.Path("tests/examples/README.md")
HEADERS = {pathlib.Path("include/ropewalk", line.split()[0])
           for line in pathlib.Path(__file__).with_name("groups.tsv").read_text().splitlines()}


def name_of(page):
    return "page_" + re.sub(r"\W", "_", str(page.parent))


def linked(page, pages, match):
    is_picture, words, target = match.groups()
    if not target:
        return match[0]
    file, _, heading = target.partition("#")
    path = pathlib.Path(os.path.normpath(page.parent / file)) if file else page
    if not path.exists():
        return match[0]
    if is_picture:
        return f'<img src="{path}" alt="{html.escape(words)}"/>'
    words = re.sub("`(.*?)`", r"<code>\1</code>", words)
    anchor = f"#{name_of(path)}_{heading}" if heading else ""
    if path in pages:
        return f'<a href="{name_of(path)}.html{anchor}">{words}</a>'
    if path in HEADERS:
        name = path.name.replace("_", "__").replace(".", "_8")
        return f'<a href="{name}.html">{words}</a>'
    if path.is_relative_to(PICTURED.parent) and path.suffix == ".cpp":
        name = str(path.relative_to(PICTURED.parent)).replace("/", "_2").replace(".", "_8")
        return f'<a href="{name}-example.html">{words}</a>'
    return words if str(path) in words else f"{words} (`{path}`)"


def shown(page, pages):
    def named(match):
        """A heading with the name that GitHub gives it."""
        words = re.sub(r"[^\w\- ]", "", match[2].lower()).replace(" ", "-")
        seen[words] = seen.get(words, -1) + 1
        words += f"-{seen[words]}" if seen[words] else ""
        name = name_of(page) + ("" if match[1] == "#" else "_" + words)
        return match[0].replace("`", "") + f" {{#{name}}}"

    seen = {}
    blocks = re.split(r"(^```[\s\S]*?^```$)", page.read_text(), flags=re.M)
    for i in range(0, len(blocks), 2):
        blocks[i] = re.sub(LINK, lambda match: linked(page, pages, match), blocks[i])
        blocks[i] = re.sub(r"(?m)^(#+) (.*)", named, blocks[i])
    return "".join(blocks)


def pictures():
    yield f"""
## In memory {{#{name_of(PICTURED)}_in-memory}}

What a call of each example reads and writes. Memory goes from left to right, then from top to
bottom; a cell is features that are neighbours, as a rule those of one head. Strides count elements:
→ from a cell to the next, ↓ from a row to the next.
"""
    for name in PICTURES:
        yield f"""
### {name} {{#{name_of(PICTURED)}_memory_{name}}}

<a href="{name}_8cpp-example.html"><img src="memory/{name}.svg" alt="{name} in memory"/></a>
"""
    yield "\nWithout a picture:\n"
    for name, why in WITHOUT.items():
        yield f'- <a href="{name}_8cpp-example.html">{name}</a>: {why}.\n'


folder = pathlib.Path(sys.argv[1])
pages = list(map(pathlib.Path, sys.argv[2:]))
for number, page in enumerate(pages):  # in their order they are listed
    more = "".join(pictures()) if page == PICTURED else ""
    (folder / f"{number}.md").write_text(shown(page, pages) + more)
