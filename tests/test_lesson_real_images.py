"""Figures and checks of lesson 7 say what is true."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from ifcn_course import check
from ifcn_course.check.real_images import (
    index_of_zoom,
    score_of,
)
from ifcn_lab import CocoFolder, draw
from ifcn_lab.data import shipped
from ifcn_lab.draw.missed_objects import Failure
from ifcn_lab.draw.rivals import close_up
from ifcn_lab.layers.thresholding import (
    between_variance,
    foreground,
    otsu,
    thresholded,
)
from ifcn_lab.metrics import mask_iou, nuclei_ap
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import LESSON, example_of


@pytest.fixture(scope="module")
def nuclei() -> CocoFolder:
    return CocoFolder(shipped.path("nuclei/instances.json"))


# figures


def test_kinds_of_annotation_are_counted_in_words() -> None:
    runs = {"size": [4, 6], "counts": [5, 2, 2, 2, 13]}
    text = {"size": [4, 6], "counts": coco_mask.frPyObjects(runs, 4, 6)["counts"]}
    text["counts"] = text["counts"].decode()
    image = np.zeros((4, 6, 3), np.uint8)
    square = [[1, 0, 4, 0, 4, 3, 1, 3]]
    picture = draw.annotation_kinds(
        {"polygon": (image, square), "runs": (image, runs), "text": (image, text)})
    assert "polygon of 4 points" in picture.alt
    assert picture.alt.count("2 runs") == 2
    assert [one.get_title() for one in picture.figure.axes] == ["polygon", "runs",
                                                                "text"]
    corners = picture.figure.axes[0].lines[0]
    assert corners.get_xdata().tolist() == [0.5, 3.5, 3.5, 0.5, 0.5]


def test_a_crowd_and_a_lying_picture_are_put_into_words() -> None:
    heap = CocoFolder(shipped.path("photos/coco.json"))[0]
    alt = draw.crowd(heap.image, heap.masks, heap.crowd).alt
    assert heap.crowd.any() and f"covers {heap.crowd.mean():.0%}" in alt
    none = np.zeros_like(heap.crowd)
    assert "covers 0%" in draw.crowd(heap.image, heap.masks, none).alt
    stored = np.rot90(heap.image)
    assert "shapes differ" in draw.stored_lying(stored, heap.image, heap.masks).alt
    alt = draw.stored_lying(heap.image, heap.image, heap.masks).alt
    assert "shapes are the same" in alt


def test_sizes_that_some_zoom_fits_are_counted() -> None:
    sides = np.array([5, 24, 48, 50, 96])
    picture = draw.sizes_and_zooms(sides, [1.0, 2.0], 48.0)
    assert "2 zooms together fit 60% of them" in picture.alt
    assert [text.get_text() for text in picture.figure.axes[0].texts] == [
        "zoom 1.00", "zoom 2.00"]


def test_training_crops_count_their_windows(nuclei: CocoFolder) -> None:
    rng = np.random.default_rng(0)
    net = InstanceFCN(backbone="small")
    seen = [example_of(net, sample, LESSON, rng)
            for sample in nuclei[:2]]
    picture = draw.training_crops(seen, 4, 21)
    positive = int(sum(each.targets.label.sum() for each in seen))
    assert f"{sum(len(e.targets.label) for e in seen)} drawn windows" in picture.alt
    assert f"{positive} of them positive" in picture.alt
    left, top = picture.figure.axes[0].patches[0].get_xy()
    y, x = seen[0].targets.centers[0].tolist()
    assert (left, top) == (4 * (x - 10) - 0.5, 4 * (y - 10) - 0.5)


def test_an_example_without_objects_can_be_drawn(nuclei: CocoFolder) -> None:
    sample = nuclei[0]
    empty = sample._replace(masks=sample.masks[:0], ids=(), categories=())
    net = InstanceFCN(backbone="small")
    seen = example_of(net, empty, LESSON, np.random.default_rng(0))
    assert "0 of them positive" in draw.training_crops([seen], 4, 21).alt


def test_the_split_is_drawn_where_it_is(nuclei: CocoFolder) -> None:
    image = nuclei[0].image
    level = otsu(image[..., 0]) if np.ptp(image, axis=2).max() == 0 else None
    picture = draw.split_levels(image)
    assert f"{foreground(image).mean():.0%} of the pixels" in picture.alt
    if level is not None:
        assert f"after {level};" in picture.alt


def test_answers_are_counted_by_column() -> None:
    image, masks = np.zeros((8, 9, 3), np.uint8), np.zeros((2, 8, 9), bool)
    masks[:, 2:5, 2:5] = True
    columns = {"true": [masks, masks[:1]], "ours": [masks[:0], masks]}
    alt = draw.answers({"one\nrow": image, "another": image}, columns).alt
    assert "one, row and another" in alt
    assert "true: 2 and 1" in alt and "ours: 0 and 2" in alt


def test_objects_alone_and_touching_are_told_apart() -> None:
    ious = {"a": np.array([0.9, 0.6, 0.2]), "b": np.array([0.1, 0.9, 0.9])}
    alt = draw.alone_and_touching(ious, np.array([False, True, True])).alt
    assert "a finds 100% of the objects that stand alone at IoU 0.5" in alt
    assert "a finds 50% of the objects that touch at IoU 0.5 and 0% at 0.8" in alt
    assert "b finds 0% of the objects that stand alone" in alt
    assert "b finds 100% of the objects that touch" in alt
    draw.alone_and_touching(ious, np.zeros(3, bool))  # none touches


def test_every_bar_carries_its_number() -> None:
    picture = draw.bars({"alone": {"a": 0.5, "b": 0.25}, "met": {"a": 0.0, "b": 1.0}},
                        "share")
    assert "alone: a 0.50 and b 0.25; met: a 0.00 and b 1.00" in picture.alt
    axes = picture.figure.axes[0]
    assert [one.get_height() for one in axes.patches] == [0.5, 0.25, 0.0, 1.0]
    assert [one.get_text() for one in axes.texts] == ["0.50", "0.25", "0.00", "1.00"]


def test_a_close_up_keeps_the_object_and_its_surroundings() -> None:
    truth = np.zeros((60, 80), bool)
    truth[0:10, 70:80] = True
    image = np.dstack([truth * 255] * 3).astype(np.uint8)
    near = close_up(Failure(image, truth, ~truth, 0.0, "cut by the border"))
    assert near.truth.sum() == 100 and near.truth.shape == (22, 22)
    assert np.array_equal(near.image[..., 0] > 0, near.truth)
    assert np.array_equal(near.nearest, ~near.truth)


# checks


def right_zoom(length: float, zooms: list, right: float, tolerance: float) -> int:
    octaves = [abs(np.log2(length * zoom / right)) for zoom in zooms]
    best = int(np.argmin(octaves))
    return best if octaves[best] <= tolerance else -1


def right_runs(counts: list[int], h: int, w: int) -> np.ndarray:
    mask, at = np.zeros((h, w), bool), 0
    for number, count in enumerate(counts):
        for place in range(at, at + count):
            mask[place % h, place // h] = number % 2
        at += count
    return mask


def right_area(polygon: list[float]) -> float:
    points = list(zip(polygon[::2], polygon[1::2], strict=True))
    following = [*points[1:], points[0]]
    pairs = zip(points, following, strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2


def right_split(counts: np.ndarray) -> int:
    return int(between_variance(counts)[:-1].argmax())


def right_score(overlap: np.ndarray, iou: float) -> float:
    hits = sum(any(row[o] > iou for row in overlap) for o in range(overlap.shape[1]))
    return hits / (len(overlap) + overlap.shape[1] - hits)


RIGHT = {"decode_runs": right_runs, "polygon_area": right_area, "split": right_split,
         "best_zoom": right_zoom, "answer_score": right_score}


def open_exercise(*_: object) -> None:
    raise NotImplementedError


@pytest.mark.parametrize("name", RIGHT)
def test_a_check_accepts_the_right_answer_and_waits_for_one(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    getattr(check, name)(RIGHT[name])
    getattr(check, name)(open_exercise)
    right, waiting = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"Exercise 7.\d: correct, all \d+ cases agree.", right)
    assert waiting.endswith("not done yet.")


def signed(polygon: list[float]) -> float:
    x, y = np.reshape(polygon, (-1, 2)).T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def nearest_in_pixels(length: float, zooms: list, right: float, limit: float) -> int:
    best = int(np.argmin(np.abs(length * np.array(zooms) - right)))
    return best if abs(np.log2(length * zooms[best] / right)) <= limit else -1


def unweighted(counts: np.ndarray) -> int:
    levels = np.arange(len(counts))
    apart = [(np.average(levels[: t + 1], weights=counts[: t + 1])
              - np.average(levels[t + 1 :], weights=counts[t + 1 :])) ** 2
             for t in levels[:-1]]
    return int(np.argmax(apart))


WRONG: dict[str, tuple[str, Callable]] = {
    "along the rows": (
        "decode_runs", lambda c, h, w: right_runs(c, w, h).T.reshape(h, w)),
    "object first": ("decode_runs", lambda c, h, w: ~right_runs(c, h, w)),
    "not turned": ("decode_runs", lambda c, h, w: right_runs(c, h, w).T),
    "sign kept": ("polygon_area", signed),
    "not halved": ("polygon_area", lambda p: 2 * right_area(p)),
    "its box": ("polygon_area", lambda p: float(np.ptp(p[::2]) * np.ptp(p[1::2]))),
    "not closed": ("polygon_area", lambda p: right_area(p[:-2])),
    "always one": ("best_zoom", lambda n, z, r, t: right_zoom(n, z, r, 9.0)),
    "pixels, not octaves": ("best_zoom", nearest_in_pixels),
    "the zoom itself": ("best_zoom", lambda n, z, *a: z[right_zoom(n, z, *a)]),
    "shares forgotten": ("split", unweighted),
    "one too far": ("split", lambda c: right_split(c) + 1),
    "the emptiest": ("split", lambda c: int(np.argmin(c))),
    "precision": ("answer_score", lambda o, iou: float((o > iou).any(1).mean())),
    "recall": ("answer_score", lambda o, iou: float((o > iou).any(0).mean())),
    "every pair": (
        "answer_score", lambda o, iou: (o > iou).sum() / (sum(o.shape) - 1)),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_check_recognises_a_wrong_answer(
    mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, answer = WRONG[mistake]
    getattr(check, name)(answer)
    assert "not yet right" in capsys.readouterr().out


def test_the_zoom_of_the_check_agrees_with_trying_each() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        case = rng.uniform(5, 300), [0.5, 1.0, 2.0, 4.0], 48.0, rng.uniform(0, 1)
        assert index_of_zoom(*case) == right_zoom(*case)


def test_the_score_of_answers_that_share_no_pixel_is_the_librarys(
    nuclei: CocoFolder,
) -> None:
    """Without matching, as in the exercise, and with COCO's matching."""
    for sample in nuclei:
        found = thresholded(sample.image)
        for iou in (0.5, 0.7):
            ours = score_of(mask_iou(found.masks, sample.masks), iou)
            assert nuclei_ap([found], [sample], [iou])[iou] == pytest.approx(ours)
