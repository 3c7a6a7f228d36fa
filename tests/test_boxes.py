"""Boxes, anchors and how they are matched: the figures of the field's code."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from ifcn_lab.layers.anchors import anchor_sizes, make_anchors
from ifcn_lab.layers.boxes import (
    box_iou,
    clip_boxes,
    decode_boxes,
    encode_boxes,
    fast_nms,
    match,
)
from ifcn_lab.layers.nms import nms

ANCHOR = torch.tensor([[0.0, 0, 16, 16]])
OBJECT = torch.tensor([[4.0, 2, 20, 26]])

corner = st.integers(-40, 40)
side = st.integers(1, 60)
box = st.builds(lambda x, y, w, h: [float(x), float(y), float(x + w), float(y + h)],
                corner, corner, side, side)


@pytest.mark.parametrize("weights, wanted", [
    ((1, 1, 1, 1), [.25, .375, 0, .405465]),
    ((10, 10, 5, 5), [2.5, 3.75, 0, 2.027326]),
])
def test_the_code_of_a_box(weights: tuple[float, ...], wanted: list[float]) -> None:
    code = encode_boxes(OBJECT, ANCHOR, weights)
    torch.testing.assert_close(code, torch.tensor([wanted]), atol=1e-6, rtol=0)


def test_growth_is_limited() -> None:
    found = decode_boxes(torch.tensor([[0.0, 0, 10, 0]]), ANCHOR)
    torch.testing.assert_close(found, torch.tensor([[-492.0, 0, 508, 16]]))


@given(boxes=st.lists(st.tuples(box, box), min_size=1, max_size=6))
def test_encoding_then_decoding_changes_nothing(boxes: list) -> None:
    objects, anchors = (torch.tensor(side, dtype=torch.float64)
                        for side in zip(*boxes, strict=True))
    weights = (10, 10, 5, 5)
    there = decode_boxes(encode_boxes(objects, anchors, weights), anchors, weights)
    torch.testing.assert_close(there, objects, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("beta, wanted", [
    (1.0, [.00125, .006173, .125, .5, 1.5]),
    (1 / 9, [.01125, .055556, .444444, .944444, 1.944444]),
])
def test_smooth_l1_is_the_one_that_is_meant(beta: float, wanted: list[float]) -> None:
    x = torch.tensor([.05, 1 / 9, .5, 1, 2])
    found = F.smooth_l1_loss(x, torch.zeros(5), beta=beta, reduction="none")
    torch.testing.assert_close(found, torch.tensor(wanted), atol=1e-6, rtol=0)


def test_anchors_of_py_faster_rcnn() -> None:
    sizes = anchor_sizes([128, 256, 512], [.5, 1, 2], whole=16)
    ends_inside = make_anchors((1, 1), 16, sizes) - torch.tensor([0, 0, 1, 1])
    assert ends_inside.tolist() == [
        [-84, -40, 99, 55], [-176, -88, 191, 103], [-360, -184, 375, 199],
        [-56, -56, 71, 71], [-120, -120, 135, 135], [-248, -248, 263, 263],
        [-36, -80, 51, 95], [-80, -168, 95, 183], [-168, -344, 183, 359]]


def test_anchors_stand_round_the_middle_of_their_place() -> None:
    found = make_anchors((2, 3), 4, anchor_sizes([8], [1]))
    middles = (found[:, :2] + found[:, 2:]) / 2
    assert middles.tolist() == [[2, 2], [6, 2], [10, 2], [2, 6], [6, 6], [10, 6]]


OBJECTS = torch.tensor([[0.0, 0, 10, 10], [20, 20, 26, 26]])
ANCHORS = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 7], [0, 0, 10, 5], [0, 0, 10, 2],
                        [18, 18, 28, 28], [40, 40, 50, 50]])


def test_which_anchor_learns_what() -> None:
    overlap = box_iou(ANCHORS, OBJECTS)
    torch.testing.assert_close(overlap.T, torch.tensor(
        [[1, .7, .5, .2, 0, 0], [0, 0, 0, 0, .36, 0]]))
    assert match(overlap).tolist() == [0, 0, -2, -1, 1, -1]
    assert match(overlap, best=False).tolist() == [0, 0, -2, -1, -2, -1]


def test_no_object_makes_background_of_every_anchor() -> None:
    assert match(box_iou(ANCHORS, OBJECTS[:0])).tolist() == [-1] * 6
    assert match(box_iou(ANCHORS[:0], OBJECTS)).tolist() == []


def test_a_chain_is_where_fast_nms_differs() -> None:
    chain = torch.tensor([[0, 0, 10, 10], [0, 2.5, 10, 12.5], [0, 5, 10, 15]])
    scores = torch.tensor([.9, .8, .7])
    assert nms(chain.numpy(), scores.numpy(), 0.5).tolist() == [0, 2]
    assert fast_nms(chain, scores, 0.5).tolist() == [0]


def test_an_overlap_of_just_the_threshold_keeps_both() -> None:
    halves = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 5]])
    assert fast_nms(halves, torch.tensor([.5, .5]), 0.5).tolist() == [0, 1]
    assert fast_nms(halves[:0], torch.zeros(0)).tolist() == []


@given(boxes=st.lists(box, max_size=12), seed=st.integers(0, 99))
def test_fast_nms_keeps_no_two_above_the_threshold(boxes: list, seed: int) -> None:
    boxes = torch.tensor(boxes).reshape(-1, 4)
    scores = torch.from_numpy(np.random.default_rng(seed).random(len(boxes)))
    kept = fast_nms(boxes, scores, 0.4)
    assert (box_iou(boxes[kept], boxes[kept]).triu(1) <= 0.4).all()
    slow = set(nms(boxes.numpy(), scores.numpy(), 0.4).tolist())
    assert set(kept.tolist()) <= slow  # it only removes more


def test_clipped() -> None:
    boxes = torch.tensor([[-2.0, 1, 5, 3], [0, 0, 4, 2]])
    assert clip_boxes(boxes, (2, 4)).tolist() == [[0, 1, 4, 2], [0, 0, 4, 2]]
