"""The photographs and nuclei that ship: as they were published, and free to pass on."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from ifcn_lab.data import Sample, shipped
from ifcn_lab.data.coco import CocoFolder
from lessons.real_pictures import FREE, PHOTOS, make

ORIGINAL = "f8d773fc9cfa6f4d8e5942dc34d0a0788fcaed2a4fefbbed0aef5398d7ef4cba"


@pytest.fixture(scope="module")
def coins() -> Sample:
    return CocoFolder(shipped.path("photos/coins.json"))[0]


def test_the_picture_is_the_original_byte_for_byte() -> None:
    picture = shipped.path("photos/coins.png").read_bytes()
    assert sha256(picture).hexdigest() == ORIGINAL


def test_there_are_24_coins_each_in_one_piece(coins: Sample) -> None:
    assert coins.masks.shape == (24, 303, 384)
    assert [ndimage.label(mask)[1] for mask in coins.masks] == [1] * 24


def test_no_pixel_belongs_to_two_coins(coins: Sample) -> None:
    assert coins.masks.sum(0).max() == 1


def test_no_coin_reaches_the_border_of_the_picture(coins: Sample) -> None:
    border = np.ones((303, 384), bool)
    border[1:-1, 1:-1] = False
    assert not (coins.masks & border).any()


def test_coins_measure_35_to_70_pixels(coins: Sample) -> None:
    across = 2 * np.sqrt(coins.masks.sum((1, 2)) / np.pi)
    assert across.min() > 35 and across.max() < 70


def test_every_outline_stands_on_the_edge_of_its_coin(coins: Sample) -> None:
    """Brightness falls more across the outline than across one 3 pixels off."""
    grey = coins.image[..., 0].astype(float)
    for mask in coins.masks:
        distance = ndimage.distance_transform_edt(mask)
        distance -= ndimage.distance_transform_edt(~mask)  # pixels, above 0 inside
        falls = {at: fall(grey, distance, at) for at in (-3, 0, 3)}
        assert falls[0] > 20 and falls[0] == max(falls.values())


def fall(grey: np.ndarray, distance: np.ndarray, at: float) -> float:
    """How much darker it is within two pixels outside a line than inside it."""
    inside = (distance > at) & (distance <= at + 2)
    outside = (distance < at) & (distance >= at - 2)
    return float(grey[inside].mean() - grey[outside].mean())


# nuclei, and photographs of COCO

SOURCES = {
    "nuclei/instances.json": ("dsb2018_fluor", "instances_train.json"),
    "photos/coco.json": ("coco_dev", "instances_train2017.json"),
}


def document(name: str) -> dict:
    return json.loads(shipped.path(name).read_text("utf-8"))


@pytest.mark.parametrize("name", SOURCES)
def test_pictures_and_annotations_are_the_published_ones(
    name: str, shared_data: Path
) -> None:
    folder, file = (shared_data / SOURCES[name][0], SOURCES[name][1])
    published = json.loads((folder / file).read_text("utf-8"))
    here = document(name)
    numbers = {image["id"] for image in here["images"]}
    there = [a for a in published["annotations"] if a["image_id"] in numbers]
    assert here["annotations"] == there
    for image in here["images"]:
        copied = shipped.path(name).parent / image["file_name"]
        original = folder / "images" / image["source"]
        assert copied.read_bytes() == original.read_bytes()


def test_no_shipped_nucleus_is_one_to_validate_on(shared_data: Path) -> None:
    kept_apart = shared_data / "dsb2018_fluor" / "instances_val.json"
    names = {i["file_name"] for i in json.loads(kept_apart.read_text())["images"]}
    here = {image["source"] for image in document("nuclei/instances.json")["images"]}
    assert len(here) == 12 and not here & names


def test_every_shipped_photograph_may_be_passed_on_and_names_its_origin() -> None:
    card = shipped.path("photos/README.md").read_text("utf-8")
    for image in document("photos/coco.json")["images"]:
        assert image["license"] in FREE
        assert image["file_name"] in card and image["flickr_url"] in card


def test_a_photograph_that_may_not_be_passed_on_is_refused(tmp_path: Path) -> None:
    image = {"id": 1, "file_name": f"{PHOTOS[0]}.jpg", "license": 1}
    listed = {"images": [image], "annotations": [], "categories": []}
    (tmp_path / "instances_train2017.json").write_text(json.dumps(listed))
    with pytest.raises(ValueError, match="licence 1 is none of .*; choose another"):
        make("photos", tmp_path)


def test_the_pictures_of_lesson_7_are_small() -> None:
    files = [*shipped.path("nuclei/instances.json").parent.iterdir(),
             *shipped.path("photos/coco.json").parent.glob("*0*.jpg")]
    assert sum(file.stat().st_size for file in files) < 1_500_000
