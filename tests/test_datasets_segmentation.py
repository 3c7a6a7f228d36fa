"""Run lengths are made and read as COCO writes them; damaged ones are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from coco_cases import H, W, compressed, rectangle, uncompressed
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from ifcn_lab.data.faults import Unreadable
from ifcn_lab.data.overlap import encode
from ifcn_lab.data.run_lengths import crop_rles, lengths_of
from ifcn_lab.data.segmentation import checked, covers_nothing, mask_of

MASKS = arrays(bool, st.tuples(st.integers(1, 70), st.integers(1, 70)))


def run_lengths(text: str) -> list[int] | None:
    """Decompress COCO's run lengths letter by letter: the definition, slow."""
    lengths: list[int] = []
    value = shift = 0
    for group in (ord(letter) - 48 for letter in text):
        if not 0 <= group < 64:
            return None
        value |= (group & 31) << shift
        shift += 5
        if not group & 32:  # the last group of this number; bit 4 is its sign
            value -= (group & 16) << (shift - 4)
            lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
            value = shift = 0
    return None if shift or not text else lengths


@given(MASKS)
def test_run_lengths_decompress_as_they_were_counted(mask: np.ndarray) -> None:
    text = compressed(mask)["counts"]
    assert lengths_of(text).tolist() == uncompressed(mask)["counts"]
    assert run_lengths(text) == uncompressed(mask)["counts"]


@given(st.lists(st.integers(0, 2**20), min_size=1, max_size=40))
def test_run_lengths_are_read_as_pycocotools_writes_them(counts: list[int]) -> None:
    size = [sum(counts), 1]
    rle = coco_mask.frPyObjects({"size": size, "counts": counts}, *size)
    text = rle["counts"].decode()
    assert lengths_of(text).tolist() == counts
    if sum(counts):
        assert checked({"size": size, "counts": text}, tuple(size))
    with pytest.raises(Unreadable, match="number of pixels"):
        checked({"size": [size[0] + 1, 1], "counts": text}, (size[0] + 1, 1))


@given(st.text(st.characters(min_codepoint=40, max_codepoint=115), max_size=14))
def test_damaged_run_lengths_are_damaged_for_both_readers(text: str) -> None:
    fast = lengths_of(text)
    if fast is not None or all(len(n) <= 10 for n in split(text)):
        assert (None if fast is None else fast.tolist()) == run_lengths(text)


def split(text: str) -> list[str]:
    """Cut run-length text into numbers."""
    numbers = [""]
    for letter in text:
        numbers[-1] += letter
        if not (ord(letter) - 48) & 32:
            numbers.append("")
    return numbers


@given(st.lists(st.integers(0, H * W), max_size=6))
def test_run_lengths_of_nothing_are_as_good_as_others(cuts: list[int]) -> None:
    counts = np.diff([0, *sorted(cuts), H * W]).tolist()
    text = coco_mask.frPyObjects({"size": [H, W], "counts": counts}, H, W)["counts"]
    runs = checked({"size": [H, W], "counts": text.decode()}, (H, W))
    drawn = np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(W, H).T
    assert (mask_of(runs, (H, W)) == drawn).all()


@given(st.data())
def test_damaged_run_lengths_make_a_whole_image_or_are_refused(data: Any) -> None:
    text = list(compressed(rectangle(2, 1, 6, 5))["counts"])
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] = data.draw(st.one_of(st.just(""), st.characters()))
    try:
        checked({"size": [H, W], "counts": "".join(text)}, (H, W))
    except Unreadable:
        pass
    else:
        assert sum(run_lengths("".join(text))) == H * W


@given(MASKS, st.data())
def test_crops_have_the_run_lengths_of_whole_masks(mask: np.ndarray, data: Any) -> None:
    h, w = mask.shape
    edges = st.tuples(st.integers(0, w), st.integers(0, h))
    (x0, y0), (x1, y1) = data.draw(edges), data.draw(edges)
    inside = np.zeros_like(mask)
    inside[y0:y1, x0:x1] = True
    crop, whole = mask[y0:y1, x0:x1], mask & inside
    boxes = np.array([[x0, y0, x1, y1], [0, 0, w, h]] * 51)
    expected = encode(np.stack([whole, mask])) * 51
    assert crop_rles([crop, mask] * 51, boxes, (h, w)) == expected


def test_crops_of_a_large_picture_have_the_run_lengths_of_whole_masks() -> None:
    whole = np.zeros((3, 1500, 2000), bool)
    boxes = np.array([[0, 0, 2000, 1500], [1990, 3, 2000, 1500], [700, 20, 900, 1200]])
    for mask, (x0, y0, x1, y1) in zip(whole, boxes, strict=True):
        y, x = np.ogrid[y0:y1, x0:x1]
        mask[y0:y1, x0:x1] = (3 * y + x) % 7 > 1
    crops = [mask[y0:y1, x0:x1]
             for mask, (x0, y0, x1, y1) in zip(whole, boxes, strict=True)]
    assert crop_rles(crops, boxes, (1500, 2000)) == encode(whole)


@pytest.mark.parametrize(
    ("points", "nothing"),
    [
        ([2, 2, 2, 3, 2, 4], True),  # flat
        ([20, 1, 25, 1, 25, 6], True),  # right of the image
        ([-9, -9, -2, -9, -2, -2], True),  # above and left of it
        ([-3, -3, 4, -3, 4, 4, -3, 4], False),
        ([1, 1, 6, 1, 6, 6], False),
        ([2, 1, 3, 1, 3, 7, 2, 7], False),  # one pixel wide
    ],
)
def test_an_outline_without_a_pixel_is_known(points: list, nothing: bool) -> None:
    assert covers_nothing(checked([points], (H, W)), (H, W)) is nothing
    assert mask_of([points], (H, W)).any() is np.bool_(not nothing)
    runs = compressed(mask_of([points], (H, W)))
    assert covers_nothing(checked(runs, (H, W)), (H, W)) is nothing
