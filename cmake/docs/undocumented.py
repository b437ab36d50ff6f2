#!/usr/bin/env python3
"""Prints Doxygen's warnings and the enumerators without a docstring, of which it does not warn; fails
if there are any.

usage: undocumented.py WARNINGS FOLDER; the folder of the headers as Doxygen reads them

In a type that has a docstring a member needs none of its own where it would repeat a name:
- functions without arguments, aliases, copies, moves and assignments;
- a constructor that fills the fields in their order and does nothing else;
- a field or enumerator that is named in the docstring of its type, of its file or beside it;
- a field that is called as its own type is (Pairing pairing), or the size of another (weight_size).
"""
import pathlib
import re
import sys

WARNING = r"(.*?):(\d+): warning: Member (.*) \((\w+)\) of (?:struct|class) ([\w:]+) is not .*"
TYPE = r"/\*\*((?:(?!\*/)[\s\S])*)\*/\s*(?:template <.*>\s*)?(?:typedef )?(?:struct|class|enum(?: class)?) "


def plain(name):
    return name.lower().replace("_", "")


def docstrings_of(type_name, text):
    """That of the file and that of the type."""
    own = re.search(TYPE + rf"{type_name}\b[^;]*{{", text)
    return text.split("*/")[0] + (own[1] if own else "")


def is_told(field, type_name, text, line):
    beside = re.search("///<.*|/[*][*]<.*|$", line)[0]
    if re.search(rf"\b{field}\b", docstrings_of(type_name, text) + beside):
        return True
    of_type = re.match(r"\s*(?:static |constexpr |const )*(?:\w+::)?(\w+)", line)[1]
    if plain(of_type).endswith(plain(field)):
        return True
    if any(field.endswith(name) for name in re.findall(r"enum ropewalk_(\w+)", text)):
        return True
    return field.endswith("_size") and f" {field.removesuffix('_size')} " in text


def fills_fields(text):
    """Whether it is Name(a, b) : first(a), second(b) {}; of a size its value."""
    match = re.match(r"[^;{]*?\(([^()]*)\)\s*:\s*([^{}]*?)\s*{}", text)
    if not match:
        return False
    filled = re.sub(r"\s+", " ", match[2].replace(".value", ""))
    names = [re.search(r"(\w+)(?: = .*)?$", part.strip())[1] for part in match[1].split(",")]
    return re.fullmatch(", ".join(rf"[\w:]+\({name}\)" for name in names), filled) is not None


def counts(warning):
    match = re.fullmatch(WARNING, warning)
    if not match:
        return True
    file, number, member, kind, type_name = match.groups()
    short = type_name.split("::")[-1]
    if kind == "typedef" or re.search(r"\(\) *(const)?$|^operator=\(", member):
        return False
    text = pathlib.Path(file).read_text()
    lines = text.split("\n")[int(number) - 1:]
    if kind == "variable":
        return not is_told(re.search(r"\w+", member)[0], short, text, lines[0])
    is_copy = re.search(rf"\((const {short} &|{short} &&)\w+\)", member)
    return not (member.startswith(short + "(") and (is_copy or fills_fields("\n".join(lines))))


def enumerators(file):
    text = file.read_text()
    for name, body in re.findall(r"enum (?:class )?(\w+)[^;{]* {(.*?)\n?}", text, re.S):
        told = docstrings_of(name, text).lower()
        body = re.sub(r"/\*\*<.*?\*/|///<.*", "@", body)
        for entry, beside in re.findall(r"(\w+)(?: = \w+)?,?\s*(@?)", body):
            if not beside and not re.search(rf"\b{entry.lower().split('_')[-1]}\b", told):
                yield f"{file}: warning: Member {entry} (enumvalue) of {name} is not documented."


found = {warning for warning in pathlib.Path(sys.argv[1]).read_text().splitlines()
         if counts(warning)}
for header in pathlib.Path(sys.argv[2]).rglob("*.*"):
    if header.suffix in (".hpp", ".h", ".cuh"):
        found.update(enumerators(header))
print(*sorted(found), sep="\n", end="\n" if found else "")
sys.exit(bool(found))
