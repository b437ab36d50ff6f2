"""The pictures of the report, each from rows of the results; None where a run has none for it."""

from __future__ import annotations

import matplotlib.ticker as ticker

from .model_pictures import per_model, share_of_blocks
from .results import measured
from .scaling_pictures import SCALINGS, scaling
from .series import OURS, bars, by_case
from .style import BLUE, GREY, INK, RED, WIDTH, plt, svg
from .words import percent, title

NO_BITS = 1e-6  # where a share of 0 stands on a logarithmic axis
SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)
LETTER = 0.011  # of a label in `rates`, as a part of the axis


def rates(rows: list[dict]) -> str | None:
    """One case: everyone's rate against the limit, and which of them have other bits."""
    shown = bars(rows)
    if not shown:
        return None
    figure, axes = plt.subplots(figsize=(WIDTH, 0.9 + 0.3 * len(shown)))
    names, end = [], max(1.1, 1.05 * max(bar.high for bar in shown)) * 1.36
    for place, bar in enumerate(reversed(shown)):
        ours = bar.contestant in OURS
        exact = bar.differs == 0
        axes.barh(
            place,
            bar.share,
            color=BLUE if ours else GREY,
            height=0.7,
            hatch=None if exact else "////",
            edgecolor="white",
            linewidth=0,
        )
        axes.errorbar(
            bar.share,
            place,
            xerr=[[max(0, bar.share - bar.low)], [max(0, bar.high - bar.share)]],
            color=INK,
            capsize=2,
            linewidth=1,
        )
        bits = "" if exact else f", {percent(bar.differs)} of bits differ"
        text, begin = f"{bar.share:.2f}{bits}", max(bar.share, bar.high)
        crosses = begin < 1 < begin + (len(text) + 1) * LETTER * end
        axes.annotate(
            text,
            (1 if crosses else begin, place),
            fontsize=9,
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
        )
        names.append(bar.contestant)
    axes.axvline(1, color=INK, linewidth=1, linestyle="--")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, end)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("share of the limit: a copy, or in place one operation on each element")
    axes.set_title(title(rows[0]["case"]), loc="left", fontsize=11)
    return svg(figure)


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
    least = min(share for share, _, _ in points) / 1.3
    axes.set_xlim(least, 8)
    axes.set_xticks([at for at in SHARES if at >= least])
    axes.set_ylim(NO_BITS / 2, 1e4)
    axes.set_yticks([NO_BITS, 1e-4, 1e-2, 1], ["none", "0.01 %", "1 %", "all"])
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.axvline(1, color=GREY, linewidth=1, linestyle="--", zorder=0)
    axes.set_xlabel("share of the limit: a copy, or in place one operation on each element")
    axes.set_ylabel("outputs whose bits differ from PyTorch eager's")
    axes.set_title(title(rows[0]["case"]), loc="left", fontsize=11)
    label(axes, points)
    return svg(figure)


def label(axes, points: list[tuple[float, float, str]]) -> None:
    """Names above their points, each high enough to stand clear of the others and of all points."""
    axes.figure.draw_without_rendering()  # the layout moves points
    scale = 72 / axes.figure.dpi  # to points
    places = [scale * axes.transData.transform((x, y)) for x, y, _ in sorted(points)]
    taken = [(left - 4, left + 4, bottom - 4) for left, bottom in places]  # left, right, bottom
    for (x, y, name), (left, bottom) in zip(sorted(points), places):
        right = left + 5 * len(name)
        up = 8
        while any(
            left < end and begin < right and abs(bottom + up - base) < 12
            for begin, end, base in taken
        ):
            up += 3
        taken.append((left, right, bottom + up))
        axes.annotate(
            name,
            (x, y),
            fontsize=8.5,
            xytext=(0, up),
            textcoords="offset points",
            arrowprops={
                "arrowstyle": "-",
                "color": GREY,
                "linewidth": 0.6,
                "relpos": (0, 0),
                "shrinkB": 4,
            },
        )


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
    drawn["blocks"] = share_of_blocks(results)
    return {name: picture for name, picture in drawn.items() if picture}
