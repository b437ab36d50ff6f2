"""How pictures look: colours that the colour-blind can tell apart, sizes for a README's width."""

from __future__ import annotations

import io

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

WIDTH = 8.0  # inches of 100 pixels
INK = "#1b2a3c"  # of axes and text; the page puts the reader's own colour in its place

# Okabe and Ito 2008.
BLUE, ORANGE, GREEN, SKY, RED, PURPLE, YELLOW = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#56b4e9",
    "#d55e00",
    "#cc79a7",
    "#c8b400",
)
GREY = "#8a8f98"
# A colour for each family, a dash for its second member.
FAMILIES = (
    (GREY, ("memcpy", "nontemporal copy", "scale in place")),
    (BLUE, ("apply", "apply_inplace")),
    (GREEN, ("apply_strided", "apply_stack_flatten")),
    (RED, ("PyTorch eager, strided", "PyTorch eager, stack + flatten")),
    (ORANGE, ("torch.compile, strided", "torch.compile, stack + flatten")),
    (PURPLE, ("ONNX Runtime, com.microsoft", "ONNX Runtime, opset 23")),
    (INK, ("ggml", "ggml, in place")),
    (YELLOW, ("JAX, jit",)),
    (SKY, ("OpenVINO",)),
    (GREY, ("device copy", "signs flipped in place")),
    (PURPLE, ("flash-linear-attention", "flash-linear-attention, in place")),
    (INK, ("Liger, in place",)),
    (SKY, ("FlashInfer, in place",)),
)
DASHES = ("-", "--", ":")

plt.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "ropewalk",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Arial", "sans-serif"],
        "font.size": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.grid": True,
        "grid.color": GREY,
        "grid.alpha": 0.25,
        "legend.frameon": False,
        "figure.constrained_layout.use": True,
    }
)


def line_style(contestant: str) -> dict:
    for shade, members in FAMILIES:
        if contestant in members:
            return {"color": shade, "linestyle": DASHES[members.index(contestant)]}
    return {"color": GREY, "linestyle": ":"}


def svg(figure) -> str:
    """The picture as text, without a background; the same rows give the same bytes."""
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    whole = text.getvalue()
    return whole[whole.index("<svg") :]


def on_white(picture: str) -> str:
    """As a file that stands on a page of any colour."""
    return picture.replace("<svg ", '<svg style="background:white" ', 1)
