"""Runs as a page of the repository: README.md, its pictures, and the rows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from .findings import GROUPS, HEADS, behind_by_group, findings, not_flat
from .join import groups, interrupted, joined
from .model_pictures import SHOWN
from .pictures import draw
from .results import device, measured
from .series import model_seconds, shares
from .style import on_white
from .words import duration, machine_name, percent, title

DIGITS = 4  # of the samples that are kept
# In a README.md: what stands above it is by hand, and stays.
MARK = "<!-- From here on written by bench/run --publish. -->"
TOP = "# RoPE, measured"
HEAD = (
    "Medians, of a run in which all contestants take turns; the limit is that of the same run:"
    " out of place a copy of the same bytes, in place one operation on each element. What is hatched"
    " has other bits than PyTorch eager. Ratios are of speed: 2 is twice as fast, equal where the 95 %"
    " intervals overlap. [report/README.md](report/README.md) says how it is measured; every figure is"
    " worked out from the rows that are linked."
)
ALT = {
    "rates": "rates as shares of the limit",
    "exactness": "exactness against speed",
    "tokens": "time of an element against tokens",
    "threads": "time of an element against threads",
    "models": "seconds in RoPE by model",
    "blocks": "RoPE's share of attention blocks",
}


def chosen(names: list[str]) -> list[str]:
    """One of a kind: of the cases the first in float and in bfloat16."""
    found = []
    for kind in ALT:
        of_kind = [name for name in names if name.split()[0] == kind]
        if kind in ("rates", "exactness"):
            of_kind = [
                next((name for name in of_kind if name.startswith(f"{kind} {dtype}/")), "")
                for dtype in ("f32", "bf16")
            ]
        found += [name for name in of_kind if name]
    return found


def file_of(name: str) -> str:
    return name.replace("/", "_").replace(" ", "_").replace(",", "") + ".svg"


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def grid(corner: str, cells: dict[str, dict[str, str]], columns: list[str]) -> str:
    """A table of a line for each of `cells`, by those of the columns that any has."""
    known = [name for name in columns if any(name in line for line in cells.values())]
    lines = [[name, *(line.get(column, "") for column in known)] for name, line in cells.items()]
    return table([corner, *known], lines) if lines else ""


def by_model(results: dict) -> str:
    spent = {
        name: {one: duration(seconds[0]) for one, seconds in found.items()}
        for name, found in model_seconds(results).items()
    }
    return grid("seconds in RoPE", spent, list(SHOWN))


def by_block(results: dict) -> str:
    cases = {row["case"]["name"]: row["case"] for row in measured(results["rows"], "blocks")}
    found = {
        f"{cases[name]['block']}, {title(cases[name])}": {
            contestant.removeprefix("block, "): duration(one.block_seconds)
            + ("" if contestant.endswith("no RoPE") else f", RoPE {percent(one.share)}")
            for contestant, one in of_case.items()
        }
        for name, of_case in shares(results).items()
    }
    columns = dict.fromkeys(contestant for line in found.values() for contestant in line)
    return grid("an attention block", found, list(columns))


def said_of_rows(results: dict) -> list[str]:
    """What the rows of a contestant say of it, once each."""
    found = dict.fromkeys(
        f"{row['contestant'].partition(',')[0]}: {row['note']}"
        for row in measured(results["rows"])
        if row.get("note")
    )
    return list(found)


def section(results: dict, pictures: list[tuple[str, str]], rows: str) -> str:
    """Of one run; pictures are a text for those who cannot see it, and a file."""
    machine = results["machine"]
    peers = [
        [peer["title"], " ".join(f"{name} {number}" for name, number in peer["versions"].items())]
        for peer in results["peers"]
        if not peer["missing"]
    ]
    absent = [f"{one['title']}: {one['missing']}" for one in results["peers"] if one["missing"]]
    flat = [f"- {one}" for one in not_flat(results)]
    ahead = behind_by_group(results)
    found = findings(results)
    kinds = findings(results, "tables") + findings(results, "layouts")
    norms = findings(results, "norms")
    notes = list(results.get("notes", []))
    if not results["complete"]:
        notes.append(interrupted(results))
    if device(results) == "cuda":
        notes.append(
            "Ropewalk's calls begin while the last one ends (programmatic dependent launch), a copy"
            " does not: a share above 1 is that"
        )
    notes += said_of_rows(results)
    parts = [
        f"## {machine_name(results)}",
        f"{machine['date']}, by `{machine['command']}`; [all rows]({rows}).",
        "\n".join(f"- {note}." for note in notes),
        table(list(HEADS), found) if found else "",
        *(f"![{label}]({file})" for label, file in pictures),
        by_model(results),
        by_block(results),
        "### A norm before the rotation, in one pass" if norms else "",
        table(list(HEADS), norms) if norms else "",
        "### By types of tables and layouts of memory" if kinds else "",
        table(list(HEADS), kinds) if kinds else "",
        "### Where a peer is ahead" if ahead else "",
        table(GROUPS, ahead) if ahead else "",
        "### Where the cost of an element is not flat" if flat else "",
        "\n".join(flat),
        "### Versions",
        table(["peer", "version"], peers),
        "\n".join(f"- {one}" for one in absent),
        table(["", ""], [list(pair) for pair in machine.items()]),
    ]
    return "\n\n".join(part for part in parts if part)


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, list):
        return [rounded(one) for one in value]
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    return value


def slugs(runs: list[dict]) -> list[str]:
    """The name of each run's folder."""
    found: list[str] = []
    for results in runs:
        kind = device(results)
        count = sum(name.rstrip("0123456789") == kind for name in found)
        found.append(f"{kind}{count + 1}" if count else kind)
    return found


class NotOurs(Exception):
    """A README.md that --publish has not written; the text names it."""


def publish(runs: list[dict], folder: Path) -> None:
    """Writes folder/README.md and folder/measured/, where the files of older runs go.

    Runs of one machine, device and commit become one section and one report.json.
    """
    readme, measured = folder / "README.md", folder / "measured"
    by_hand, marked, _ = (readme.read_text() if readme.exists() else MARK).partition(MARK)
    if not marked:
        raise NotOurs(f"{readme} has no line {MARK}: it is not overwritten")
    files: dict[Path, str] = {}
    runs = [joined(of_one) for of_one in groups(runs)]
    sections = [by_hand.rstrip() or TOP, MARK, HEAD]
    for slug, results in zip(slugs(runs), runs):
        kept = rounded(results)
        pictures = draw(kept)
        shown = []
        for name in chosen(list(pictures)):
            files[measured / slug / file_of(name)] = on_white(pictures[name])
            shown.append((ALT[name.split()[0]], f"measured/{slug}/{file_of(name)}"))
        rows = ",\n".join(json.dumps(row) for row in kept["rows"])
        head = json.dumps({name: value for name, value in kept.items() if name != "rows"})
        files[measured / slug / "report.json"] = f'{head[:-1]}, "rows": [\n{rows}\n]}}\n'
        sections.append(section(kept, shown, f"measured/{slug}/report.json"))
    shutil.rmtree(measured, ignore_errors=True)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    readme.write_text("\n\n".join(sections) + "\n")
