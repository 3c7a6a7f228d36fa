"""The photograph that ships, and the outlines that were drawn on it by hand."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest
from scipy import ndimage

from ifcn_lab.data import Sample, shipped
from ifcn_lab.data.coco import CocoFolder

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
