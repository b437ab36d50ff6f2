"""What a run says, in sentences: worked out from its rows, whichever way they fall."""

from __future__ import annotations

from .intervals import median
from .results import measured
from .scaling_pictures import SCALINGS
from .series import ahead, bars, by_case, uneven
from .studies import STUDIES
from .words import kind, percent, title

EAGER = ("PyTorch eager, strided", "PyTorch eager, stack + flatten")


def seconds_of(rows: list[dict], contestant: str) -> tuple[float, float, float] | None:
    for row in rows:
        if row["contestant"] == contestant:
            return median(row["samples"])
    return None


def against(rows: list[dict], one: str, other: str) -> str:
    """How many times as fast `one` is in a case; "equal" as long as the intervals overlap."""
    first, second = seconds_of(rows, one), seconds_of(rows, other)
    if not first or not second:
        return ""
    if first[2] < second[1] or second[2] < first[1]:
        return f"{second[0] / first[0]:.2f}"
    return "equal"


HEADS = (
    "",
    "stack + flatten to strided, in PyTorch eager",
    "apply to eager strided",
    "apply, of the limit",
    "apply_inplace, of its limit",
    "nearest peer",
    "of its limit",
    "its bits that differ",
)


def of_case(rows: list[dict]) -> list[str]:
    """A line of the table that stands first."""
    shown = bars(rows)
    shares = {bar.contestant: f"{bar.share:.2f}" for bar in shown}
    peers = {row["contestant"] for row in rows if row["peer"]} - set(EAGER)
    rivals = [bar for bar in shown if bar.contestant in peers]
    best = (
        [rivals[0].contestant, f"{rivals[0].share:.2f}", percent(rivals[0].differs)]
        if rivals
        else [""] * 3
    )
    return [
        title(rows[0]["case"]),
        against(rows, EAGER[1], EAGER[0]),
        against(rows, "apply", EAGER[0]),
        shares.get("apply", ""),
        shares.get("apply_inplace", ""),
        *best,
    ]


def findings(results: dict, study: str = "peers") -> list[list[str]]:
    return [of_case(rows) for rows in by_case(measured(results["rows"], study)).values()]


def not_flat(results: dict) -> list[str]:
    """Where an element costs more at one size than at another."""
    return [
        sentence + "."
        for study, field, _, _ in SCALINGS
        if study not in ("tokens", "threads")
        for sentence in uneven(results, study, field)
    ]


def behind(results: dict) -> list[list[str]]:
    """Where a peer is ahead, named, with the reason as far as it is known."""
    titles = {row["case"]["name"]: row["case"] for row in results["rows"]}
    return [
        [
            f"{title(titles[case])} ({titles[case]['study']})",
            peer,
            f"{times:.2f}",
            ours,
            reason(titles[case], peer),
        ]
        for case, peer, ours, times in ahead(results)
    ]


GROUPS = ["study", "of", "peer", "cases", "times as fast", "as", "why"]


def behind_by_group(results: dict) -> list[list[str]]:
    """The same, a line for all cases of a study that differ in their sizes alone."""
    cases = {row["case"]["name"]: row["case"] for row in results["rows"]}
    measured_of = {study: len(by_case(measured(results["rows"], study))) for study in STUDIES}
    groups: dict[tuple[str, ...], list[float]] = {}
    for name, peer, ours, times in ahead(results):
        case = cases[name]
        of = case["study"], kind(case), peer, ours, reason(case, peer)
        groups.setdefault(of, []).append(times)
    return [
        [
            study,
            of,
            peer,
            f"{len(times)} of {measured_of[study]}",
            f"{min(times):.2f} to {max(times):.2f}" if len(times) > 1 else f"{times[0]:.2f}",
            ours,
            why,
        ]
        for (study, of, peer, ours, why), times in groups.items()
    ]


FUSES = "It fuses multiply and add, at the price of the bits"
EAGER_ROUNDS = "eager rounds after each product and sum."
REASONS = {
    "Liger": FUSES + ".",
    "ONNX Runtime": FUSES + "; the rest is not known.",
    "ggml": "It works out its angles as it goes and reads no table; the rest is not known.",
}
IN_FLOAT = f"It works in float, at the price of the bits: {EAGER_ROUNDS}"
OF_16_BIT_TABLES = {
    "Liger": f"{FUSES}: {EAGER_ROUNDS}",
    "FlashInfer": IN_FLOAT,
    "flash-linear-attention": IN_FLOAT,
}


def reason(case: dict, peer: str) -> str:
    """Why a peer is ahead, as far as it is known."""
    name = peer.partition(",")[0]
    if case["device"] == "cuda" and case["table_dtype"] in ("f16", "bf16"):
        return OF_16_BIT_TABLES.get(name, "not known")
    return REASONS.get(name, "not known")
