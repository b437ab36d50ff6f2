"""The report as one file: it opens without a network, in light and dark, and prints."""

from __future__ import annotations

from html import escape

from .findings import HEADS, behind, findings, not_flat
from .markup import CSS, bullets, figure, section, table, unique
from .pictures import draw
from .results import device, measured
from .scaling_pictures import SCALINGS
from .series import by_case
from .tables import model_table, peer_table, rows_of, share_table
from .words import machine_name, title

AHEAD = ["case", "peer", "times as fast", "as", "why"]
RATES = (
    "The limit is the fastest copy of the same bytes in the same run; in place one operation on "
    "each element. Hatched: some bits are not those of PyTorch eager."
)
SCALED = "Medians with 95 % bootstrap intervals; flat is good. Both axes are logarithmic."
READ = (
    "Ratios of speed: 2 is twice as fast, equal where the 95 % intervals overlap. The limit is that "
    "of the same run: out of place a copy of the same bytes, in place one operation on each element."
)
MODELS = (
    "Time of one call on queries and keys, times layers, steps and passes of guidance. What the "
    "model does besides is not in it."
)
SHARES = (
    "QKV projection, RMSNorm of queries and keys where the model has it, RoPE, attention, output "
    "projection, in PyTorch. RoPE is timed inside the block, and the block with each form beside "
    "the others. More tokens make the share smaller, since attention grows with their square."
)
HOW = {
    "cpu": "All contestants run in one process on the same buffers, in random order round by round, "
    "on as many cores each. Memory is touched before and freed memory kept, as in an engine. A call "
    "from Python is part of every figure: about a microsecond for Ropewalk, which shows in the "
    "smallest shapes.",
    "cuda": "All contestants run in one process on the same buffers, in random order round by round. "
    "Calls are captured in a graph and replayed between two events of the device: what the host does "
    "to launch kernels is not part of a figure, except where a note says so, and in blocks. Replayed "
    "calls follow one another at once, and Ropewalk's begin while the last one ends (programmatic "
    "dependent launch), which a copy does not: a share above 1 is that. Who rotates queries and keys "
    "together gets the heads in two tensors.",
}
UNITS = (
    "Bytes are those of x and out. Errors are in ulps of x's type at the length of the feature pair."
)


def summary(results: dict, study: str) -> str:
    lines = findings(results, study)
    return table(list(HEADS), lines, tuple(range(1, len(HEADS)))) if lines else ""


def page(results: dict) -> str:
    pictures = {
        name: unique(picture, number)
        for number, (name, picture) in enumerate(draw(results).items())
    }

    def figure_of(name: str, caption: str, alternative: str) -> str:
        return figure(pictures[name], caption, alternative) if name in pictures else ""

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
            f"<p class=soft>{escape(machine_name(results))}, {escape(results['machine']['date'])}. "
            f"Made by <code>{escape(results['machine']['command'])}</code>.</p>",
            section("Findings", summary(results, "peers"), f"<p class=soft>{escape(READ)}</p>"),
            section(
                "Where the cost of an element is not flat",
                bullets(not_flat(results) or ["Nowhere beyond the noise."]),
            ),
            section(
                "Where a peer is ahead",
                table(AHEAD, ahead, (2,)) if ahead else "<p>Nowhere beyond the noise.</p>",
            ),
            section("Rates", *rate_figures, rows_of(results, "peers")),
            section("Exactness against speed", *exact_figures),
            *scalings,
            section(
                "Per model",
                figure_of("models", MODELS, "seconds per model"),
                model_table(results),
                rows_of(results, "models"),
            ),
            section(
                "Share of an attention block",
                figure_of("blocks", SHARES, "share of a block"),
                share_table(results),
            ),
            section(
                "A norm before the rotation",
                summary(results, "norms"),
                rows_of(results, "norms"),
            ),
            section("Types of tables", summary(results, "tables"), rows_of(results, "tables")),
            section("Layouts of memory", summary(results, "layouts"), rows_of(results, "layouts")),
            section("Peers", peer_table(results)),
            section(
                "Machine", table(["", ""], [list(pair) for pair in results["machine"].items()])
            ),
            section(
                "How it was measured",
                f"<p>{escape(HOW[device(results)])} {escape(UNITS)}</p>",
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
