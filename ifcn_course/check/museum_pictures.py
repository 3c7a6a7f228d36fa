"""Figures of lesson 8: masks of wrong assemblers, and which tests kill which."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ifcn_course.check.bug_museum import LETTERS, unlabelled
from ifcn_course.check.mutants import Test, answer, mutants
from ifcn_course.check.rewrites import by_definition
from ifcn_course.museum import Specimen, specimen
from ifcn_lab.draw.palette import FOUND, INK, PAPER, TRUE
from ifcn_lab.draw.picture import Picture, bare, listing, outline, panels

Maps = Float[np.ndarray, "kk H W"]
Centers = Sequence[tuple[int, int]]
KILLED, ALIVE = TRUE, FOUND


def unlabelled_masks(maps: Maps, centers: Centers, m: int) -> Picture:
    """Two windows as they should be, and as six wrong assemblers make them.

    Args:
        maps: (k*k, H, W) logits of a trained network.
        centers: (y, x) of each window; one row of masks for each.
        m: window side in places.
    """
    columns = {"right": by_definition}
    columns |= {letter: unlabelled(letter).function for letter in LETTERS}
    return _masks(maps, centers, m, columns)


def wrong_masks(
    maps: Maps, centers: Centers, m: int, names: Sequence[str]
) -> Picture:
    """Windows as they should be, and as named specimens make them.

    Raises:
        ValueError: there is no specimen of that name.
    """
    chosen = [specimen(name) for name in names]
    columns = {"right": by_definition}
    columns |= {each.name: each.function for each in chosen}
    return _masks(maps, centers, m, columns)


def _masks(
    maps: Maps, centers: Centers, m: int, columns: Mapping[str, Callable]
) -> Picture:
    rows = np.array(centers, int)
    made = {name: assemble(maps, m, rows, 0.0) for name, assemble in columns.items()}
    right = next(iter(made.values())) > 0                             # (N, m, m)
    height = 8.4 / len(columns) * len(rows) + 0.25
    with panels(len(rows), len(columns), width=8.4, height=height) as (figure, axes):
        for column, (name, windows) in enumerate(made.items()):
            axes[0, column].set_title(name, fontsize=11 if len(name) < 6 else 9)
            for row, window in enumerate(windows):
                _one(axes[row, column], window, right[row])
    return Picture(figure, masks_words(made, right))


def _one(ax: Axes, window: Float[np.ndarray, "m m"], right: Bool[np.ndarray, "m m"]
         ) -> None:
    """One window as probabilities, with the outline of the right mask."""
    bare(ax, ax.get_title()).imshow(1 / (1 + np.exp(-window)), cmap="gray", vmin=0,
                                    vmax=1)
    outline(ax, right.astype(float), FOUND, 1.2)


def masks_words(
    made: Mapping[str, Float[np.ndarray, "N m m"]], right: Bool[np.ndarray, "N m m"]
) -> str:
    """What a row of masks shows: places of the right mask, and how far others are off.

    >>> right = np.eye(2, dtype=bool)[None]
    >>> masks_words({"right": right - 0.5, "A": np.ones((1, 2, 2))}, right)
    'Masks of 1 window. The right mask has 2 places. Wrong places: A 2.'
    """
    places = listing([str(each.sum()) for each in right])
    off = {name: ((windows > 0) != right).sum((1, 2)).tolist()
           for name, windows in list(made.items())[1:]}
    said = "; ".join(f"{name} {listing([*map(str, n)])}" for name, n in off.items())
    if len(right) == 1:
        lead = f"Masks of 1 window. The right mask has {places} places."
    else:
        lead = f"Masks of {len(right)} windows. The right masks have {places} places."
    return f"{lead} Wrong places: {said}."


def killed(tests: Mapping[str, Test]) -> Picture:
    """Which wrong assembler is killed by which test: one row each, one column a test.

    Args:
        tests: each by the name that stands over its column.
    """
    rows = mutants()
    alive = np.array([[answer(test, each.function).passes for test in tests.values()]
                      for each in rows])                              # (S, T)
    height = 0.235 * len(rows) + 0.7
    with panels(1, 1, width=4.0 + 1.05 * len(tests), height=height) as (figure, axes):
        ax = axes[0, 0]
        _table(ax, alive)
        ax.set_xticks(range(len(tests)), list(tests))
        ax.set_yticks(range(len(rows)), [each.title for each in rows])
    return Picture(figure, killed_words(rows, list(tests), alive))


def _table(ax: Axes, alive: Bool[np.ndarray, "S T"]) -> None:
    """A filled field for what is killed, an open one with a word for what survives."""
    for row, column in np.ndindex(alive.shape):
        survives = alive[row, column]
        colour = PAPER if survives else KILLED
        ax.add_patch(Rectangle((column - 0.46, row - 0.42), 0.92, 0.84, lw=1.4,
                               fc=colour, ec=ALIVE if survives else KILLED))
        ax.text(column, row, "survives" if survives else "killed", ha="center",
                va="center", fontsize=7.5, color=INK if survives else PAPER)
    ax.set(xlim=(-0.5, alive.shape[1] - 0.5), ylim=(alive.shape[0] - 0.4, -0.6))
    ax.tick_params(length=0, labelsize=8.5, labeltop=True, labelbottom=False)
    ax.spines[:].set_visible(False)


def killed_words(
    rows: Sequence[Specimen], names: Sequence[str], alive: Bool[np.ndarray, "S T"]
) -> str:
    """What the table shows: how many each test kills, and who survives all of them."""
    counts = [f"{' '.join(name.split())} kills {(~alive[:, n]).sum()}"
              for n, name in enumerate(names)]
    left = [each.title for each, row in zip(rows, alive, strict=True) if row.all()]
    rest = f"No test kills: {'; '.join(left)}." if left else "None survives all tests."
    lead = f"{len(rows)} wrong assemblers, {len(names)} tests"
    return f"{lead}: {listing(counts)}. {rest}"
