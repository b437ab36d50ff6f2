"""The report as one file: it opens without a network, in light and dark, and prints."""

from __future__ import annotations

from html import escape

from .findings import HEADS, behind, findings, not_flat
from .intervals import median
from .pictures import draw
from .results import measured
from .scaling_pictures import SCALINGS
from .series import by_case, model_seconds, nanoseconds, shares
from .style import INK
from .words import duration, percent, title
from .workloads import WORKLOADS

CSS = """
:root { color-scheme: light dark; --ink: #1b2a3c; --paper: #fff; --soft: #6b7684; --line: #d8dde3; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #dbe2ea; --paper: #14181d; --soft: #97a3b0; --line: #2f3842; } }
@media print { :root { --ink: #000; --paper: #fff; } details { display: none; }
  figure, table { break-inside: avoid; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
figure { margin: 1.5rem 0; } figure svg { max-width: 100%; height: auto; color: var(--ink); }
figcaption, .soft { color: var(--soft); font-size: .9rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .7rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; } .wide { overflow-x: auto; }
summary { cursor: pointer; margin: .5rem 0; }
"""


def figure(picture: str, caption: str, label: str) -> str:
    """Inline, so that its ink is the reader's, with a text for those who cannot see it."""
    drawn = picture.replace(INK, "currentColor")
    drawn = drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1)
    return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>"


def unique(picture: str, number: int) -> str:
    """Pictures of one page must not share the names of their clips and marks."""
    for before in ('id="', 'href="#', 'url(#'):
        picture = picture.replace(before, f"{before}p{number}-")
    return picture


