"""The whole network in one figure, with the part that a lesson is about lit."""

from __future__ import annotations

from itertools import pairwise, product
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

from ifcn_lab.draw.palette import GREY, INK, PAPER, TRUE, part_colours
from ifcn_lab.draw.picture import Picture, bare, listing, panels
from ifcn_lab.layers.backbones import VGG16Hole

PARTS = ("image", "backbone", "score maps", "assembling", "objectness")
BRANCHES = {0.2: "branch 1: score maps and masks",
            3.0: "branch 2: objectness, is there an object in the middle?"}
LIGHT, DIM = "#d6e8f5", "#f2f2f2"
HIGH = 1.45  # of a box


class Box(NamedTuple):
    """A box of the figure: its part, where it begins, how wide it is, its words."""

    part: str
    x: float
    y: float
    width: float
    words: str


def network(
    *lit: str, size: tuple[int, int] = (480, 640), k: int = 5, m: int = 21
) -> Picture:
    """The network of the paper: image, backbone, two branches, assembling; with sizes.

    Args:
        lit: some of `PARTS`, shown in colour while the rest is grey; none: all.
        size: height and width of the image, in pixels.
        k: parts per side of the grid; there are k * k score maps.
        m: window side in places.

    Raises:
        ValueError: there is no part of that name.

    >>> network("assembling").alt.split(". ")[-1]
    'Lit: assembling.'
    """
    if unknown := set(lit) - set(PARTS):
        raise ValueError(f"no part {unknown} of the network; there are {PARTS}")
    found, coloured = boxes(size, k, m), lit or PARTS
    with panels(1, 1, width=8.6, height=3.5) as (figure, axes):
        ax = bare(axes[0, 0])
        ax.set(xlim=(-0.1, 12.9), ylim=(4.9, -0.2))
        for box in found:
            draw_box(ax, box, box.part in coloured)
        for before, after in arrows(found):
            ax.annotate("", after, before, zorder=1, arrowprops={
                "arrowstyle": "-|>", "color": GREY, "shrinkA": 0, "shrinkB": 0})
        draw_tiles(ax, found[5], k, "score maps" in coloured)
        for y, words in BRANCHES.items():
            ax.text(6, y, words, size=9, color=INK)
    return Picture(figure, network_words(found, lit))


def boxes(size: tuple[int, int], k: int, m: int) -> list[Box]:
    """All boxes: the trunk, the branch of the score maps, that of objectness."""
    (h, w), stride, channels = size, VGG16Hole.stride, VGG16Hole.channels
    places = f"{h // stride} x {w // stride}"
    return [
        Box("image", 0, 1.8, 1.4, f"image\n{h} x {w}\npixels"),
        Box("backbone", 1.9, 1.8, 1.6, "backbone\nVGG-16, 13\nconvolutions,\nstride 8"),
        Box("backbone", 4.0, 1.8, 1.5, f"feature map\n{places}\nx {channels}"),
        Box("score maps", 6.0, 0.4, 1.5, f"1 x 1 conv\n{channels}, ReLU"),
        Box("score maps", 7.7, 0.4, 1.3, f"3 x 3 conv\n{k * k}"),
        Box("score maps", 9.2, 0.4, 1.5, f"\n\n{k * k} maps\n{places}"),
        Box("assembling", 11.2, 0.4, 1.6,
            f"assembling\nfor each place\na mask {m} x {m}"),
        Box("objectness", 6.0, 3.2, 1.5, f"3 x 3 conv\n{channels}, ReLU"),
        Box("objectness", 7.7, 3.2, 1.3, "1 x 1 conv\n1"),
        Box("objectness", 9.2, 3.2, 1.5, f"objectness\n{places}"),
        Box("objectness", 11.2, 3.2, 1.6, "for each place\na score"),
    ]


def arrows(found: list[Box]) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """From the right edge of each box to the left edge of the next one."""
    trunk, masks, objects = found[:3], found[2:7], [found[2], *found[7:]]
    steps = [step for row in (trunk, masks, objects) for step in pairwise(row)]
    return [((a.x + a.width, a.y + HIGH / 2), (b.x, b.y + HIGH / 2)) for a, b in steps]


def draw_box(ax: Axes, box: Box, lit: bool) -> None:
    """One box with its words in the middle, coloured or grey."""
    ax.add_patch(FancyBboxPatch(
        (box.x, box.y), box.width, HIGH, boxstyle="round,pad=0,rounding_size=0.12",
        facecolor=LIGHT if lit else DIM, edgecolor=TRUE if lit else GREY,
        linewidth=1.8 if lit else 0.8, zorder=2))
    ax.text(box.x + box.width / 2, box.y + HIGH / 2, box.words, ha="center",
            va="center", size=8, color=INK if lit else "#595959", zorder=3,
            linespacing=1.35)


def draw_tiles(ax: Axes, box: Box, k: int, lit: bool) -> None:
    """The score maps as small tiles in the colours of their parts."""
    side = 0.62 / k
    left, top = box.x + (box.width - k * side) / 2, box.y + 0.1
    for (row, column), colour in zip(product(range(k), repeat=2), part_colours(k),
                                     strict=True):
        ax.add_patch(Rectangle(
            (left + column * side, top + row * side), side, side, zorder=4,
            facecolor=colour if lit else "#c8c8c8", edgecolor=PAPER, linewidth=0.5))


def network_words(found: list[Box], lit: tuple[str, ...]) -> str:
    """What the figure shows: one row of boxes that parts into two."""
    said = [" ".join(box.words.split()) for box in found]
    text = (f"{', then '.join(said[:3])}. From there two branches. Above: "
            f"{', then '.join(said[3:7])}. Below: {', then '.join(said[7:])}.")
    shown = f" Lit: {listing(lit)}." if lit else ""
    return f"The network, from left to right: {text}{shown}"
