"""Checks of lesson 1: the border, the shift test, strides, one answer for many windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Shaped

from ifcn_course.check.properties import Trial, judge
from ifcn_course.check.report import Case, close, report
from ifcn_course.check.values import array_of

Map = Shaped[np.ndarray, "h w"]


def spoiled(function: Callable[..., object]) -> None:
    """Exercise 1.1: the rows at an edge that a pile of layers of stride 1 spoils."""
    looks = "A kernel of side s looks s // 2 pixels to every side."
    cases = [
        Case("one 3 x 3 layer", ([3],), 1, looks),
        Case("one 1 x 1 layer", ([1],), 0, "It looks at one pixel only."),
        Case("one 7 x 7 layer", ([7],), 3, looks),
        Case("sides 3, 3, 3", ([3, 3, 3],), 3, "Each layer adds what it looks."),
        Case("sides 3, 5", ([3, 5],), 3, "Each layer adds what it looks."),
        Case("sides 5, 1, 3", ([5, 1, 3],), 3, "Each layer adds what it looks."),
        Case("thirteen 3 x 3 layers", ([3] * 13,), 13),
    ]
    report("Exercise 1.1", function, cases, rule=looks)


def commutes(function: Callable[..., object]) -> None:
    """Exercise 1.2: does a layer give the same after a shift, away from the border?"""
    image = np.arange(48).reshape(8, 6) ** 2 % 31
    crop = "Compare layer(image)[shift:] with layer(image[shift:])."
    every = "Every pixel inside the frame has to be the same."
    inner = "Cut `frame` rows and columns off every side of both before you compare."
    cases = [
        Case("a layer that doubles", (double, image, 1, 1), True, crop),
        Case("a layer that adds the row number", (add_row, image, 2, 1), False,
             "This layer knows where it is, so the two must differ."),
        Case("a 3 x 3 sum, frame = 1", (box_sum, image, 2, 1), True, inner),
        Case("two 3 x 3 sums, frame = 1", (box_sum_twice, image, 2, 1), False,
             "Two layers spoil two rows; a frame of 1 is too thin, so: False."),
        Case("two 3 x 3 sums, frame = 2", (box_sum_twice, image, 2, 2), True, inner),
        *(Case(f"a layer that changes the {side}", (partial(spoil, at), image, 1, 1),
               True, inner) for side, at in SIDES.items()),
        Case("a 3 x 3 sum, frame = 2", (box_sum, image, 1, 2), True, inner),
        Case("a layer that exchanges two pixels", (exchange, image, 1, 1), False,
             every),
        Case("a layer that changes a pixel slightly", (nudge, image, 1, 1), False,
             every),
        Case("a layer that turns the image over", (turn_over, image, 1, 1), False,
             crop),
    ]
    report("Exercise 1.2", function, cases, agree=same_truth, rule="Compare what the "
           "layer makes of the shifted image with what it made before, shifted alike, "
           "inside the frame.")


def commuting_shifts(function: Callable[..., object]) -> None:
    """Exercise 1.3: the shifts with which a pile of strided layers commutes."""
    cases = [
        Case("one layer of stride 4", ([4], 8), [4, 8],
             "A shift must be a whole number of steps."),
        Case("one layer of stride 1", ([1], 3), [1, 2, 3]),
        Case("strides 2 and 2", ([2, 2], 9), [4, 8],
             "The second layer steps 2 places of the first: 2 * 2 pixels."),
        Case("strides 3 and 2", ([3, 2], 13), [6, 12]),
        Case("strides 2, 1 and 3", ([2, 1, 3], 20), [6, 12, 18]),
        Case("strides 2, 2, 2, as in VGG-16 here", ([2, 2, 2], 16), [8, 16]),
    ]
    report("Exercise 1.3", function, cases, rule="How many pixels is one step of the "
           "last layer? List its multiples from 1 to `most`.")


def best_answer(function: Callable[..., object]) -> None:
    """Exercise 1.4: the one score with the smallest loss over several answers."""
    cases = [
        Case("the answers 1, 0", ([1, 0],), 0.5,
             "One of two windows says object."),
        Case("the answers 1, 1, 1, 0", ([1, 1, 1, 0],), 0.75,
             "Three of four windows say object."),
        Case("the answers 0, 0", ([0, 0],), 0.0,
             "Nobody says object."),
    ]
    report("Exercise 1.4", function, cases, agree=close, rule="Draw the curve of the "
           "mean loss: which score is exactly where it is lowest?")


def halve(function: Callable[..., object]) -> None:
    """Exercise 1.5: a half of a picture that follows every shift, `function(image)`."""
    judge("Exercise 1.5", halve_trials(function),
          "your halves follow every shift that was tried")


def halve_trials(function: Callable[..., object]) -> Iterator[Trial]:
    """Pictures, smallest first, as they are and shifted; no number stands in one twice.
    """
    small = np.array([[7, 2, 11, 20], [0, 15, 4, 9], [5, 1, 13, 3], [6, 30, 8, 10]])
    large = np.random.default_rng(5).permutation(48).reshape(6, 8) ** 2
    for image in (small, large):
        size = f"{image.shape[0]} x {image.shape[1]} pixels"
        yield Trial(f"a picture of {size}", partial(function, image.copy()),
                    partial(no_half, image),
                    "Take every second row and every second column.")
        for shift in ((1, 0), (0, 1), (1, 1), (2, 0), (3, 5)):
            yield Trial(f"a picture of {size}, shifted by {shift}",
                        partial(halves, function, image, shift),
                        partial(lags, image, shift),
                        "Choose by what is in a half, not by where it begins.")


def halves(
    function: Callable[..., object], image: Map, shift: tuple[int, int]
) -> tuple[Any, Any]:
    """What a learner's function makes of a picture and of the shifted picture."""
    moved = np.roll(image, shift, axis=(0, 1))
    return function(image.copy()), function(moved)


