"""The overlay shows the picture and its proposals, and says so in words."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from ifcn_lab.draw.overlay import COLOURS, overlay, tinted
from ifcn_lab.segmenter import Instances


def proposals(shape: tuple[int, int], *boxes: tuple[int, int, int, int]) -> Instances:
    """Full rectangles, each a little less sure than the one before."""
    crops = tuple(np.ones((y1 - y0, x1 - x0), bool) for x0, y0, x1, y1 in boxes)
    scores = np.linspace(0.9, 0.6, len(boxes))
    return Instances(shape, np.array(boxes, int).reshape(-1, 4), scores, crops)


def grey(h: int, w: int) -> np.ndarray:
    return np.full((h, w, 3), 120, np.uint8)


def drawn(h: int, w: int, *boxes: tuple[int, int, int, int]) -> Image.Image:
    picture = overlay(grey(h, w), proposals((h, w), *boxes))
    return Image.open(BytesIO(picture.png()))


@pytest.mark.parametrize("size", [(60, 90), (90, 60), (64, 64), (300, 100)])
def test_the_overlay_has_the_pictures_shape(size: tuple[int, int]) -> None:
    found = drawn(*size, (5, 5, 30, 40))
    assert found.width / found.height == pytest.approx(size[1] / size[0], rel=0.02)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (9, 1), (2, 900), (2000, 3)])
def test_thin_and_tiny_pictures_can_be_drawn(size: tuple[int, int]) -> None:
    h, w = size
    found = drawn(h, w, (0, 0, w, h))
    assert max(found.size) < 8000


def test_a_proposal_takes_a_third_of_its_colour_and_nothing_else_changes() -> None:
    image, found = grey(20, 30), proposals((20, 30), (3, 4, 10, 12))
    picture = tinted(image, found)
    inside = np.zeros((20, 30), bool)
    inside[4:12, 3:10] = True
    rgb = [int(COLOURS[0][i : i + 2], 16) / 255 for i in (1, 3, 5)]
    expected = 120 / 255 * 2 / 3 + np.array(rgb) / 3
    np.testing.assert_allclose(picture[inside], expected[None].repeat(56, 0), rtol=1e-5)
    np.testing.assert_allclose(picture[~inside], 120 / 255, rtol=1e-6)
    assert (image == 120).all()


def test_the_overlay_differs_from_the_picture_only_where_something_was_found() -> None:
    bare = np.asarray(drawn(60, 60).convert("RGB")).astype(int)
    found = np.asarray(drawn(60, 60, (10, 10, 20, 20)).convert("RGB")).astype(int)
    changed = np.abs(bare - found).sum(2) > 0
    assert changed.any()
    rows, columns = np.nonzero(changed)
    assert rows.max() < 0.4 * len(bare) and columns.max() < 0.4 * len(bare)


def test_the_outline_of_a_proposal_is_drawn_also_at_the_pictures_border() -> None:
    image = grey(40, 40)
    whole = overlay(image, proposals((40, 40), (0, 0, 40, 40)))
    pixels = np.asarray(Image.open(BytesIO(whole.png())).convert("RGB")).astype(int)
    rgb = np.array([int(COLOURS[0][i : i + 2], 16) for i in (1, 3, 5)])
    assert (np.abs(pixels - rgb).sum(2) < 12).any()


def test_the_alternative_text_counts_and_measures() -> None:
    found = overlay(grey(40, 50), proposals((40, 50), (0, 0, 10, 20), (20, 5, 50, 12)))
    assert found.alt == (
        "A picture of 50 x 40 pixels with 2 outlined proposals, of objectness 0.60 to "
        "0.90, their longer sides 20 to 30 pixels."
    )
    nothing = overlay(grey(40, 50), proposals((40, 50)))
    assert nothing.alt == "A picture of 50 x 40 pixels without any proposal."


def test_more_proposals_than_colours_are_drawn() -> None:
    boxes = [(x, 0, x + 3, 5) for x in range(0, 60, 4)]
    assert len(boxes) > len(COLOURS)
    assert drawn(20, 64, *boxes).size[0] > 0
