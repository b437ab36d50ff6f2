"""How cases and numbers are written for a reader."""

from __future__ import annotations

from .norms import NORMS

DTYPE_NAMES = {"f32": "float", "f16": "half", "bf16": "bfloat16", "f64": "double"}


def title(case: dict) -> str:
    shape = " × ".join(str(case[name]) for name in ("batch", "seq", "heads", "head_dim"))
    return kind(case, f" [{shape}]")


def kind(case: dict, shape: str = "") -> str:
    """A case without its sizes, or with them after its type."""
    count = case["threads"]
    text = DTYPE_NAMES[case["dtype"]] + shape
    if case["device"] == "cpu":
        text += f", {count} thread{'s' * (count > 1)}"
    if case["pairing"] == "half":
        text += ", half pairing"
    if case["table_dtype"] != "f32":
        text += f", {DTYPE_NAMES[case['table_dtype']]} table"
    if case["table_per_head"]:
        text += ", a table per head"
    if case["norm"]:
        text += f", {NORMS[case['norm']].title}"
    return text + {"bhsd": ", heads before tokens", "qkv": ", in packed QKV"}.get(
        case["layout"], ""
    )


def percent(share: float | None) -> str:
    if share is None:
        return "?"
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def duration(seconds: float) -> str:
    for scale, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= scale:
            break
    return f"{float(f'{seconds / scale:.3g}'):,g} {unit}"


def machine_name(results: dict) -> str:
    about = results["machine"]
    return about.get("GPU", about["cpu"])