def no_half(image: Map, half: Any) -> str | None:
    """Say where something is none of a picture's four halves."""
    half = array_of(half)
    four = [image[a::2, b::2] for a in (0, 1) for b in (0, 1)]
    if any(np.array_equal(half, each) for each in four):
        return None
    return "Yours is none of the four halves image[a::2, b::2]."


def lags(image: Map, shift: tuple[int, int], both: tuple[Any, Any]) -> str | None:
    """Say where the half of the shifted picture is another than before."""
    before, after = map(array_of, both)
    problem = no_half(np.roll(image, shift, axis=(0, 1)), after)
    if problem:
        return problem
    rows, columns = np.shape(before)
    moves = ((r, c) for r in range(rows) for c in range(columns))
    if any(np.array_equal(np.roll(before, move, (0, 1)), after) for move in moves):
        return None
    return (f"Before the shift your half began with {np.ravel(before)[0]}; that number "
            f"{'is still' if np.isin(np.ravel(before)[0], after) else 'is not'} in it.")


def same_truth(yours: np.ndarray, expected: np.ndarray) -> bool:
    """Whether both are one truth value, True or np.True_ alike."""
    return yours.shape == () and bool(yours == expected)


def double(image: Map) -> Map:
    """Looks at one pixel only."""
    return 2 * image


def add_row(image: Map) -> Map:
    """Knows in which row it is: not equivariant."""
    return image + np.arange(len(image))[:, None]


def box_sum(image: Map) -> Map:
    """Sum of every 3 x 3 neighbourhood, zeros outside the image."""
    padded = np.pad(image, 1)
    h, w = image.shape
    return sum(padded[i : i + h, j : j + w] for i in range(3) for j in range(3))


def box_sum_twice(image: Map) -> Map:
    """Two layers: what the border spoils is two pixels wide."""
    return box_sum(box_sum(image))


SIDES = {"first column": (slice(None), 0), "last column": (slice(None), -1),
         "last row": (-1, slice(None))}


def spoil(at: tuple[slice | int, slice | int], image: Map) -> Map:
    """Changes one side, which a frame hides."""
    image = image.copy()
    image[at] = len(image)
    return image


def exchange(image: Map) -> Map:
    """Exchanges two pixels inside the frame: sum and values stay the same."""
    image = image.copy()
    image[3, [2, 3]] = image[3, [3, 2]]
    return image


def nudge(image: Map) -> Map:
    """Changes one pixel by little: no mean or tolerance shows it."""
    image = image + 0.0
    image[3, 2] += 1 / 64
    return image


def turn_over(image: Map) -> Map:
    """The last row first: what moved down moves up."""
    return image[::-1]
