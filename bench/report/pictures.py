"""The pictures of the report, each from rows of the results; None where a run has none for it."""

from __future__ import annotations

import matplotlib.ticker as ticker

from .series import LIMITS, OURS, bars, by_case, lines, model_seconds
from .results import measured
from .style import BLUE, GREY, INK, RED, WIDTH, line_style, plt, svg

NO_BITS = 1e-6  # where a share of 0 stands on a logarithmic axis
DTYPE_NAMES = {"f32": "float", "f16": "half", "bf16": "bfloat16"}


def title(case: dict) -> str:
    shape = " × ".join(str(case[name]) for name in ("batch", "seq", "heads", "head_dim"))
    count = case["threads"]
    text = f"{DTYPE_NAMES[case['dtype']]} [{shape}], {count} thread{'s' * (count > 1)}"
    return text + (", half pairing" if case["pairing"] == "half" else "")


def rates(rows: list[dict]) -> str | None:
    """One case: everyone's rate against the limit, and which of them have other bits."""
    shown = bars(rows)
    if not shown:
        return None
    figure, axes = plt.subplots(figsize=(WIDTH, 0.9 + 0.3 * len(shown)))
    names = []
    for place, bar in enumerate(reversed(shown)):
        ours = bar.contestant in OURS
        exact = bar.differs == 0
        axes.barh(place, bar.share, color=BLUE if ours else GREY, height=0.7,
                  hatch=None if exact else "////", edgecolor="white", linewidth=0)
        axes.errorbar(bar.share, place, xerr=[[max(0, bar.share - bar.low)],
                                              [max(0, bar.high - bar.share)]],
                      color=INK, capsize=2, linewidth=1)
        bits = "" if exact else f", {percent(bar.differs)} of bits differ"
        axes.annotate(f"{bar.share:.2f}{bits}", (max(bar.share, bar.high), place), fontsize=9,
                      xytext=(5, 0), textcoords="offset points", va="center")
        names.append(bar.contestant)
    axes.axvline(1, color=INK, linewidth=1, linestyle="--")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, max(1.1, 1.05 * max(bar.high for bar in shown)) * 1.3)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("share of the limit (1: as fast as a copy; in place, as a scaling)")
    axes.set_title(title(rows[0]["case"]), loc="left", fontsize=11)
    return svg(figure)


def percent(share: float | None) -> str:
    if share is None:
        return "?"
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.2g} %"


def exactness(rows: list[dict]) -> str | None:
    """Exactness against speed, of one case: the corner below right is what one wants."""
    shown = [bar for bar in bars(rows) if bar.differs is not None]
    if not shown:
        return None
    figure, axes = plt.subplots(figsize=(WIDTH, 4.6))
    points = [(bar.share, max(bar.differs, NO_BITS), bar.contestant) for bar in shown]
    for share, differs, name in points:
        ours = name in OURS
        axes.plot(share, differs, "o" if ours else "D", markersize=8, color=BLUE if ours else RED)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(min(share for share, _, _ in points) / 1.3, 8)
    axes.set_ylim(NO_BITS / 2, 1e4)
    axes.set_yticks([NO_BITS, 1e-4, 1e-2, 1], ["none", "0.01 %", "1 %", "all"])
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.axvline(1, color=INK, linewidth=1, linestyle="--")
    axes.set_xlabel("share of the limit (1: as fast as a copy; in place, as a scaling)")
    axes.set_ylabel("outputs whose bits differ from PyTorch eager's")
    axes.set_title(title(rows[0]["case"]), loc="left", fontsize=11)
    label(axes, points)
    return svg(figure)


def label(axes, points: list[tuple[float, float, str]]) -> None:
    """Names above their points, each high enough to stand clear of the others."""
    taken: list[tuple[float, float, float]] = []  # left, right, bottom, in pixels
    for x, y, name in sorted(points):
        left, bottom = axes.transData.transform((x, y))
        right = left + 6.5 * len(name)
        up = 8
        while any(left < end and begin < right and abs(bottom + up - base) < 15
                  for begin, end, base in taken):
            up += 4
        taken.append((left, right, bottom + up))
        axes.annotate(name, (x, y), fontsize=8.5, xytext=(0, up), textcoords="offset pixels",
                      arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6,
                                                      "relpos": (0, 0), "shrinkB": 4})


