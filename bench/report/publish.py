"""A run as a page of the repository: README.md with its pictures and report.json beside it."""

from __future__ import annotations

import json
from pathlib import Path

from .findings import HEADS, behind, findings, not_flat
from .pictures import draw
from .style import on_white

DIGITS = 4  # of the samples that are kept
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


def text(results: dict, names: list[str]) -> str:
    machine = results["machine"]
    peers = [
        [peer["title"], " ".join(f"{name} {number}" for name, number in peer["versions"].items())]
        for peer in results["peers"]
        if not peer["missing"]
    ]
    absent = [f"{one['title']}: {one['missing']}" for one in results["peers"] if one["missing"]]
    flat = not_flat(results)
    ahead = behind(results)
    parts = [
        "# RoPE, measured",
        f"{machine['cpu']}, {machine['date']}, by `{machine['command']}`. Medians of one run in which"
        " all take turns; the limit is that of the same run, out of place a copy of the same bytes, in"
        " place a multiplication of them. What is hatched has other bits than PyTorch eager."
        " [report/README.md](report/README.md) says how; every figure is worked out from"
        " [report.json](measured/report.json).",
        table(list(HEADS), findings(results)),
        *(f"![{ALT[name.split()[0]]}](measured/{file_of(name)})" for name in names),
        "## Where a peer is ahead",
        table(["case", "peer", "times as fast", "as", "why"], ahead) if ahead else "Nowhere.",
        "## Where the cost of an element is not flat",
        "\n".join(f"- {one}" for one in flat) if flat else "Nowhere.",
        "## Versions",
        table(["peer", "version"], peers),
        "\n".join(f"- {one}" for one in absent),
        table(["", ""], [list(pair) for pair in machine.items()]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, list):
        return [rounded(one) for one in value]
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    return value


def publish(results: dict, folder: Path) -> None:
    """Writes folder/README.md and folder/measured/, whose pictures of an older run go."""
    kept = rounded(results)
    pictures = draw(kept)
    names = chosen(list(pictures))
    measured = folder / "measured"
    measured.mkdir(parents=True, exist_ok=True)
    for old in measured.glob("*.svg"):
        old.unlink()
    for name in names:
        (measured / file_of(name)).write_text(on_white(pictures[name]))
    rows = ",\n".join(json.dumps(row) for row in kept["rows"])
    head = json.dumps({name: value for name, value in kept.items() if name != "rows"})
    (measured / "report.json").write_text(f'{head[:-1]}, "rows": [\n{rows}\n]}}\n')
    (folder / "README.md").write_text(text(kept, names))
