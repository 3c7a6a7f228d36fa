"""Checks of lesson 9: two layers as one, a loss with labels, a step of refinement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ifcn_course.check.properties import Trial, judge
from ifcn_course.check.report import Case, close, report


def widest_waist(function: Callable[..., object]) -> None:
    """Exercise 9.1: up to which rank two layers cost less: `function(i, o)`."""
    asked = [(2, 2), (2, 3), (3, 6), (6, 3), (10, 91), (1568, 576), (100_352, 3136)]
    cases = [
        Case(f"{i} inputs, {o} outputs", (i, o), (i * o - 1) // (i + o),
             hint="Two layers have rank * (inputs + outputs) weights, one has inputs * "
                  "outputs: equal is not fewer.")
        for i, o in asked
    ]
    report("Exercise 9.1", function, cases)


def one_layer(function: Callable[..., object]) -> None:
    """Exercise 9.2: two linear layers as one: `function(first, b1, second, b2)`."""
    rng = np.random.default_rng(9)
    cases = [Case("1 input, rank 1, 1 output", (
        np.array([[2]]), np.array([3]), np.array([[5]]), np.array([7])),
        np.array([[10, 22]]), hint="x becomes 2 x + 3, and that becomes 5 (2 x + 3) + "
                                   "7.")]
    rule = ("The second layer multiplies all that comes out of the first, its bias "
            "too, and adds its own.")
    whole = "Numbers need not be whole: keep what comes after the point."
    for inputs, rank, outputs, hint in ((2, 1, 2, rule), (3, 2, 4, rule),
                                        (5, 3, 3, whole)):
        first, second = (rng.integers(-4, 5, shape)
                         for shape in ((rank, inputs), (outputs, rank)))
        b1, b2 = (rng.integers(1, 9, n) * (-1) ** np.arange(1, n + 1)
                  for n in (rank, outputs))              # of both signs
        if hint == whole:
            first, b1 = first / 2, b1 / 2
        expected = np.hstack([second @ first, (second @ b1 + b2)[:, None]])
        cases.append(Case(f"{inputs} inputs, rank {rank}, {outputs} outputs",
                          (first, b1, second, b2), expected, hint))
    report("Exercise 9.2", function, cases, rule=rule)


def window_loss(function: Callable[..., object]) -> None:
    """Exercise 9.3: DeepMask's loss of a window: `function(f, m, score, y)`."""
    f, m = np.array([[2.0, -1.0], [0.5, -3.0]]), np.array([[1, -1], [-1, 1]])
    gate = "On a negative window the mask costs nothing: the score's part is left."
    mean = ("log(1 + exp(-label * logit)): its mean over the mask's places, and 1/32 "
            "of the score's.")
    asked = [
        (np.array([[0.0]]), np.array([[1]]), 0.0, 1, mean),
        (f, m, 40.0, 1, mean), (f, m, 0.0, 1, mean), (f, m, -2.0, -1, gate),
        (-f[:1], m[:1], -3.0, 1, mean), (f[:1], m[1:], 1.5, -1, gate),
    ]
    cases = [
        Case(f"{logits.shape[0]} x {logits.shape[1]} logits, score {score}, y = {y:+}",
             (logits, labels, score, y), labelled_loss(logits, labels, score, y), hint)
        for logits, labels, score, y, hint in asked
    ]
    report("Exercise 9.3", function, cases, agree=close,
           rule=f"{gate} {mean}")


def labelled_loss(
    f: Float[np.ndarray, "h w"], m: Any, score: float, y: int
) -> float:
    """The loss from its definition; labels are +1 and -1.

    >>> one = np.array([[2.0, -1.0, 0.5, -3.0]])
    >>> round(labelled_loss(one, np.array([[1, -1, -1, 1]]), 40.0, 1), 6)
    1.115714
    """
    mask = np.logaddexp(0, -m * f).mean() if y > 0 else 0.0
    return float(mask + np.logaddexp(0, -y * score) / 32)


def place_of(function: Callable[..., object]) -> None:
    """Exercise 9.4: where a window lies: `function(t, columns, stride, side, zoom)`."""
    zoom = ("At zoom 2 a pixel of the picture is two of the enlarged one: divide, and "
            "round nothing.")
    count = "Count rows first: t // columns is the row, t % columns the column."
    middle = "A window reaches half its side from its middle in all directions."
    asked = [
        (0, 1, 16, 32, 1.0, middle), (1, 4, 16, 160, 1.0, count),
        (7, 3, 16, 160, 1.0, count), (3, 4, 16, 160, 1.0, count),
        (5, 3, 5, 45, 2.0, zoom), (11, 5, 4, 96, 0.5, zoom),
    ]
    cases = [
        Case(f"window {t} of {columns} a row, stride {stride}, side {side}, zoom "
             f"{zoom:g}", (t, columns, stride, side, zoom),
             box_of(t, columns, stride, side, zoom), hint)
        for t, columns, stride, side, zoom, hint in asked
    ]
    report("Exercise 9.4", function, cases, agree=close, rule=f"{count} {middle}")


def box_of(
    t: int, columns: int, stride: int, side: int, zoom: float
) -> tuple[float, float, float, float]:
    """The box of a window in the picture, from its number.

    >>> box_of(5, 4, 16, 160, 1.0)
    (-64.0, -64.0, 96.0, 96.0)
    """
    y, x = (place * stride / zoom for place in divmod(t, columns))
    half = side / zoom / 2
    return x - half, y - half, x + half, y + half