def scaling(results: dict, study: str, field: str, label: str, logarithmic: bool) -> str | None:
    """Cost per element against one size; a panel for each type."""
    panels = {dtype: found for dtype in DTYPE_NAMES
              if (found := lines(results, study, field, dtype))}
    if not panels:
        return None
    figure, all_axes = plt.subplots(len(panels), 1, figsize=(WIDTH, 3.4 * len(panels)),
                                    squeeze=False, sharex=True)
    for axes, (dtype, found) in zip(all_axes[:, 0], panels.items()):
        for name, points in found.items():
            sizes, middles, lows, highs = zip(*points)
            look = line_style(name)
            axes.plot(sizes, middles, label=name, linewidth=1.0 if name in LIMITS else 1.8,
                      marker="" if name in LIMITS else "o", markersize=4, **look)
            axes.fill_between(sizes, lows, highs, color=look["color"], alpha=0.1, linewidth=0)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
        if logarithmic:
            axes.set_xscale("log", base=2)
        ticks = sorted({point[0] for points in found.values() for point in points})
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks],
                        rotation=30 if len(ticks) > 6 else 0)
        axes.minorticks_off()
        axes.set_ylabel("ns per element")
        axes.set_title(DTYPE_NAMES[dtype], loc="left", fontsize=11)
    all_axes[-1, 0].set_xlabel(label)
    known = {name: handle for axes in all_axes[:, 0]
             for handle, name in zip(*axes.get_legend_handles_labels())}
    figure.legend(known.values(), known.keys(), loc="outside right center", fontsize=8.5)
    return svg(figure)


SCALINGS = (
    ("tokens", "seq", "tokens of 40 heads × 128", True),
    ("threads", "threads", "threads", False),
    ("head_dim", "head_dim", "features of a head (as many elements each)", True),
    ("heads", "heads", "heads of 128 (as many elements each)", True),
    ("batch", "batch", "batch (1,024 tokens in all)", True))


SHOWN = ("apply_inplace", "apply", "torch.compile, stack + flatten",
         "PyTorch eager, stack + flatten", "PyTorch eager, strided")


def per_model(results: dict) -> str | None:
    """Seconds of RoPE for what a model makes, logarithmic: the forms and the nearest peer."""
    spent = model_seconds(results)
    if not spent:
        return None
    names = list(spent)
    figure, axes = plt.subplots(figsize=(WIDTH, 1.4 + 0.62 * len(names)))
    for place, name in enumerate(reversed(names)):
        axes.axhline(place, color=GREY, linewidth=0.5, alpha=0.4)
        for contestant, (middle, low, high) in spent[name].items():
            if contestant in SHOWN:
                look = line_style(contestant)
                axes.errorbar(middle, place, xerr=[[middle - low], [high - middle]], capsize=2,
                              color=look["color"], marker="o" if look["linestyle"] == "-" else "s",
                              markersize=7, linewidth=1, linestyle="",
                              markerfacecolor=look["color"] if look["linestyle"] == "-" else "none",
                              label=contestant)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_yticks(range(len(names)), [name.replace(", ", "\n", 1) for name in reversed(names)],
                    fontsize=9)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("seconds in RoPE (layers × steps × guidance, queries and keys, bfloat16)")
    known = dict(zip(*reversed(axes.get_legend_handles_labels())))
    figure.legend(known.values(), known.keys(), loc="outside upper center", ncols=3, fontsize=8.5)
    return svg(figure)


def draw(results: dict) -> dict[str, str]:
    """All pictures by name, in the report's order."""
    drawn: dict[str, str | None] = {}
    cases = by_case(measured(results["rows"], "peers"))
    for name, rows in cases.items():
        drawn["rates " + name] = rates(rows)
    for name, rows in cases.items():
        if rows[0]["case"]["seq"] > 1:
            drawn["exactness " + name] = exactness(rows)
    for study, field, label, logarithmic in SCALINGS:
        drawn[study] = scaling(results, study, field, label, logarithmic)
    drawn["models"] = per_model(results)
    return {name: picture for name, picture in drawn.items() if picture}
