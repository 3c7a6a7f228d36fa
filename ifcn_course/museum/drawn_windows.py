"""Mistakes of windows that draw their masks: lesson 9, DeepMask and SharpMask."""

from __future__ import annotations

from typing import Any

import numpy as np

from ifcn_course.museum.specimen import mistake


@mistake(
    "Equal counted as fewer",
    "It looks as if the same number of weights counts as fewer.",
    "Where inputs * outputs divides by their sum, the waist has to be one less.",
    "widest_waist",
)
def waist_of_equal_cost(inputs: int, outputs: int) -> int:
    """Forgets that equal is not fewer."""
    return inputs * outputs // (inputs + outputs)


@mistake(
    "As wide as it can be",
    "It looks as if the smaller of the two sides is the answer.",
    "That is the largest rank there is; two layers of that rank have more weights.",
    "widest_waist",
)
def waist_of_full_rank(inputs: int, outputs: int) -> int:
    """Gives the rank of the full matrix."""
    return min(inputs, outputs)


@mistake(
    "First bias forgotten",
    "It looks as if the bias of the first layer is lost.",
    "The second layer multiplies it too: second @ b1 + b2.",
    "one_layer",
)
def first_bias_forgotten(first: Any, b1: Any, second: Any, b2: Any) -> Any:
    """Keeps the last bias alone."""
    return np.column_stack([second @ first, b2])


@mistake(
    "Second bias forgotten",
    "It looks as if the bias of the second layer is lost.",
    "It is added last: second @ b1 + b2.",
    "one_layer",
)
def second_bias_forgotten(first: Any, b1: Any, second: Any, b2: Any) -> Any:
    """Takes the first bias through the second layer, and stops."""
    return np.column_stack([second @ first, second @ b1])


@mistake(
    "A ReLU between the layers",
    "It looks as if a ReLU stands between the two layers.",
    "Nothing stands there: with a ReLU they would not be one matrix at all.",
    "one_layer",
)
def relu_between(first: Any, b1: Any, second: Any, b2: Any) -> Any:
    """Cuts the first layer at 0."""
    first, b1 = np.maximum(first, 0), np.maximum(b1, 0)
    return np.column_stack([second @ first, second @ b1 + b2])


@mistake(
    "Mask loss on negative windows",
    "It looks as if the mask costs something on negative windows too.",
    "With y = -1 the mask's part is 0: no object is in the middle to be drawn.",
    "window_loss",
)
def drawn_on_negatives(f: Any, m: Any, score: float, y: int) -> float:
    """Forgets the gate."""
    return float(np.logaddexp(0, -m * f).mean() + np.logaddexp(0, -y * score) / 32)


@mistake(
    "Labels 0 and 1",
    "It looks as if labels were made 0 and 1 inside a loss for -1 and +1.",
    "With label 0 the product is 0, so background is never told anything.",
    "window_loss",
)
def zero_for_background(f: Any, m: Any, score: float, y: int) -> float:
    """Makes -1 a 0, in the mask."""
    mask = np.logaddexp(0, -(m + 1) / 2 * f).mean() * (1 + y) / 2
    return float(mask + np.logaddexp(0, -y * score) / 32)


@mistake(
    "Sum instead of mean",
    "It looks as if the loss of the mask is a sum over its places.",
    "Divide by w * h, so that a finer mask does not weigh more.",
    "window_loss",
)
def summed_over_places(f: Any, m: Any, score: float, y: int) -> float:
    """Adds up the places."""
    mask = np.logaddexp(0, -m * f).sum() * (1 + y) / 2
    return float(mask + np.logaddexp(0, -y * score) / 32)


@mistake(
    "Weight 1/32 on the wrong part",
    "It looks as if the mask has the weight 1/32, not the score.",
    "The score's part is the small one: mask + score / 32.",
    "window_loss",
)
def light_mask(f: Any, m: Any, score: float, y: int) -> float:
    """Weighs the mask."""
    mask = np.logaddexp(0, -m * f).mean() * (1 + y) / 2
    return float(mask / 32 + np.logaddexp(0, -y * score))


@mistake(
    "One for all",
    "It looks as if the label of the window is left out of the score's part.",
    "A negative window wants a low score: log(1 + exp(-y * score)).",
    "window_loss",
)
def every_window_positive(f: Any, m: Any, score: float, y: int) -> float:
    """Teaches every window to score high."""
    mask = np.logaddexp(0, -m * f).mean() * (1 + y) / 2
    return float(mask + np.logaddexp(0, -score) / 32)


def box_round(
    row: float, column: float, stride: float, side: float, zoom: float
) -> tuple[float, ...]:
    """The box round a place, as (x0, y0, x1, y1)."""
    y, x, half = row * stride / zoom, column * stride / zoom, side / zoom / 2
    return x - half, y - half, x + half, y + half


