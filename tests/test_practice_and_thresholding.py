"""Lesson 7's practice folder and the rival in it, thresholding, do what they say."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy.ndimage import label

from ifcn_course.check.real_images import best_split, decoded, shoelace
from ifcn_lab import CocoFolder, average_recall
from ifcn_lab.data.overlap import encode
from ifcn_lab.data.practice import (
    CROWDED,
    LYING,
    cell_scenes,
    polygons,
    practice_folder,
)
from ifcn_lab.data.run_lengths import lengths_of
from ifcn_lab.draw.real_images import mask_of
from ifcn_lab.layers.thresholding import (
    between_variance,
    foreground,
    otsu,
    thresholded,
)
from ifcn_lab.metrics import mask_iou, to_coco_results
from ifcn_lab.scenes.measure import touching
from tests.coco_cases import uncompressed


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return practice_folder(tmp_path_factory.mktemp("practice"), 8)


@pytest.fixture(scope="module")
def document(annotations: Path) -> dict:
    return json.loads(annotations.read_text("utf-8"))


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


# the practice folder


def test_the_folder_holds_all_three_ways_to_write_a_shape(document: dict) -> None:
    shapes = [each["segmentation"] for each in document["annotations"]]
    text = [isinstance(s, dict) and isinstance(s["counts"], str) for s in shapes]
    runs = [isinstance(s, dict) and isinstance(s["counts"], list) for s in shapes]
    lists = [isinstance(s, list) for s in shapes]
    assert min(map(sum, (text, runs, lists))) >= 5


def test_every_object_is_read_as_it_was_drawn(annotations: Path) -> None:
    data = CocoFolder(annotations)
    for number, scene in enumerate(cell_scenes(70_000)):
        if number == len(data):
            break
        sample = data[number]
        everything = sample.masks.any(0) | sample.crowd
        assert mask_iou(everything[None], scene.masks.any(0)[None]).item() > 0.95
        if number % 8 != CROWDED:
            assert mask_iou(sample.masks, scene.masks).max(0).min() > 0.8
        off = np.abs(sample.image.astype(int) - scene.image).mean()
        assert off < 2 if number % 8 == LYING else off == 0


def test_objects_stand_alone_and_touch_in_turn(annotations: Path) -> None:
    met = [touching(sample.masks).any() for sample in CocoFolder(annotations)[:4]]
    assert met == [False, True, False, True]


def test_the_crowd_is_a_heap_and_leaves_objects(annotations: Path) -> None:
    sample = CocoFolder(annotations)[CROWDED]
    assert sample.crowd.any() and len(sample.masks) >= 1


def test_one_picture_is_stored_lying_with_a_note(annotations: Path) -> None:
    data = CocoFolder(annotations)
    with Image.open(data.images / data[LYING].name) as picture:
        assert picture.getexif()[0x0112] == 6
        assert (picture.height, picture.width) == data[LYING].image.shape[1::-1]


def test_the_same_seed_gives_the_same_annotations(
    annotations: Path, tmp_path: Path
) -> None:
    again = practice_folder(tmp_path, 8)
    assert again.read_bytes() == annotations.read_bytes()


@pytest.mark.parametrize("seed", range(10))
def test_run_lengths_agree_with_counting_pixel_by_pixel(seed: int) -> None:
    mask = blobs(np.random.default_rng(seed))
    slow = uncompressed(mask)["counts"]
    assert lengths_of(encode(mask[None])[0]["counts"].decode()).tolist() == slow
    assert np.array_equal(decoded(slow, *mask.shape), mask)
    rle = coco_mask.frPyObjects({"size": [9, 13], "counts": slow}, 9, 13)
    assert np.array_equal(coco_mask.decode(rle).astype(bool), mask)


def test_a_drawn_outline_covers_the_object_and_has_its_area() -> None:
    y, x = np.mgrid[:60, :70]
    mask = (y - 30) ** 2 / 400 + (x - 30) ** 2 / 600 < 1
    (outline,) = polygons(mask)
    assert len(outline) < 100
    assert mask_iou(mask_of([outline], 60, 70)[None], mask[None]).item() > 0.95
    assert shoelace(outline) == pytest.approx(mask.sum(), rel=0.04)


def test_two_pieces_have_two_outlines_and_holes_are_filled() -> None:
    mask = np.zeros((20, 40), bool)
    mask[3:15, 3:15] = mask[3:15, 22:34] = True
    whole = mask.copy()
    mask[7:10, 7:10] = False
    shapes = polygons(mask, step=1)
    assert len(shapes) == 2
    assert mask_iou(mask_of(shapes, 20, 40)[None], whole[None]).item() > 0.97


def test_other_tools_read_the_results(annotations: Path, tmp_path: Path) -> None:
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
