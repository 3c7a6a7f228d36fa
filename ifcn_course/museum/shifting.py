"""Mistakes about shifts and answers: lesson 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Shaped

from ifcn_course.museum.specimen import mistake

Map = Shaped[np.ndarray, "h w"]
Layer = Callable[[Map], Map]


@mistake(
    "Whole sides added",
    "It looks as if the whole sides of the kernels are added.",
    "A kernel of side s looks s // 2 pixels to every side.",
    "spoiled",
)
def sides_added(sides: Sequence[int]) -> int:
    """Counts both sides of the kernel and its middle."""
    return sum(sides)


@mistake(
    "Border of both sides",
    "It looks as if the rows at both edges are counted.",
    "Asked is one edge: s // 2 rows for each layer.",
    "spoiled",
)
def both_edges(sides: Sequence[int]) -> int:
    """Gives what top and bottom lose together."""
    return sum(side - 1 for side in sides)


@mistake(
    "Largest kernel only",
    "It looks as if only the largest kernel counts.",
    "Each layer spoils rows on top of those that are spoiled already: add.",
    "spoiled",
)
def largest_kernel(sides: Sequence[int]) -> int:
    """Forgets that the layers stand on each other."""
    return max(sides) // 2


@mistake(
    "Halved after adding",
    "It looks as if the sides are added before they are halved.",
    "Halve and round down for each layer, then add: sum(s // 2 for s in sides).",
    "spoiled",
)
def halved_too_late(sides: Sequence[int]) -> int:
    """Rounds once, where each layer rounds for itself."""
    return sum(sides) // 2


@mistake(
    "Layers counted",
    "It looks as if every layer spoils one row.",
    "Only 3 x 3 kernels do; a kernel of side s looks s // 2 pixels to every side.",
    "spoiled",
)
def layers_counted(sides: Sequence[int]) -> int:
    """Takes every kernel for 3 x 3."""
    return len(sides)


@mistake(
    "Frame not cut off",
    "It looks as if the frame is compared as well.",
    "Cut `frame` rows and columns off every side of both, then compare.",
    "commutes",
)
def frame_compared(layer: Layer, image: Map, shift: int, frame: int) -> bool:
    """Asks for equality up to the border, which padding spoils."""
    return np.array_equal(layer(image)[shift:], layer(image[shift:]))


@mistake(
    "Rows cut, columns not",
    "It looks as if the frame is cut off above and below only.",
    "The frame has four sides: cut columns as well.",
    "commutes",
)
def columns_compared(layer: Layer, image: Map, shift: int, frame: int) -> bool:
    """Leaves the left and the right side of the frame."""
    before, after = layer(image)[shift:], layer(image[shift:])
    return np.array_equal(before[frame:-frame], after[frame:-frame])


@mistake(
    "Image not shifted",
    "It looks as if the same thing is compared with itself.",
    "One side shifts the image before the layer, the other the answer behind it.",
    "commutes",
)
def nothing_shifted(layer: Layer, image: Map, shift: int, frame: int) -> bool:
    """Shifts the response on both sides."""
    before, after = layer(image)[shift:], layer(image)[shift:]
    inner = slice(frame, -frame)
    return np.array_equal(before[inner, inner], after[inner, inner])


@mistake(
    "Response not shifted",
    "It looks as if the response to the whole image is not shifted.",
    "Compare layer(image)[shift:] with layer(image[shift:]).",
    "commutes",
)
def response_not_shifted(layer: Layer, image: Map, shift: int, frame: int) -> bool:
    """Cuts rows off the end, so that the shapes fit all the same."""
    before, after = layer(image)[:-shift], layer(image[shift:])
    inner = slice(frame, -frame)
    return np.array_equal(before[inner, inner], after[inner, inner])


@mistake(
    "Strides added",
    "It looks as if the strides are added.",
    "A place of the second layer is strides[0] pixels: strides multiply.",
    "commuting_shifts",
)
def strides_added(strides: Sequence[int], most: int) -> list[int]:
    """Takes two strides of 2 for 4 and three of them for 6."""
    step = sum(strides)
    return list(range(step, most + 1, step))


@mistake(
    "Largest stride only",
    "It looks as if only the largest stride counts.",
    "Every layer with a stride makes the places larger: multiply all strides.",
    "commuting_shifts",
)
def largest_stride(strides: Sequence[int], most: int) -> list[int]:
    """Forgets that the layers stand on each other."""
    return list(range(max(strides), most + 1, max(strides)))


@mistake(
    "Last shift missed",
    "It looks as if the shift by `most` itself is missed.",
    "range(a, b) ends before b.",
    "commuting_shifts",
)
def last_shift_missed(strides: Sequence[int], most: int) -> list[int]:
    """Stops one pixel too early."""
    step = int(np.prod(strides))
    return list(range(step, most, step))


@mistake(
    "Zero as a shift",
    "It looks as if the list begins with 0.",
    "Shifts go from 1 to `most` pixels.",
    "commuting_shifts",
)
def zero_shift(strides: Sequence[int], most: int) -> list[int]:
    """Counts standing still as a shift."""
    step = int(np.prod(strides))
    return list(range(0, most + 1, step))


@mistake(
    "Least common multiple",
    "It looks as if the least common multiple of the strides is taken.",
    "A place of the second layer is a whole place of the first: strides multiply.",
    "commuting_shifts",
)
def common_multiple(strides: Sequence[int], most: int) -> list[int]:
    """Takes the strides for clocks that have to strike together."""
    step = int(np.lcm.reduce(strides))
    return list(range(step, most + 1, step))


@mistake(
    "Majority taken",
    "It looks as if the majority of the answers decides.",
    "Draw the curve of the mean loss: it is lowest between 0 and 1.",
    "best_answer",
)
def majority(answers: Sequence[int]) -> float:
    """Takes the median, which is what the loss |a - p| would want."""
    return float(np.median(answers))


@mistake(
    "Answers added",
    "It looks as if the answers are added and not divided by their number.",
    "The best answer lies between 0 and 1: take the mean.",
    "best_answer",
)
def answers_added(answers: Sequence[int]) -> Any:
    """Forgets to divide."""
    return sum(answers)


@mistake(
    "One half",
    "It looks as if the answer is always one half.",
    "One half is best only if as many windows want 1 as want 0.",
    "best_answer",
)
def always_half(answers: Sequence[int]) -> float:
    """Gives what fits two answers that contradict each other."""
    return 0.5
