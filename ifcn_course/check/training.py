"""Checks of lesson 5: the label of a window, the loss of a pixel, counting copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Int, UInt8

from ifcn_course.check.properties import Trial, judge
from ifcn_course.check.report import Case, close, report
from ifcn_course.check.values import array_of, same
from ifcn_lab.grid import Grid


def octaves_off(function: Callable[..., object]) -> None:
    """Exercise 5.1: how many octaves an object is off, as `function(length, right)`."""
    asked = [
        (48, 48, "Exactly the right size is 0 octaves off."),
        (96, 48, "Twice the right size is one octave off: log2(2) = 1."),
        (24, 48, "Half the right size is one octave off too: take the absolute value."),
        (60, 48, "A quarter more is log2(1.25) octaves."),
        (17, 59, "Divide first, then take np.log2."),
    ]
    cases = [Case(f"length {length}, right size {right}", (length, right),
                  abs(np.log2(length / right)), hint) for length, right, hint in asked]
    report("Exercise 5.1", function, cases, agree=close, rule="Octaves count factors "
           "of 2, up or down: 0 for the right size, 1 for twice or half of it.")


def label(function: Callable[..., object]) -> None:
    """Exercise 5.2: label of a window, as `function(distance, octaves, rule)`."""
    from ifcn_lab.windows.labels import WindowRule

    rules = {n: WindowRule(center_tolerance=n * 0.1, scale_tolerance=n * 0.3,
                           negative_center=n * 0.2, negative_scale=n * 1.0)
             for n in (1, 2)}
    asked = [
        (0.0, 0.0, 1, "Nothing is off: positive."),
        (0.5, 0.0, 0, "Far from the middle: negative, however well the size fits."),
        (0.0, 1.5, 0, "Of another size altogether: negative, however well it stands."),
        (0.15, 0.0, -1, "Between the two tolerances: ignored."),
        (0.0, 0.6, -1, "Between the two tolerances of size: ignored."),
        (0.1, 0.3, 1, "At a tolerance itself it is still positive: use <=."),
        (0.2, 0.0, 0, "At negative_center itself it is negative already: use >=."),
        (0.0, 1.0, 0, "At negative_scale itself it is negative already: use >=."),
        (0.05, 0.6, -1, "Positive needs both: the middle and the size."),
    ]
    cases = [
        Case(f"{n * distance} of the side off, {n * octaves} octaves off, "
             f"negative_scale {n:.1f}", (n * distance, n * octaves, rule), expected,
             hint)
        for n, rule in rules.items() for distance, octaves, expected, hint in asked
    ]
    report("Exercise 5.2", function, cases, rule="Positive: both within tolerance. "
           "Negative: one of them at its limit or beyond. Else ignored.")


def pixel_loss(function: Callable[..., object]) -> None:
    """Exercise 5.3: the logistic loss, as `function(logit, target)`."""
    asked = [
        (0.0, 1, "At logit 0 the probability is 1/2 and the loss ln 2."),
        (2.0, 1, "The loss is -log(p) for target 1."),
        (2.0, 0, "For target 0 it is -log(1 - p)."),
        (-1.5, 0.25, "A target between 0 and 1 mixes both terms."),
        *((40.0, t, "There the computer's p is exactly 1: never take log(1 - p) of it.")
          for t in (0, 0.25)),
    ]
    cases = [
        Case(f"logit {logit}, target {target}", (logit, target),
             np.logaddexp(0.0, logit) - target * logit, hint)
        for logit, target, hint in asked
    ]
    report("Exercise 5.3", function, cases, agree=close, rule="With p = 1 / (1 + "
           "exp(-logit)) the loss is -target log(p) - (1 - target) log(1 - p).")


def count_copies(function: Callable[..., object]) -> None:
    """Exercise 5.4: how often each score is copied, `function(centers, k, m, H, W)`."""
    asked = [
        ([(1, 2)], 1, 1, 2, 3, "One place is copied, at row 1 and column 2."),
        ([(1, 1)], 1, 3, 3, 3, "One window: it copies every score once."),
        ([(1, 1)] * 3, 1, 3, 3, 3, "The same window thrice: every score counts 3."),
        ([(2, 2)], 2, 4, 5, 5, "Place (i, j) is read from map channel[i, j]."),
        ([(0, 6), (4, 1)], 2, 4, 5, 7, "Off the map nothing is copied: skip it."),
        ([(4, 4), (4, 5), (7, 2)], 3, 7, 9, 9, "The window's first row is y - m // 2."),
        ([(4, 4), (1, 3)], 5, 7, 8, 9, "Parts differ in width: use i * k // m."),
        ([(9, 8)], 4, 14, 17, 15, "Parts differ in width: use i * k // m."),
    ]
    cases = []
    for centers, k, m, height, width, hint in asked:
        expected = copies(np.array(centers), k, m, (height, width))
        windows = "1 window" if len(centers) == 1 else f"{len(centers)} windows"
        what = f"k = {k}, m = {m}, {windows} on {height} x {width} places"
        cases.append(Case(what, (centers, k, m, height, width), expected, hint))
    report("Exercise 5.4", function, cases, rule="Every place (i, j) of every window "
           "that lies on the map adds 1, to its map, at its row and column.")


def copies(
    centers: Int[np.ndarray, "N 2"], k: int, m: int, shape: tuple[int, int]
) -> Int[np.ndarray, "kk H W"]:
    """How often every score of every map is copied by windows at these centres.

    >>> copies(np.array([[0, 0]]), 1, 3, (2, 2)).tolist()
    [[[1, 1], [1, 1]]]
    """
    counts = np.zeros((k * k, *shape), np.int64)
    channel = Grid(k, m).channel                                      # (m, m)
    for center in centers:
        i, j = np.indices((m, m))
        y, x = center[0] - m // 2 + i, center[1] - m // 2 + j
        on = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])    # (m, m)
        np.add.at(counts, (channel[on], y[on], x[on]), 1)
    return counts


DRAWS, KINDS, AGREE, TWINS = 40, 4, 0.97, 10
"""How often a picture is changed, how many different outcomes are asked for, which
share of the pixels must still have the colour of what they belong to, and how many
seeds are drawn twice."""


def augment(function: Callable[..., object]) -> None:
    """Exercise 5.5: another picture and its masks, as `function(image, masks, rng)`."""
    judge("Exercise 5.5", augment_trials(function),
          "picture and masks agree, whatever is drawn")


def augment_trials(function: Callable[..., object]) -> Iterator[Trial]:
    """Form, agreement, objects, chance: what an augmentation has to keep."""
    image, masks = flags()

    def draw(seed: int) -> Any:
        return function(image.copy(), masks.copy(), np.random.default_rng(seed))

    def drawn() -> list:
        return [each for seed in range(TWINS) for each in draw(seed)]

    yield Trial("the form of what is returned", partial(draw, 0), misshapen,
                "Return two arrays: the picture (h, w, 3) and its masks (N, h, w).")
    for seed in range(DRAWS):
        yield Trial(f"a picture of 3 objects, seed {seed}", partial(draw, seed), parted)
    yield Trial("the same seeds twice", lambda: (drawn(), drawn()), unlike_twins,
                "Draw everything from rng: then a run can be repeated.")
    yield Trial(f"{DRAWS} seeds", lambda: [draw(seed)[1] for seed in range(DRAWS)],
                too_alike, "Several changes, each drawn on its own, make many kinds.")


def flags() -> tuple[UInt8[np.ndarray, "h w 3"], Bool[np.ndarray, "N h w"]]:
    """A picture where a colour says what each pixel is: dark ground and 3 objects.

    No object is its own mirror image, and the picture is wider than it is high. Colours
    vary by a little, so that numbers that overflow tear an object in two; none lies
    between two others, so that a soft border looks like no third region.
    """
    masks = np.zeros((3, 48, 64), bool)
    masks[0, 6:26, 8:14] = masks[0, 20:26, 8:30] = True
    masks[1, 10:20, 40:58] = masks[1, 20:30, 52:58] = True
    masks[2] = np.tri(48, 64, -14, bool) & (np.arange(48)[:, None] > 30)
    masks[2] &= ~masks[:2].any(0)
    colours = np.array([[16, 20, 24], [110, 30, 20], [20, 190, 140], [240, 110, 242]])
    grain = np.arange(48 * 64).reshape(48, 64, 1) * 5 % 21 - 10
    number = (masks * np.array([1, 2, 3])[:, None, None]).sum(0)
    return (colours[number] + grain).astype(np.uint8), masks


def misshapen(returned: Any) -> str | None:
    """Say where this is no picture with masks."""
    if not isinstance(returned, (tuple, list)) or len(returned) != 2:
        return "Expected are two things: `return image, masks`."
    image, masks = map(array_of, returned)
    if image.dtype != np.uint8 or image.shape[2:] != (3,):
        return (f"The picture has to be uint8 (h, w, 3); yours is {image.dtype} "
                f"{image.shape}.")
    if masks.dtype != bool or masks.ndim != 3 or masks.shape[1:] != image.shape[:2]:
        return (f"The masks have to be bool {('N', *image.shape[:2])}; yours are "
                f"{masks.dtype} {masks.shape}.".replace("'", ""))
    return None


def parted(returned: Any) -> str | None:
    """Say where masks no longer lie on their objects, or objects are gone."""
    problem = misshapen(returned)
    if problem:
        return problem
    image, masks = map(array_of, returned)
    if len(masks) == 0 or not masks.any((1, 2)).all():
        return "A mask has no pixel left. Drop it, and keep at least one object."
    if own_colour(image, masks) >= AGREE:
        return None
    return ("Picture and masks no longer agree: too many pixels have the colour of "
            "another object, or of the ground.\n"
            "Rows are axis 0 of the picture (h, w, 3) and axis 1 of the masks "
            "(N, h, w).")


def own_colour(
    image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "N h w"]
) -> float:
    """The share of pixels that are nearest to the usual colour of their own region.

    >>> own_colour(*flags())
    1.0
    """
    regions = np.concatenate([~masks.any(0)[None], masks])        # ground, objects
    usual = [np.median(image[region], axis=0) for region in regions if region.any()]
    regions = regions[regions.any((1, 2))]
    far = [np.abs(image - each).sum(-1) for each in usual]        # (regions, h, w)
    alike = len(np.unique(np.round(usual), axis=0)) < len(usual)
    return 0.0 if alike else float(regions[np.argmin(far, 0), *np.indices(far[0].shape)]
                                   .mean())


def unlike_twins(returned: Any) -> str | None:
    """Say where the same seed gave two different pictures."""
    one, other = returned
    if all(same(array_of(a), array_of(b)) for a, b in zip(one, other, strict=True)):
        return None
    return "The same seed has to give the same picture and the same masks."


def too_alike(returned: Any) -> str | None:
    """Say where there are too few kinds of masks."""
    kinds = len({(mask.shape, mask.tobytes()) for mask in map(array_of, returned)})
    if kinds >= KINDS:
        return None
    return f"There are {kinds} different sets of masks; at least {KINDS} are asked."
