#!/usr/bin/env python3
"""Draws what the calls of tests/examples read and write, as layouts.py says it: an SVG each. Of those
that have no picture, prints a line: name, tab, why.

usage: memory.py FOLDER; in the root of the project

A memory is drawn in the order of its addresses, from left to right, then from top to bottom. A cell
is a stretch of neighbouring features, as a rule those of one head.
"""
import html
import itertools
import math
import pathlib
import sys

from layouts import PICTURES, WITHOUT

CELL, LINE, MARGIN, LETTER = 32, 16, 16, 7.3  # in pixels; of a letter of 12 pixels at most
MARKS = {"b": "turned in place", "r": "read", "w": "written", ".": "left alone"}
STYLE = """text{font:12px 'DejaVu Sans Mono',monospace;fill:#1f2328}.t{font-weight:bold}
.c{font-size:10px;text-anchor:middle}.e{text-anchor:end}.g{fill:#fff;stroke:#8c959f}.p{fill:#fff}
.b{fill:#e3b341}.r{fill:#8fbcec}.w{fill:#7bc47f}.l{fill:none;stroke:#8c959f}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.g,.p{fill:#0d1117}
.b{fill:#8a5a00}.r{fill:#1f4f86}.w{fill:#23692d}}""".replace("\n", "")


def up(length):
    return 8 * math.ceil(length / 8)


def left_of(memory):
    return up(max(map(len, memory.down)) * LETTER) + 8


def size_of(memory):
    texts = up(max(len(memory.title), len(memory.strides)) * LETTER)
    width = left_of(memory) + CELL * len(memory.across)
    return max(width, texts), LINE * (len(memory.down) + 4)


def runs(labels, marks):
    """(first, last + 1, mark) of neighbours of one mark; none of what is not drawn."""
    for mark, run in itertools.groupby(range(len(labels)), lambda i: labels[i] != "…" and marks[i]):
        columns = list(run)
        if mark:
            yield columns[0], columns[-1] + 1, mark


def drawn(memory, x, y):
    marks = memory.marks
    if isinstance(marks, str):
        marks = [marks] * len(memory.down)
    assert {len(memory.across)} == set(map(len, marks)) and len(marks) == len(memory.down), memory
    assert all(len(label) <= 5 for label in memory.across), memory  # else they would overlap
    yield f'<text class="t" x="{x}" y="{y + 12}">{html.escape(memory.title)}</text>'
    left, top, lines = x + left_of(memory), y + 40, ""
    for i, label in enumerate(memory.across):
        yield f'<text class="c" x="{left + CELL * i + 16}" y="{top - 4}">{label}</text>'
    for label, row in zip(memory.down, marks):
        yield f'<text class="e" x="{left - 8}" y="{top + 12}">{label}</text>'
        for first, last, mark in runs(memory.across, row) if label != "…" else ():
            at = left + CELL * first
            if mark != ".":
                yield (f'<rect class="{mark}" x="{at}" y="{top}" width="{CELL * (last - first)}" '
                       f'height="{LINE}"/>')
            lines += f"M{at} {top}" + f"v{LINE}h{CELL}v-{LINE}h-{CELL}m{CELL} 0" * (last - first)
        top += LINE
    yield f'<path class="l" d="{lines}"/>'
    yield f'<text x="{x}" y="{top + LINE}">{html.escape(memory.strides)}</text>'


def picture(rows):
    body, y, width = [], MARGIN, 0
    for row in rows:
        x = MARGIN
        for memory in row:
            body += drawn(memory, x, y)
            x += size_of(memory)[0] + 2 * MARGIN
        y += max(size_of(memory)[1] for memory in row) + MARGIN
        width = max(width, x - MARGIN)
    x, used = MARGIN, {mark for row in rows for memory in row for mark in "".join(memory.marks)}
    for mark, words in MARKS.items():
        if mark in used:
            body.append(f'<rect class="{mark if mark != "." else "g"}" x="{x}" y="{y}" width="16" '
                        f'height="16"/><text x="{x + 24}" y="{y + 12}">{words}</text>')
            x += up(24 + len(words) * LETTER) + MARGIN
    width, height = max(width, x), y + LINE + MARGIN
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}"><style>{STYLE}</style>'
            f'<rect class="p" width="{width}" height="{height}" rx="8"/>' + "\n".join(body) + "</svg>\n")


examples = sorted(path.stem for path in pathlib.Path("tests/examples").glob("*.cpp"))
if sorted([*PICTURES, *WITHOUT]) != examples:
    sys.exit("layouts.py must name each example once: "
             + ", ".join(sorted(set(examples) ^ {*PICTURES, *WITHOUT})))

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for example, rows in PICTURES.items():
    (folder / f"{example}.svg").write_text(picture(rows))
print(*map("\t".join, WITHOUT.items()), sep="\n")