@mistake(
    "x and y exchanged",
    "It looks as if the row is taken for x and the column for y.",
    "The row counts downwards, so it is y; a box begins with x.",
    "place_of",
)
def row_as_x(t: int, columns: int, stride: int, side: int, zoom: float) -> Any:
    """Gives (y0, x0, y1, x1)."""
    return box_round(t % columns, t // columns, stride, side, zoom)


@mistake(
    "Multiplied by the zoom",
    "It looks as if places are multiplied by the zoom.",
    "The picture was made larger; on the way back everything is divided.",
    "place_of",
)
def zoomed_twice(t: int, columns: int, stride: int, side: int, zoom: float) -> Any:
    """Enlarges once more."""
    return box_round(t // columns, t % columns, stride, side, 1 / zoom)


@mistake(
    "Stride forgotten",
    "It looks as if a place counts as one pixel.",
    "Neighbouring windows stand `stride` pixels apart: multiply by it.",
    "place_of",
)
def places_as_pixels(t: int, columns: int, stride: int, side: int, zoom: float) -> Any:
    """Leaves the stride out."""
    return box_round(t // columns, t % columns, 1, side, zoom)


@mistake(
    "Side not divided",
    "It looks as if the window has its full side in the picture at any zoom.",
    "The window's side is of the enlarged picture: divide it by the zoom too.",
    "place_of",
)
def side_at_every_zoom(t: int, columns: int, stride: int, side: int, zoom: float
                       ) -> Any:
    """Divides the middle alone."""
    return box_round(t // columns, t % columns, stride / zoom, side, 1)


@mistake(
    "Counted from 1, cut from 0",
    "It looks as if the window one row up and one column right was meant at times.",
    "t counts from 0 here: the row is t // columns, the column t % columns.",
    "place_of",
)
def neighbours_mask(t: int, columns: int, stride: int, side: int, zoom: float) -> Any:
    """As released: a count from 1, its row by t // w, its column by t % w + 1."""
    one = t + 1
    row, column = one // columns, one % columns + 1      # both meant to count from 1
    return box_round(row - 1, column - 1, stride, side, zoom)


@mistake(
    "Corner instead of middle",
    "It looks as if the place is the window's corner.",
    "A place is the window's middle: go back half a side.",
    "place_of",
)
def corner_at_the_place(
    t: int, columns: int, stride: int, side: int, zoom: float
) -> Any:
    """Begins at the middle."""
    half = side / 2 / stride
    return box_round(t // columns + half, t % columns + half, stride, side, zoom)


def large(both: Any) -> Any:
    """Every place four times."""
    return both.repeat(2, 1).repeat(2, 2)


@mistake(
    "ReLU forgotten",
    "It looks as if negative sums are passed on.",
    "The step cuts what both convolutions say together at 0.",
    "refine_once",
)
def uncut_step(F: Any, M: Any, wF: Any, wM: Any) -> Any:
    """Adds and enlarges."""
    return large(np.einsum("oc,chw->ohw", wF, F) + np.einsum("oc,chw->ohw", wM, M))


@mistake(
    "Each cut by itself",
    "It looks as if both convolutions are cut at 0 before they are added.",
    "Add first: features have to be able to take back what the mask says.",
    "refine_once",
)
def cut_before_adding(F: Any, M: Any, wF: Any, wM: Any) -> Any:
    """Puts a ReLU behind each convolution."""
    features = np.maximum(np.einsum("oc,chw->ohw", wF, F), 0)
    return large(features + np.maximum(np.einsum("oc,chw->ohw", wM, M), 0))


@mistake(
    "Features left out",
    "It looks as if the mask alone goes through the step.",
    "What is new comes from the features beside it: add their convolution.",
    "refine_once",
)
def no_lateral(F: Any, M: Any, wF: Any, wM: Any) -> Any:
    """Enlarges what the mask knew already."""
    return large(np.maximum(np.einsum("oc,chw->ohw", wM, M), 0))


@mistake(
    "Tiled, not enlarged",
    "It looks as if the small mask stands there four times.",
    "Each place becomes 2 x 2 places beside each other: np.repeat, not np.tile.",
    "refine_once",
)
def tiled_step(F: Any, M: Any, wF: Any, wM: Any) -> Any:
    """Uses `np.tile`."""
    both = np.einsum("oc,chw->ohw", wF, F) + np.einsum("oc,chw->ohw", wM, M)
    return np.tile(np.maximum(both, 0), (1, 2, 2))


@mistake(
    "One channel of mask",
    "It looks as if the channels of the mask are added up before they are weighed.",
    "M is no mask yet but several numbers a place: each has its own weight.",
    "refine_once",
)
def mask_of_one_channel(F: Any, M: Any, wF: Any, wM: Any) -> Any:
    """Takes M for a single channel."""
    mask = wM[:, :1, None] * M.sum(0)
    both = np.einsum("oc,chw->ohw", wF, F) + mask
    return large(np.maximum(both, 0))


@mistake(
    "Features slid aside",
    "It looks as if the features stand one place off the mask.",
    "Features and mask have to be cut at the same window before they meet.",
    "refine_once",
)
def slid_lateral(F: Any, M: Any, wF: Any, wM: Any) -> Any:
    """Cuts the features without the border that they were given."""
    aside = np.roll(F, (1, 1), (1, 2))
    both = np.einsum("oc,chw->ohw", wF, aside) + np.einsum("oc,chw->ohw", wM, M)
    return large(np.maximum(both, 0))
