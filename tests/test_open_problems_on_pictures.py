"""Open problems and one-liners of lessons 5 to 7: many answers pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from open_cases import said, stub
from scipy import ndimage

from ifcn_course.check.training import flags, own_colour
from ifcn_lab.metrics import mask_iou

# lesson 5


def mirrored(image: Any, masks: Any, rng: Any) -> Any:
    if rng.random() < 0.5:
        image, masks = image[:, ::-1], masks[:, :, ::-1]
    if rng.random() < 0.5:
        image, masks = image[::-1], masks[:, ::-1]
    bright = np.clip(image * rng.uniform(0.7, 1.3), 0, 255)
    return bright.astype(np.uint8), masks


def turned(image: Any, masks: Any, rng: Any) -> Any:
    quarter = rng.integers(4)
    return np.rot90(image, quarter), np.rot90(masks, quarter, (1, 2))


def tilted(image: Any, masks: Any, rng: Any) -> Any:
    angle = rng.uniform(-30, 30)
    soft = ndimage.rotate(masks.astype(float), angle, (2, 1), False, order=1)
    masks = soft > 0.5
    turned_image = ndimage.rotate(image, angle, (1, 0), False, order=1)
    return turned_image, masks[masks.any((1, 2))]


def cut_out(image: Any, masks: Any, rng: Any) -> Any:
    y, x = rng.integers(0, 14, 2)
    masks = masks[:, y : y + 34, x : x + 50]
    return image[y : y + 34, x : x + 50], masks[masks.any((1, 2))]


def zoomed(image: Any, masks: Any, rng: Any) -> Any:
    z = rng.uniform(0.7, 1.5)
    soft = ndimage.zoom(masks.astype(float), (1, z, z), order=1)
    return ndimage.zoom(image, (z, z, 1), order=1), soft > 0.5


def noisy(image: Any, masks: Any, rng: Any) -> Any:
    image, masks = mirrored(image, masks, rng)
    grain = image + rng.normal(0, 8, image.shape)
    return np.clip(grain, 0, 255).astype(np.uint8), masks


def listed(image: Any, masks: Any, rng: Any) -> Any:
    return list(mirrored(image, masks, rng))


@pytest.mark.parametrize(
    "answer", [mirrored, turned, tilted, cut_out, zoomed, noisy, listed])
def test_pictures_may_be_changed_in_any_way(answer: Callable, capsys) -> None:
    assert "5.5: correct" in said("augment", answer, capsys)


def same_slice(image: Any, masks: Any, rng: Any) -> Any:
    return (image[:, ::-1], masks[:, ::-1]) if rng.random() < 0.5 else (image, masks)


def image_alone(image: Any, masks: Any, rng: Any) -> Any:
    return (image[::-1] if rng.random() < 0.5 else image), masks


def one_off(image: Any, masks: Any, rng: Any) -> Any:
    shift = rng.integers(-5, 6)
    return np.roll(image, shift, 1), np.roll(masks, shift + 1, 2)


def by_chance(image: Any, masks: Any, rng: Any) -> Any:
    return turned(image, masks, np.random.default_rng())


@pytest.mark.parametrize(
    ("answer", "says"),
    [(same_slice, "axis 1 of the masks (N, h, w)"),
     (image_alone, "no longer agree"),
     (one_off, "no longer agree"), (by_chance, "The same seed"),
     (lambda image, masks, rng: (image, masks), "There are 1 different sets"),
     (lambda image, masks, rng: (image / 255, masks), "yours is float64 (48, 64, 3)"),
     (lambda image, masks, rng: (image, masks[:0]), "keep at least one object"),
     (lambda image, masks, rng: (0 * image, masks), "no longer agree"),
     (lambda image, masks, rng: (image, masks[:, 1:]), "bool (N, 48, 64)")])
def test_a_change_that_parts_picture_and_masks_is_told(
    answer: Callable, says: str, capsys
) -> None:
    assert says in said("augment", answer, capsys)


def test_the_picture_of_the_check_tells_every_turn_and_mirror_apart() -> None:
    image, masks = flags()
    assert own_colour(image, masks) == 1.0
    ways = [np.rot90(each, q, (1, 2)) for q in range(4)
            for each in (masks, masks[:, :, ::-1])]
    assert len({(way.shape, way.tobytes()) for way in ways}) == 8


@pytest.mark.parametrize(
    ("answer", "says"),
    [(lambda length, right: abs(np.log2(length / right)), "correct, all 5"),
     (lambda length, right: np.log2(length / right), "absolute value"),
     (lambda length, right: abs(length - right), "difference of the two"),
     (lambda length, right: abs(np.log(length / right)), "the natural one"),
     (stub, "not done yet")])
def test_octaves(answer: Callable, says: str, capsys) -> None:
    assert says in said("octaves_off", answer, capsys)


# lesson 6


def without_copies(scores: Any, masks: Any, limit: float) -> Any:
    new, kept = scores.copy(), []
    for i in np.argsort(-new, kind="stable"):
        if kept and mask_iou(masks[[i]], masks[kept]).max() > limit:
            new[i] -= 1
        else:
            kept.append(i)
    return new


def sure(scores: Any, masks: Any, windows: Any) -> Any:
    p = 1 / (1 + np.exp(-windows))
    cut = p > 0.5
    soft = np.minimum(p, cut).sum((1, 2)) / np.maximum(p, cut).sum((1, 2))
    return without_copies(scores * soft, masks, 0.6)


def sinking(scores: Any, masks: Any, windows: Any) -> Any:
    """Soft NMS: what overlaps a better mask loses by as much."""
    iou, left, scores = mask_iou(masks, masks), list(range(len(scores))), scores.copy()
    rank = np.zeros(len(scores))
    while left:
        best = max(left, key=lambda n: scores[n])
        rank[best] = len(left)
        left.remove(best)
        scores[left] *= np.exp(-iou[best, left] ** 2 / 0.3)
    return rank


@pytest.mark.parametrize(
    "answer", [sure, sinking, lambda s, masks, w: without_copies(s, masks, 0.6)])
def test_proposals_may_be_ordered_in_any_better_way(answer: Callable, capsys) -> None:
    assert "6.5: correct, AR@10 is higher" in said("rescore", answer, capsys)


@pytest.mark.parametrize(
    ("answer", "says"),
    [(lambda s, masks, w: s, "AR@10 is 0.5"),
     (lambda s, masks, w: masks.sum((1, 2)), "with objectness alone"),
     (lambda s, masks, w: s[:10], "yours has shape (10,)"),
     (lambda s, masks, w: s * np.nan, "has to be a finite number")])
def test_an_order_that_is_no_better_is_told(
    answer: Callable, says: str, capsys
) -> None:
    assert says in said("rescore", answer, capsys)


@pytest.mark.parametrize(
    ("answer", "says"),
    [(lambda length, right: right / length, "correct, all 4"),
     (lambda length, right: length / right, "A small object needs a large zoom"),
     (lambda length, right: right - length, "A zoom is a factor"),
     (lambda length, right: 2 ** abs(np.log2(length / right)), "a zoom below 1"),
     (stub, "not done yet")])
def test_the_exact_zoom(answer: Callable, says: str, capsys) -> None:
    assert says in said("exact_zoom", answer, capsys)


# lesson 7


def from_tops(bright: Any, wide: int = 21) -> Any:
    whole = ndimage.binary_fill_holes(bright)
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(whole), 2)
    tops = whole & (depth == ndimage.maximum_filter(depth, wide))
    return grown(ndimage.label(tops)[0], whole)


def grown(seeds: Any, whole: Any) -> Any:
    _, near = ndimage.distance_transform_edt(seeds == 0, return_indices=True)
    return np.where(whole, seeds[tuple(near)], 0)


def by_depth(bright: Any) -> Any:
    """In each piece, what is deeper than 0.7 of the deepest, grown back in it."""
    whole = ndimage.binary_fill_holes(bright)
    depth, (parts, count) = ndimage.distance_transform_edt(whole), ndimage.label(whole)
    deepest = np.append(0, ndimage.maximum(depth, parts, range(1, count + 1)))
    cores = ndimage.label(whole & (depth > 0.7 * deepest[parts]))[0]
    out = np.zeros(whole.shape, int)
    for part in range(1, count + 1):
        inside = parts == part
        out[inside] = grown(np.where(inside, cores, 0), inside)[inside]
    return out


@pytest.mark.parametrize(
    "answer", [from_tops, lambda bright: from_tops(bright, 11), by_depth])
def test_pieces_may_be_taken_apart_in_any_way(answer: Callable, capsys) -> None:
    assert "7.7: correct" in said("take_apart", answer, capsys)


def worn(bright: Any) -> Any:
    return ndimage.label(ndimage.binary_erosion(bright, iterations=4))[0]


@pytest.mark.parametrize(
    ("answer", "says"),
    [(lambda bright: ndimage.label(bright)[0], "0.5 is asked. Connected pieces"),
     (lambda bright: bright.astype(int), "Expected are 2 pieces; yours are 1."),
     (lambda bright: bright, "yours are bool (20, 30)"),
     (lambda bright: bright[1:] * 1, "(19, 30)"), (worn, "yours are 0")])
def test_pieces_that_are_no_better_are_told(
    answer: Callable, says: str, capsys
) -> None:
    assert says in said("take_apart", answer, capsys)


@pytest.mark.parametrize(
    ("answer", "says"),
    [(lambda counts: sum(counts[1::2]), "correct, all 4"),
     (lambda counts: sum(counts[::2]), "the pixels of the ground are counted"),
     (sum, "all runs are added"), (lambda counts: counts[1], "the first is of ground"),
     (stub, "not done yet")])
def test_the_area_of_runs(answer: Callable, says: str, capsys) -> None:
    assert says in said("area_of_runs", answer, capsys)