def table(heads: list[str], rows: list[list[str]], numbers: tuple[int, ...] = ()) -> str:
    def cells(tag: str, values: list[str]) -> str:
        return "".join(
            f"<{tag}{' class=number' if index in numbers else ''}>{escape(value)}</{tag}>"
            for index, value in enumerate(values)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<div class=wide><table><tr>{cells('th', heads)}</tr>{body}</table></div>"


def rows_of(results: dict, study: str) -> str:
    """Every row of a study, those without figures too, folded away."""
    lines = []
    for row in results["rows"]:
        if row["case"]["study"] != study:
            continue
        if "samples" not in row:
            lines.append([row["case"]["name"], row["contestant"], row["missing"], *[""] * 6])
            continue
        middle, low, high = median(row["samples"])
        exact = row["exactness"] or {}
        lines.append(
            [
                row["case"]["name"],
                row["contestant"],
                duration(middle),
                f"{duration(low)} to {duration(high)}",
                f"{row['bytes'] / middle / 1e9:.2f}",
                f"{nanoseconds(row)[0]:.3g}",
                percent(exact["differs"]) if exact else "",
                f"{exact['ulps']:.3g}" if exact else "",
                row["note"],
            ]
        )
    if not lines:
        return ""
    heads = [
        "case",
        "contestant",
        "median",
        "95 % interval",
        "GB/s",
        "ns per element",
        "bits that differ",
        "ulps",
        "note",
    ]
    return (
        f"<details><summary>All {len(lines)} rows</summary>"
        f"{table(heads, lines, (2, 4, 5, 6, 7))}</details>"
    )


def section(title_of: str, *parts: str) -> str:
    inner = "".join(part for part in parts if part)
    return f"<h2>{escape(title_of)}</h2>{inner}" if inner else ""


def bullets(sentences: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in sentences) + "</ul>"


def model_table(results: dict) -> str:
    """Seconds by model, a column a contestant."""
    spent = model_seconds(results)
    columns = list(dict.fromkeys(name for found in spent.values() for name in found))
    if not columns:
        return ""
    rows = [
        [
            name,
            f"{WORKLOADS[name].tokens:,}",
            f"{WORKLOADS[name].calls:,}",
            *(duration(found[column][0]) if column in found else "" for column in columns),
        ]
        for name, found in spent.items()
    ]
    return table(["", "tokens", "calls", *columns], rows, tuple(range(1, len(columns) + 3)))


def share_table(results: dict) -> str:
    rows = [
        [
            case,
            contestant,
            duration(one.block_seconds),
            duration(one.rope_seconds),
            percent(one.share),
            f"{percent(one.low)} to {percent(one.high)}",
        ]
        for case, found in shares(results).items()
        for contestant, one in found.items()
    ]
    heads = ["block", "RoPE by", "block", "RoPE", "share", "95 % interval"]
    return table(heads, rows, (2, 3, 4, 5)) if rows else ""


def peer_table(results: dict) -> str:
    return table(
        ["peer", "version", "not measured because"],
        [
            [
                peer["title"],
                " ".join(
                    f"{name} {version}" for name, version in peer["versions"].items() if version
                ),
                peer["missing"],
            ]
            for peer in results["peers"]
        ],
    )


RATES = (
    "The limit is the faster of two copies of the same bytes in the same run; in place a "
    "multiplication of them. Hatched: some bits are not those of PyTorch eager."
)
SCALED = "Medians with 95 % bootstrap intervals; flat is good. Both axes are logarithmic."
READ = (
    "Ratios of speed: 2 is twice as fast, equal where the 95 % intervals overlap. The limit is that "
    "of the same run: out of place a copy of the same bytes, in place a multiplication of them."
)
MODELS = (
    "Time of one call on queries and keys, times layers, steps and passes of guidance. What the "
    "model does besides is not in it."
)
SHARES = (
    "QKV projection, RMSNorm of queries and keys where the model has it, RoPE, attention, output "
    "projection, in PyTorch. RoPE is timed inside the block, and the block with each form beside "
    "the others. More tokens than fit a CPU's time make the share smaller: attention grows with "
    "their square."
)
HOW = (
    "All contestants run in one process on the same buffers, in random order round by round, on "
    "as many cores each. Memory is touched before and freed memory kept, as in an engine. A call "
    "from Python is part of every figure: about a microsecond for Ropewalk, which shows in the "
    "smallest shapes. Bytes are those of x and out. Errors are in ulps of x's type at the length "
    "of the feature pair."
)


def page(results: dict) -> str:
    pictures = {
        name: unique(picture, number)
        for number, (name, picture) in enumerate(draw(results).items())
    }
    peers = by_case(measured(results["rows"], "peers"))
    rate_figures = [
        figure(pictures["rates " + name], RATES, "rates of " + title(rows[0]["case"]))
        for name, rows in peers.items()
        if "rates " + name in pictures
    ]
    exact_figures = [
        figure(
            pictures["exactness " + name],
            "Below and right is best.",
            "exactness against speed of " + title(rows[0]["case"]),
        )
        for name, rows in peers.items()
        if "exactness " + name in pictures
    ]
    scalings = [
        section(
            f"Against {label}",
            figure(pictures[study], SCALED, f"time against {label}"),
            rows_of(results, study),
        )
        for study, _, label, _ in SCALINGS
        if study in pictures
    ]
    whole = (
        "" if results["complete"] else "<p><b>The run was interrupted: parts are missing.</b></p>"
    )
    ahead = behind(results)
    notes = results.get("notes", [])
    body = "".join(
        [
            "<h1>RoPE, measured</h1>",
            whole,
            f"<p class=soft>{escape(results['machine']['cpu'])}, {escape(results['machine']['date'])}. "
            f"Made by <code>{escape(results['machine']['command'])}</code>.</p>",
            section(
                "Findings",
                table(list(HEADS), findings(results), tuple(range(1, len(HEADS)))),
                f"<p class=soft>{escape(READ)}</p>",
            ),
            section(
                "Where the cost of an element is not flat",
                bullets(not_flat(results) or ["Nowhere beyond the noise."]),
            ),
            section("Where a peer is ahead", bullets(ahead or ["Nowhere beyond the noise."])),
            section("Rates", *rate_figures, rows_of(results, "peers")),
            section("Exactness against speed", *exact_figures),
            *scalings,
            section(
                "Per model",
                (
                    figure(pictures["models"], MODELS, "seconds per model")
                    if "models" in pictures
                    else ""
                ),
                model_table(results),
                rows_of(results, "models"),
            ),
            section(
                "Share of an attention block",
                (
                    figure(pictures["blocks"], SHARES, "share of a block")
                    if "blocks" in pictures
                    else ""
                ),
                share_table(results),
            ),
            section("Types of tables", rows_of(results, "tables")),
            section("Peers", peer_table(results)),
            section(
                "Machine", table(["", ""], [list(pair) for pair in results["machine"].items()])
            ),
            section(
                "How it was measured",
                f"<p>{escape(HOW)}</p>",
                bullets(notes) if notes else "",
                "<p>Every figure here is worked out from <a href=report.json>report.json</a>.</p>",
            ),
        ]
    )
    return (
        '<!doctype html><html lang=en><head><meta charset=utf-8><title>RoPE, measured</title>'
        '<meta name=viewport content="width=device-width">'
        f"<style>{CSS}</style></head><body>{body}</body></html>\n"
    )
