"""The pictures of models: seconds in RoPE, and its share of an attention block."""

from __future__ import annotations

import matplotlib.ticker as ticker

from .series import model_seconds, shares
from .style import BLUE, GREY, RED, WIDTH, line_style, plt, svg
from .words import duration, percent, title

SHOWN = (
    "apply_inplace",
    "apply",
    "FlashInfer, in place",
    "Liger, in place",
    "torch.compile, stack + flatten",
    "PyTorch eager, stack + flatten",
    "PyTorch eager, strided",
)
SPREAD = 0.6  # of a model's place, that its contestants take


def per_model(results: dict) -> str | None:
    """Seconds of RoPE for what a model makes, logarithmic: the forms and the nearest peers."""
    spent = model_seconds(results)
    if not spent:
        return None
    names = list(spent)
    figure, axes = plt.subplots(figsize=(WIDTH, 1.4 + 0.62 * len(names)))
    for place, name in enumerate(reversed(names)):
        axes.axhline(place, color=GREY, linewidth=0.5, alpha=0.4)
        # One below the other, since several may be equally fast.
        for down, contestant in enumerate(SHOWN):
            if contestant in spent[name]:
                middle, low, high = spent[name][contestant]
                look = line_style(contestant)
                axes.errorbar(
                    middle,
                    place + SPREAD * (0.5 - down / (len(SHOWN) - 1)),
                    xerr=[[middle - low], [high - middle]],
                    capsize=2,
                    color=look["color"],
                    marker="o" if look["linestyle"] == "-" else "s",
                    markersize=5,
                    linewidth=1,
                    linestyle="",
                    markerfacecolor=look["color"] if look["linestyle"] == "-" else "none",
                    label=contestant,
                )
    axes.set_ylim(-0.5, len(names) - 0.5)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_yticks(
        range(len(names)), [name.replace(", ", "\n", 1) for name in reversed(names)], fontsize=9
    )
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("seconds in RoPE (layers × steps × guidance, queries and keys, bfloat16)")
    known = dict(zip(*reversed(axes.get_legend_handles_labels())))
    axes.legend(
        known.values(),
        known.keys(),
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=2,
        fontsize=8.5,
    )
    return svg(figure)


def share_of_blocks(results: dict) -> str | None:
    """The time of attention blocks, and the part of it that is RoPE."""
    found = shares(results)
    if not found:
        return None
    figure, all_axes = plt.subplots(
        len(found),
        1,
        squeeze=False,
        figsize=(WIDTH, sum(0.9 + 0.36 * len(one) for one in found.values())),
    )
    cases = {row["case"]["name"]: row["case"] for row in results["rows"]}
    for axes, (name, rows) in zip(all_axes[:, 0], found.items()):
        for place, (contestant, share) in enumerate(reversed(rows.items())):
            rest = share.block_seconds - share.rope_seconds
            axes.barh(place, 1e3 * rest, color=GREY, height=0.65)
            axes.barh(
                place,
                1e3 * share.rope_seconds,
                left=1e3 * rest,
                height=0.65,
                color=BLUE if "Ropewalk" in contestant else RED,
            )
            text = duration(share.block_seconds)
            if not contestant.endswith("no RoPE"):
                text += f", RoPE {percent(share.share)}"
            axes.annotate(
                text,
                (1e3 * share.block_seconds, place),
                fontsize=9,
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
            )
        axes.set_yticks(range(len(rows)), [one.removeprefix("block, ") for one in reversed(rows)])
        axes.margins(x=0.35)
        axes.set_xlim(left=0)
        axes.grid(axis="y", visible=False)
        axes.set_title(f"{cases[name]['block']}: {title(cases[name])}", loc="left", fontsize=11)
    all_axes[-1, 0].set_xlabel("ms of an attention block; coloured: RoPE")
    return svg(figure)
