"""The pictures of cost against one size."""

from __future__ import annotations

import math

import matplotlib.ticker as ticker

from .series import LIMITS, lines
from .style import WIDTH, line_style, plt, svg
from .words import DTYPE_NAMES


NEAREST = 0.045  # two numbers on an axis, as a part of it


def apart(ticks: list[float], logarithmic: bool) -> list[float]:
    """Those whose numbers do not overlap; the last one is kept."""
    at = [math.log2(tick) if logarithmic else tick for tick in ticks]
    found: list[int] = []
    for index in reversed(range(len(ticks))):
        if not found or at[found[-1]] - at[index] >= NEAREST * (at[-1] - at[0]):
            found.append(index)
    return [ticks[index] for index in reversed(found)]


def scaling(results: dict, study: str, field: str, label: str, logarithmic: bool) -> str | None:
    """Cost per element against one size; a panel for each type."""
    panels = {
        dtype: found for dtype in DTYPE_NAMES if (found := lines(results, study, field, dtype))
    }
    if not panels:
        return None
    figure, all_axes = plt.subplots(
        len(panels), 1, figsize=(WIDTH, 3.4 * len(panels)), squeeze=False, sharex=True
    )
    for axes, (dtype, found) in zip(all_axes[:, 0], panels.items()):
        for name, points in found.items():
            sizes, middles, lows, highs = zip(*points)
            look = line_style(name)
            axes.plot(
                sizes,
                middles,
                label=name,
                linewidth=1.0 if name in LIMITS else 1.8,
                marker="" if name in LIMITS else "o",
                markersize=4,
                **look,
            )
            axes.fill_between(sizes, lows, highs, color=look["color"], alpha=0.1, linewidth=0)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
        if logarithmic:
            axes.set_xscale("log", base=2)
        sizes = sorted({point[0] for points in found.values() for point in points})
        ticks = apart(sizes, logarithmic)
        slanted = {"rotation": 45, "ha": "right"} if len(ticks) > 6 else {}
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], **slanted)
        axes.minorticks_off()
        axes.set_ylabel("ns per element")
        axes.set_title(DTYPE_NAMES[dtype], loc="left", fontsize=11)
    all_axes[-1, 0].set_xlabel(label)
    known = {
        name: handle
        for axes in all_axes[:, 0]
        for handle, name in zip(*axes.get_legend_handles_labels())
    }
    all_axes[0, 0].legend(
        known.values(), known.keys(), loc="upper left", bbox_to_anchor=(1, 1), fontsize=8.5
    )
    return svg(figure)


SCALINGS = (
    ("tokens", "seq", "tokens of 40 heads × 128", True),
    ("threads", "threads", "threads", False),
    ("head_dim", "head_dim", "features of a head (as many elements each)", True),
    ("heads", "heads", "heads of 128 (as many elements each)", True),
    ("batch", "batch", "batch (1,024 tokens in all)", True),
)
