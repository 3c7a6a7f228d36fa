"""Mistakes of drawing windows for a training step: lesson 5."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from ifcn_course.museum.specimen import mistake

Labels = Int[np.ndarray, " windows"]
Drawn = Int[np.ndarray, " drawn"]


@mistake(
    "1:1 forgotten",
    "It looks as if windows are drawn without looking at their labels.",
    "Draw n // 2 of the positive and n // 2 of the negative windows.",
    "draw_windows",
)
def drawn_from_all(label: Labels, n: int, rng: np.random.Generator) -> Drawn:
    """Draws from all that count; negatives outnumber positives."""
    counting = np.flatnonzero(label >= 0)
    return rng.choice(counting, min(n, len(counting)), replace=False)


@mistake(
    "Too few positives",
    "It looks as if fewer positives are drawn where there are not enough.",
    "Draw with replacement, so that the two kinds weigh the same.",
    "draw_windows",
)
def drawn_without_replacement(
    label: Labels, n: int, rng: np.random.Generator
) -> Drawn:
    """Takes every positive once and leaves it at that."""
    kinds = [np.flatnonzero(label == kind) for kind in (1, 0)]
    some = [rng.choice(each, min(n // 2, len(each)), replace=False) for each in kinds]
    return np.concatenate(some)


@mistake(
    "Filled up with negatives",
    "It looks as if negatives fill the places of positives that are lacking.",
    "Draw the few positives again, so that half of all are positive.",
    "draw_windows",
)
def filled_with_negatives(label: Labels, n: int, rng: np.random.Generator) -> Drawn:
    """Keeps n and gives up 1:1."""
    positive, negative = (np.flatnonzero(label == kind) for kind in (1, 0))
    some = rng.choice(positive, min(n // 2, len(positive)), replace=False)
    rest = n - len(some)
    others = rng.choice(negative, rest, replace=rest > len(negative))
    return np.concatenate([some, others])


@mistake(
    "Ignored as negative",
    "It looks as if ignored windows are drawn as negatives.",
    "Negative is label == 0; -1 is ignored and never drawn.",
    "draw_windows",
)
def ignored_drawn(label: Labels, n: int, rng: np.random.Generator) -> Drawn:
    """Takes all that is not positive for negative."""
    kinds = [np.flatnonzero(label == 1), np.flatnonzero(label != 1)]
    some = [rng.choice(each, n // 2, replace=len(each) < n // 2) for each in kinds]
    return np.concatenate(some)


@mistake(
    "n of each kind",
    "It looks as if n windows of each kind are drawn.",
    "n windows together: n // 2 of each.",
    "draw_windows",
)
def n_of_each(label: Labels, n: int, rng: np.random.Generator) -> Drawn:
    """Draws twice as many."""
    kinds = [np.flatnonzero(label == kind) for kind in (1, 0)]
    return np.concatenate([rng.choice(each, n, replace=True) for each in kinds])
