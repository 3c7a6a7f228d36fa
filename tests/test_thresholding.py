"""Lesson 7's rival, thresholding, and the ways to write a mask do what they say."""

from __future__ import annotations

import contextlib
import io
import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy.ndimage import label

from ifcn_course.check.real_images import (
    best_split,
    bright_scenes,
    decoded,
    shoelace,
)
from ifcn_lab import CocoFolder, average_recall
from ifcn_lab.data import shipped
from ifcn_lab.data.overlap import encode
from ifcn_lab.data.run_lengths import lengths_of
from ifcn_lab.layers.thresholding import (
    between_variance,
    foreground,
    otsu,
    thresholded,
)
from ifcn_lab.metrics import to_coco_results
from ifcn_lab.scenes.measure import touching
from tests.coco_cases import uncompressed


def blobs(rng: np.random.Generator) -> np.ndarray:
    return rng.random((9, 13)) < rng.uniform(0.2, 0.9)


# thresholding


@pytest.mark.parametrize("seed", range(20))
def test_otsu_is_the_best_of_all_splits_tried_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grey = rng.choice(256, 500, p=rng.dirichlet(np.full(256, 3.0))).astype(np.uint8)
    grey = np.concatenate([grey, np.arange(256, dtype=np.uint8)])[None]
    assert otsu(grey) == best_split(np.bincount(grey[0], minlength=256))


def test_variance_between_the_classes_is_the_textbooks() -> None:
    counts, levels = np.array([4, 0, 3, 2, 0, 1]), np.arange(6)
    pixels = np.repeat(levels, counts)
    for t in range(5):
        dark, bright = pixels[pixels <= t], pixels[pixels > t]
        expected = (len(dark) * len(bright) / 100
                    * (dark.mean() - bright.mean()) ** 2)
        assert between_variance(counts)[t] == pytest.approx(expected)
    assert between_variance(np.zeros(4, int)).tolist() == [0, 0, 0, 0]


def test_the_foreground_is_what_the_border_shows_less_of() -> None:
    image = np.full((20, 30, 3), 40, np.uint8)
    image[5:15, 5:15] = 200
    assert np.array_equal(foreground(image), image[..., 0] > 100)
    assert np.array_equal(foreground(255 - image), image[..., 0] > 100)


@pytest.mark.parametrize("value", [0, 90, 255])
def test_an_even_picture_holds_nothing(value: int) -> None:
    assert len(thresholded(np.full((8, 9), value, np.uint8))) == 0


@pytest.mark.parametrize("seed", range(10))
def test_pieces_are_the_components_the_largest_first(seed: int) -> None:
    image = np.where(blobs(np.random.default_rng(seed)), 200, 30).astype(np.uint8)
    found = thresholded(image, least=2)
    labels, count = label(foreground(image))
    every = labels == np.arange(1, count + 1)[:, None, None]
    large = [mask.tobytes() for mask in every if mask.sum() >= 2]
    assert sorted(mask.tobytes() for mask in found.masks) == sorted(large)
    areas = found.masks.sum((1, 2))
    assert (np.diff(areas) <= 0).all()
    assert found.scores == pytest.approx(areas / max(areas.max(initial=1), 1))


# drawn pictures, masks and results


def test_objects_stand_alone_and_touch_in_turn() -> None:
    drawn = islice(bright_scenes(70_000), 4)
    assert [bool(touching(each.masks).any()) for each in drawn] == [
        False, True, False, True]


@pytest.mark.parametrize("seed", range(10))
def test_run_lengths_agree_with_counting_pixel_by_pixel(seed: int) -> None:
    mask = blobs(np.random.default_rng(seed))
    slow = uncompressed(mask)["counts"]
    assert lengths_of(encode(mask[None])[0]["counts"].decode()).tolist() == slow
    assert np.array_equal(decoded(slow, *mask.shape), mask)
    rle = coco_mask.frPyObjects({"size": [9, 13], "counts": slow}, 9, 13)
    assert np.array_equal(coco_mask.decode(rle).astype(bool), mask)


@pytest.mark.parametrize("file", ["nuclei/instances.json", "photos/coco.json"])
def test_a_polygon_has_the_area_that_the_file_states(file: str) -> None:
    listed = json.loads(shipped.path(file).read_text("utf-8"))["annotations"]
    drawn = [a for a in listed if isinstance(a["segmentation"], list)]
    for each in drawn:
        assert sum(map(shoelace, each["segmentation"])) == pytest.approx(
            each["area"], rel=0.01)


def test_other_tools_read_the_results(tmp_path: Path) -> None:
    annotations = shipped.path("nuclei/instances.json")
    data = CocoFolder(annotations)
    found = [thresholded(sample.image) for sample in data]
    path = tmp_path / "found.json"
    path.write_text(json.dumps(to_coco_results(found, data)))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(annotations))
        judge = COCOeval(truth, truth.loadRes(str(path)), "segm")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    ours = average_recall(found, data, ns=(1, 10, 100))
    assert judge.stats[6:9] == pytest.approx([ours[n] for n in (1, 10, 100)])
