"""YOLACT in the page: from its logits to masks, and its verdict, are the library's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ifcn_lab.models.yolact import YOLACT
from ifcn_lab.segmenter import Instances
from ifcn_lab.widgets import front_end
from ifcn_lab.widgets.drawn_shapes import drawing
from ifcn_lab.widgets.layer_list import layer_list
from ifcn_lab.widgets.playground import APART, FAILING, TOUCHING, shape
from ifcn_lab.widgets.rival import BesideRival, verdict
from tests.page_network_cases import asked, in_node, source
from tests.test_page_network import ODD, SCENES

IMAGES = [*SCENES, *ODD]
FOUND = """given.images.map(({ pixels, h, w }) => {
  const halves = new Uint16Array(bytes(given.weights).buffer);
  const network = new Network(given.told, halves, bytes(CONVOLUTION));
  return mixedMasks(network.run(bytes(pixels), h, w), { ...given.wishes, h, w })
    .map(({ score, box, mask }) => ({ score, box, mask: Array.from(mask) }));
})"""


@pytest.fixture(scope="module")
def rival() -> BesideRival:
    widget = BesideRival()
    widget.challenge(YOLACT.from_pretrained())
    return widget


def in_page(rival: BesideRival, images: list, folder: Path, **wishes: Any) -> list:
    """What the page's network and its masks make of pictures."""
    given = asked(layer_list(rival.rival), images,
                  wishes={**rival.rival_wishes, **wishes})
    return in_node(source() + front_end.joined("prototypes.js"), FOUND, given, folder)


@pytest.mark.parametrize("iou", [0.5, 0.8])
def test_masks_of_ten_scenes_and_odd_sizes_are_pythons(
    rival: BesideRival, iou: float, tmp_path: Path
) -> None:
    found = in_page(rival, IMAGES, tmp_path, iou=iou, least=0.05)
    true = rival.rival.detect(IMAGES, top=20, nms_iou=iou, least=0.05)
    assert min(map(len, true[: len(SCENES)])) >= 2
    for page, python in zip(found, true, strict=True):
        same_masks(page, python)


def same_masks(page: list[dict], python: Instances) -> None:
    assert [each["box"] for each in page] == python.boxes.tolist()
    assert np.allclose([each["score"] for each in page], python.scores, atol=1e-4)
    for each, crop in zip(page, python.crops, strict=True):
        assert each["mask"] == crop.ravel().tolist()


# The verdict

DISCS = [shape("disc", y, x, 30) for y, x in ((40, 41), (40, 80), (90, 60))]


def masks_of(*masks: np.ndarray) -> Instances:
    whole = np.tile([0, 0, 128, 128], (len(masks), 1))
    return Instances((128, 128), whole, np.ones(len(masks)), masks)


def test_a_verdict_counts_what_is_found_joined_and_cut() -> None:
    owner = drawing(DISCS, 128, 128).owner
    one, two, three = (owner == n for n in (1, 2, 3))
    left = three & (np.arange(128) < 60)
    said = [masks_of(one, two, three), masks_of(one | two, left, three & ~left),
            masks_of(one, left), masks_of(one | two)]
    assert [verdict("It", owner, 3, found) for found in said] == [
        "It finds 3 of 3", "It finds 0 of 3, joins 2, cuts 1 into pieces",
        "It finds 1 of 3", "It finds 0 of 3, joins 2"]


def pieces_of(owner: np.ndarray, count: int, rng: np.random.Generator) -> Instances:
    """Unions of shapes, and halves of them."""
    some = [np.isin(owner, rng.permutation(count)[: rng.integers(1, 3)] + 1)
            for _ in range(4)]
    upper = np.arange(128)[:, None] < 64
    return masks_of(*some, *(mask & half for mask in some for half in (upper, ~upper)))


def test_the_page_has_the_same_verdict(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    drawn = [APART, TOUCHING, FAILING, DISCS, []] * 3
    owners = [drawing(shapes, 128, 128).owner for shapes in drawn]
    found = [pieces_of(owner, len(shapes), rng).take(rng.permutation(12)[:3])
             for owner, shapes in zip(owners, drawn, strict=True)]
    given = [{"owner": owner.ravel().tolist(), "shapes": shapes, "w": 128,
              "found": [{"box": box, "mask": crop.astype(int).ravel().tolist()}
                        for box, crop in zip(each.boxes.tolist(), each.crops,
                                             strict=True)]}
             for owner, shapes, each in zip(owners, drawn, found, strict=True)]
    code = "globalThis.ResizeObserver = null;\n" + front_end.joined("rival.js")
    said = in_node(code, "given.map((each) => verdict('It', each, each.found))", given,
                   tmp_path)
    assert said == [verdict("It", owner, len(shapes), each)
                    for owner, shapes, each in zip(owners, drawn, found, strict=True)]
    assert "joins" in "".join(said) and "cuts" in "".join(said)
