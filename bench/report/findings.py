"""What a run says, in sentences: worked out from its rows, whichever way they fall."""

from __future__ import annotations

from .intervals import median
from .pictures import SCALINGS, percent, title
from .results import measured
from .series import ahead, bars, by_case, uneven


def seconds_of(rows: list[dict], contestant: str) -> tuple[float, float, float] | None:
    for row in rows:
        if row["contestant"] == contestant:
            return median(row["samples"])
    return None


def against(rows: list[dict], one: str, other: str, names: tuple[str, str]) -> str:
    """How two compare in one case: as long as their intervals overlap, equal."""
    first, second = seconds_of(rows, one), seconds_of(rows, other)
    if not first or not second:
        return ""
    if first[2] < second[1]:
        return f"{names[0]} is {second[0] / first[0]:.2f} times as fast as {names[1]}"
    if second[2] < first[1]:
        return f"{names[1]} is {first[0] / second[0]:.2f} times as fast as {names[0]}"
    return f"{names[0]} and {names[1]} cannot be told apart"


def of_case(rows: list[dict]) -> str:
    parts = [
        against(rows, "PyTorch eager, stack + flatten", "PyTorch eager, strided",
                ("stack + flatten in PyTorch eager", "strided assignment there")),
        against(rows, "apply", "PyTorch eager, strided", ("apply", "PyTorch eager's strided form"))]
    shown = bars(rows)
    rivals = [bar for bar in shown if bar.contestant.partition(",")[0] not in
              ("apply", "apply_inplace", "apply_strided", "apply_stack_flatten", "PyTorch eager")]
    for name in ("apply", "apply_inplace"):
        found = [bar for bar in shown if bar.contestant == name]
        if found:
            parts.append(f"{name} runs at {found[0].share:.2f} of the limit")
    if rivals:
        best = rivals[0]
        parts.append(f"the fastest peer is {best.contestant} at {best.share:.2f}, with "
                     f"{percent(best.differs)} of bits other than eager's")
    said = "; ".join(part for part in parts if part)
    return f"{title(rows[0]['case'])}: {said}." if said else ""


def findings(results: dict) -> list[str]:
    """One sentence a case of the first study, then where costs are not flat."""
    cases = by_case(measured(results["rows"], "peers")).values()
    said = [sentence for rows in cases if (sentence := of_case(rows))]
    for study, field, _, _ in SCALINGS:
        if study not in ("tokens", "threads"):
            said += [sentence + "." for sentence in uneven(results, study, field)]
    return said


def behind(results: dict) -> list[str]:
    """Where a peer is ahead, named, with the reason as far as it is known."""
    titles = {row["case"]["name"]: row["case"] for row in results["rows"]}
    return [f"{title(titles[case])} ({titles[case]['study']}): {peer} takes 1/{times:.2f} of the "
            f"time of {ours}. {REASONS.get(peer, '')}".strip()
            for case, peer, ours, times in ahead(results)]


REASONS = {
    "ONNX Runtime, com.microsoft": "It fuses multiply and add, which rounds once where eager rounds"
                                   " twice.",
    "ONNX Runtime, opset 23": "It fuses multiply and add, which rounds once where eager rounds twice.",
    "ggml": "It works out its own angles in float and fuses multiply and add.",
    "ggml, in place": "It works out its own angles in float and fuses multiply and add."}
