"""Run lengths are decoded as COCO writes them; damaged ones are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
from coco_cases import H, W, annotation, compressed, rectangle, uncompressed
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as coco_mask

from ifcn_lab.data.segmentation import Region, run_lengths


@given(arrays(bool, st.tuples(st.integers(1, 70), st.integers(1, 70))))
def test_run_lengths_decompress_as_they_were_counted(mask: np.ndarray) -> None:
    assert run_lengths(compressed(mask)["counts"]) == uncompressed(mask)["counts"]


@given(st.lists(st.integers(0, H * W), max_size=6))
def test_run_lengths_of_nothing_are_as_good_as_others(cuts: list[int]) -> None:
    counts = np.diff([0, *sorted(cuts), H * W]).tolist()
    text = coco_mask.frPyObjects({"size": [H, W], "counts": counts}, H, W)["counts"]
    runs = {"size": [H, W], "counts": text.decode()}
    drawn = np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(W, H).T
    mask = Region.from_coco(annotation(runs), (H, W), "annotation 7").mask()
    assert (mask == drawn).all()


@given(st.data())
def test_damaged_run_lengths_make_a_whole_image_or_are_refused(data: Any) -> None:
    text = list(compressed(rectangle(2, 1, 6, 5))["counts"])
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] = data.draw(st.one_of(st.just(""), st.characters()))
    entry = annotation({"size": [H, W], "counts": "".join(text)})
    try:
        Region.from_coco(entry, (H, W), "annotation 7")
    except ValueError as error:
        assert str(error).startswith("annotation 7")
    else:
        assert sum(run_lengths("".join(text))) == H * W
