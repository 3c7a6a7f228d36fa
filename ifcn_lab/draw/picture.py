"""A figure together with the sentence that says what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ifcn_lab.atomic_write import replacing
from ifcn_lab.draw.palette import INK, PAPER

STYLE = {
    "font.size": 10, "axes.titlesize": 10, "axes.labelsize": 10,
    "figure.facecolor": PAPER, "savefig.facecolor": PAPER, "text.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": INK,
    "legend.frameon": False, "image.interpolation": "nearest",
}
DPI = 110


class Picture(NamedTuple):
    """A matplotlib figure and its alternative text, computed from the data."""

    figure: Figure
    alt: str

    def png(self) -> bytes:
        """The figure as PNG; the same figure gives the same bytes."""
        buffer = BytesIO()
        self.figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
        return buffer.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write to a file in the format of its suffix, PNG if it has none.

        Raises:
            ValueError: matplotlib does not write that format.
        """
        kind = Path(path).suffix[1:].lower() or "png"
        metadata = {"Software": None} if kind == "png" else None
        with replacing(path) as new:
            self.figure.savefig(new, format=kind, dpi=DPI, metadata=metadata)
        return Path(path)


def show(picture: Picture) -> None:
    """Show a picture in a notebook, with its alternative text for screen readers."""
    from IPython.display import Image, display

    width = round(picture.figure.get_figwidth() * 96)
    display(Image(picture.png(), alt=picture.alt, width=width))


@contextmanager
def panels(
    rows: int, columns: int, *, width: float = 8.0, height: float = 3.0
) -> Iterator[tuple[Figure, np.ndarray]]:
    """A figure in the house's style with rows x columns axes, closed to pyplot.

    Widths and heights are inches; 8 inches is the width of a lesson's text.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.subplots(rows, columns, squeeze=False)


def bare(axes: Axes, title: str = "") -> Axes:
    """Take ticks and frame away; give a title."""
    axes.set(xticks=[], yticks=[], title=title)
    axes.spines[:].set_visible(False)
    return axes


def outline(axes: Axes, mask: np.ndarray, colour: str, width: float = 1.5) -> None:
    """Draw the border of a mask over an image."""
    if mask.any():
        axes.contour(mask, levels=[0.5], colors=[colour], linewidths=width)


def listing(words: Sequence[str]) -> str:
    """Words as they stand in a sentence.

    Example:
        >>> listing(["one", "two", "three"])
        'one, two and three'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
