"""Lesson 1: shifts, strides, frames, and pixels that need two answers."""

from __future__ import annotations

import numpy as np

from ifcn_course.assignment.variant import Draws
from ifcn_course.exam.figures import grids
from ifcn_course.exam.question import Question, calculation, fault


def moved_by(draws: Draws) -> Question:
    """By how many places the maps move."""
    strides = draws.one("strides", [[2, 2, 2], [2, 3, 2], [3, 2, 1], [4, 2, 1]])
    step = int(np.prod(strides))
    pixels = step * draws.whole("places", 2, 6)
    return calculation(
        f"Three layers, one after the other, have the strides {strides}. The picture "
        f"moves {pixels} pixels to the right. By how many places do the maps of the "
        "third layer move, far from the border?", pixels // step,
        f"A place of the third map is {step} pixels wide: strides are multiplied.",
        [(pixels // sum(strides), "strides added"), (pixels, "pixels taken for places"),
         (pixels // strides[-1], "the last layer's stride alone"),
         (pixels // strides[0], "the first layer's stride alone")])


def spoiled_frame(draws: Draws) -> Question:
    """How broad the frame is that padding spoils."""
    count = draws.whole("count", 3, 5)
    sizes = [draws.one(f"side {n}", [3, 5, 7]) for n in range(count)]
    return calculation(
        f"A network has convolutions of the sides {sizes}, each with stride 1 and "
        "padded with zeros so that the picture keeps its size. How many rows at the "
        "upper border of its output can depend on these zeros?",
        sum(size // 2 for size in sizes),
        "A kernel of side s looks s // 2 pixels far, and each layer adds what it "
        "looks.",
        [(sum(sizes), "whole sides added"), (len(sizes), "one row for each layer"),
         (max(sizes) // 2, "the largest kernel alone"),
         (sum(size - 1 for size in sizes), "both sides of the kernel counted")])


def two_coins(draws: Draws) -> Question:
    """Whether two equal objects get equal scores."""
    fits = draws.one("fits", [True, False])
    down, right = (8 * draws.whole(f"shift {n}", 9, 20) for n in range(2))
    down += 0 if fits else draws.whole("rest", 2, 6)
    same = "The same numbers at corresponding places."
    near = "Similar numbers, which need not be the same at any place."
    wrong = {near: "Both shifts are multiples of the stride, so the network sees the "
                   "same pixels twice."} if fits else {
             same: f"{down} is no multiple of 8, so the second coin lies otherwise "
                   "under the places of the map."}
    return Question(
        "A picture shows the same coin twice, far from the border and from one "
        f"another, to the last pixel alike; the second lies {down} pixels below and "
        f"{right} to the right of the first. What does a fully convolutional network "
        "of stride 8 say of the two coins?", same if fits else near,
        "Equal surroundings give equal answers where the shift is a multiple of the "
        "stride.", wrong | {
            "Different numbers: every place of the picture has weights of its own.":
                "Weights are the same everywhere.",
            "High scores on the first coin only, as it was found already.":
                "A convolution does not know what it has found elsewhere."})


def torn_pixels(draws: Draws) -> Question:
    """Pixels for which one map would have to say yes and no."""
    split, high = draws.whole("split", 4, 5), draws.whole("high", 3, 4)
    shift = draws.whole("shift", 2, 3)
    picture = np.full((7, 10), "", object)
    picture[1:1 + high, 1:split] = "A"
    picture[1:1 + high, split:split + 3] = "B"
    left, right = (0, 0, 6, 6), (shift, 1, shift + 6, 7)
    both = picture[1:6, shift:6]
    count = int((both != "").sum())
    return calculation(
        "Objects A and B touch. Window 1 asks which pixels belong to A, window 2 which "
        "belong to B. For how many pixels do the two windows want *different* answers "
        "from a network that has one score map?", count,
        "Pixels that lie in both windows and on one of the objects: one window wants "
        "yes there and the other no. On the ground both want no.",
        [(both.size, "pixels of the ground counted too"),
         (int((both == "A").sum()), "pixels of A only"),
         (int((both == "B").sum()), "pixels of B only"),
         (int((picture != "").sum()), "pixels of both objects, also outside a window")],
        grids({"": picture}, f"Two objects that touch, A and B, on 7 x 10 pixels, and "
              f"two windows {left} and {right}.", {"1": left, "2": right}))


def follows(draws: Draws) -> Question:
    """A test of equivariance with a fault."""
    return fault(
        "These lines test whether a padded layer of stride 1 follows a shift by s "
        "pixels to the right (`np.roll` moves the columns to the right). A frame of "
        "`frame` places is left out.", """\
before = layer(image)
after = layer(np.roll(image, s, axis=1))
one, other = after[:, s:], before[:, :-s]
one, other = one[frame:-frame, frame:-frame], other[frame:-frame, frame:-frame]
return np.array_equal(one, other)""",
        [(3, "one, other = after[:, :-s], before[:, s:]",
          "It compares with a shift to the left, so a right layer fails."),
         (2, "after = np.roll(layer(image), s, axis=1)",
          "It moves the answer, not the picture, so every layer passes."),
         (5, "return np.array_equal(one, one)",
          "It compares the answer with itself, so every layer passes.")],
        draws.whole("fault", 0, 2))


QUESTIONS = (moved_by, spoiled_frame, two_coins, torn_pixels, follows)