def refine_once(function: Callable[..., object]) -> None:
    """Exercise 9.5: one step of refinement: `function(F, M, wF, wM)`."""
    F, M = np.array([[[1, -2], [3, 0]]]), np.array([[[1, 1], [-4, 2]]])
    rng = np.random.default_rng(5)
    cases = [
        Case("one place", (F[:, :1, :1], M[:, :1, :1], np.eye(1, dtype=int),
                           np.eye(1, dtype=int)), [[[2, 2], [2, 2]]],
             hint="Add what both convolutions say, cut at 0, and double the side."),
        Case("one channel, 2 x 2", (F, M, np.array([[2]]), np.array([[1]])),
             refined(F, M, np.array([[2]]), np.array([[1]])),
             hint="Cut at 0 what both say together, not each by itself."),
    ]
    weigh = "A 1 x 1 convolution weighs the channels of each place: np.einsum."
    for o, c, h, w, unit, hint in (
        (2, 2, 2, 2, 1, weigh),
        (3, 4, 3, 2, 0.5, "Nothing is square or whole here: take all sizes, and the "
                          "kind of numbers, from the arrays."),
    ):
        drawn = [rng.integers(-3, 4, shape) * unit for shape in (
            (c, h, w), (2, h, w), (o, c), (o, 2))]
        cases.append(Case(f"{c} channels of features, {h} x {w}", tuple(drawn),
                          refined(*drawn), hint))
    report("Exercise 9.5", function, cases,
           rule=f"{weigh} Then add, cut at 0, and double the side.")


def refined(F: Any, M: Any, wF: Any, wM: Any) -> Any:
    """The step place by place."""
    outputs, (_, h, w) = len(wF), F.shape
    large = np.zeros((outputs, 2 * h, 2 * w), F.dtype)
    for y in range(2 * h):
        for x in range(2 * w):
            both = wF @ F[:, y // 2, x // 2] + wM @ M[:, y // 2, x // 2]
            large[:, y, x] = np.maximum(both, 0)
    return large


GAIN = 0.01
"""At least so much more mean IoU with the objects than the masks had before."""


def sharpen(function: Callable[..., object]) -> None:
    """Exercise 9.6: sharper masks from the colours of the window's picture.

    `function(image, logits)` is given both in one size and returns a mask.
    """
    judge("Exercise 9.6", sharpened_trials(function),
          "the masks are nearer to the objects than before")


def sharpened_trials(function: Callable[..., object]) -> Iterator[Trial]:
    """A plain disc, then windows of scenes that nobody trained on."""
    y, x = np.indices((48, 48)) - 23.5
    disc = np.hypot(y, x) < 14
    image = np.where(disc[..., None], np.uint8([200, 90, 40]), np.uint8([30, 60, 90]))
    blurred = (14 - np.hypot(y, x * 0.7)) / 2
    yield Trial("a plain disc and a mask too wide",
                partial(function, image, blurred),
                partial(not_nearer, [disc], [blurred > 0]),
                "Inside and outside have colours of their own: which neighbours should "
                "a pixel listen to?")
    windows = [*some_windows()]
    yield Trial("windows of held-out scenes",
                lambda: np.stack([function(*one[:2]) for one in windows]),
                partial(not_nearer, [one[2] for one in windows],
                        [one[1] > 0 for one in windows]),
                "Neighbours may have the object's colour: let the logits decide "
                "whenever the colours say nothing.")


def some_windows() -> Iterator[tuple[Any, Any, Bool[np.ndarray, "s s"]]]:
    """Picture, logits and object of windows round the objects of some scenes."""
    from ifcn_lab.data.scenes import SCENE_SETS, SceneSet
    from ifcn_lab.models.sharpmask import SharpMask
    from ifcn_lab.windows.close_up import close_ups

    net = SharpMask.from_pretrained().eval()
    for sample in SceneSet(12, start=1_000_000, **SCENE_SETS["thin parts"]):
        for one in close_ups(net.trunk, sample):
            yield one.image, one.logits, one.truth


def not_nearer(
    truths: list[Bool[np.ndarray, "s s"]], before: list[Bool[np.ndarray, "s s"]],
    found: Any,
) -> str | None:
    """Say where masks are not nearer to the objects than they were."""
    found = np.asarray(found)
    found = found if found.ndim == 3 else found[None]
    wanted = (len(truths), *truths[0].shape)
    if found.shape != wanted or found.dtype != bool:
        return (f"Return a mask of {wanted[1]} x {wanted[2]}, True or False; yours is "
                f"{found.dtype} of shape {found.shape[1:]}.")
    least = mean_iou(before, truths) + GAIN
    now = mean_iou(found, truths)
    if now >= least:
        return None
    return (f"The mean IoU with the objects is {now:.3f}; it was {least - GAIN:.3f}, "
            f"and {least:.3f} is asked for.")


def mean_iou(found: Any, truths: Any) -> float:
    """The mean IoU of masks with their objects.

    >>> mean_iou([np.eye(2) > 0], [np.ones((2, 2)) > 0])
    0.5
    """
    pairs = [(np.asarray(a), np.asarray(b))
             for a, b in zip(found, truths, strict=True)]
    return float(np.mean([(a & b).sum() / max((a | b).sum(), 1) for a, b in pairs]))
