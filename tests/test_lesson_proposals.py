"""Figures and checks of lesson 6, and the failures it shows."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch

from ifcn_course import check
from ifcn_lab import (
    CocoFolder,
    InstanceFCN,
    average_recall,
    draw,
    propose,
    scenes,
)
from ifcn_lab.data import Sample, from_scene, shipped
from ifcn_lab.data.masks import longest_sides, tight_boxes
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.draw.missed_objects import judged, solidity, trait, worst_first
from ifcn_lab.layers.nms import nms, nms_pairwise, pair_iou
from ifcn_lab.metrics import mask_iou
from ifcn_lab.segmenter import Instances
from ifcn_lab.windows.candidates import Level


@pytest.fixture(scope="module")
def sample() -> Sample:
    return from_scene(scenes.two_touching(diameter=48), "two discs")


# what the lesson's figures say, whatever the machine's last digits are


@pytest.mark.slow
def test_zooms_find_the_small_objects_and_lose_few_of_the_others() -> None:
    net = InstanceFCN.from_pretrained("scenes").rated("objectness")
    held_out = SceneSet(16, start=1_000_000, style="wild")
    sizes = np.concatenate([longest_sides(each.masks) for each in held_out])
    small = sizes < net.canonical * net.stride * net.m * 2**-0.3
    share = {}
    for name, scales in (("once", [1.0]), ("all", None)):
        found = [propose(net, s.image, top=100, scales=scales) for s in held_out]
        hit = np.concatenate([mask_iou(f.top(10).masks, s.masks).max(0) >= 0.7
                              for f, s in zip(found, held_out, strict=True)])
        share[name] = hit[small].mean(), hit[~small].mean()
    assert share["once"][0] < 0.25 and share["all"][0] > 0.45
    assert 0 <= share["once"][1] - share["all"][1] < 0.1
    report = average_recall(found, held_out, ns=(10, 100))
    assert 0.5 < report[10] <= report[100]


def test_answers_are_coins_and_no_number_was_chosen() -> None:
    net = InstanceFCN.from_pretrained("scenes")
    coins = CocoFolder(shipped.path("photos/coins.json"))[0]
    (meant,) = net.answers([coins.image])
    iou = mask_iou(meant.masks, coins.masks)
    assert (iou.max(0) >= 0.7).sum() >= 22 and (iou.max(1) < 0.5).sum() <= 2


def proposals(masks: np.ndarray, scores: list[float]) -> Instances:
    """The given masks as proposals, best first."""
    boxes = tight_boxes(masks)
    crops = tuple(mask[y0:y1, x0:x1]
                  for mask, (x0, y0, x1, y1) in zip(masks, boxes, strict=True))
    return Instances(masks.shape[1:], boxes, np.array(scores), crops,
                     windows=np.zeros((len(masks), 3), int), zooms=(1.0,))


def test_the_pyramid_is_drawn_to_one_scale(sample: Sample) -> None:
    fits = np.array([[True, False], [False, False], [True, True]])
    picture = draw.pyramid(sample.image, sample.masks, (0.5, 1.0, 2.0), 84, fits)
    assert "1 at zoom 0.50, 0 at zoom 1.00 and 2 at zoom 2.00" in picture.alt
    axes = picture.figure.axes
    right = np.array([one.get_xlim()[1] for one in axes])
    assert np.diff(right) == pytest.approx([64, 128])  # 0.5, 1, 2 times 128 pixels
    windows = [one.patches[0].get_bbox().bounds for one in axes if one.patches]
    assert [window[2:] for window in windows] == [(84, 84), (84, 84)]
    x0, y0, x1, y1 = tight_boxes(sample.masks)[0]
    middle = windows[1][0] + 42, windows[1][1] + 42
    assert middle == (x0 + x1, y0 + y1)  # at zoom 2


def test_the_surest_window_of_each_zoom_is_marked(sample: Sample) -> None:
    sure = torch.full((32, 32), -9.0)
    sure[7, 20] = 0.0
    level = Level(torch.zeros(1, 32, 32), sure, (4.0, 4.0))
    picture = draw.objectness(sample.image, [level], [1.0])
    assert "0.50 at zoom 1.00" in picture.alt
    line = picture.figure.axes[0].lines[0]
    assert (line.get_xdata()[0], line.get_ydata()[0]) == (82, 30)


def test_a_ranking_says_at_how_many_places_its_masks_lie(sample: Sample) -> None:
    twice = proposals(sample.masks[[0, 0, 0]], [0.9, 0.8, 0.7])
    both = proposals(sample.masks, [0.9, 0.8])
    alt = draw.ranking(sample.image, {"all": twice, "after NMS": both}, columns=4).alt
    assert "all: the best 3 masks, in 1 different place" in alt
    assert "after NMS: the best 2 masks, in 2 different places" in alt


def test_enlargements_are_judged_by_their_iou() -> None:
    truth = np.zeros((8, 8), bool)
    truth[:4] = True
    half = truth.copy()
    half[:2] = False
    ways = {"good": truth, "bad": half}
    picture = draw.enlarging(np.zeros((2, 2)), truth, ways)
    assert "good 1.000 and bad 0.500" in picture.alt


def test_recall_curves_carry_the_figures_of_the_report(sample: Sample) -> None:
    one = proposals(sample.masks[:1], [0.9])
    report = average_recall([one], [sample], ns=(1, 10))
    picture = draw.recall_curves(report, ns=(1, 10))
    assert "AR@1 is 0.50 and AR@10 is 0.50" in picture.alt
    assert (picture.figure.axes[0].lines[0].get_ydata() == 0.5).all()


def test_objects_by_size_tell_those_that_fit_from_others() -> None:
    picture = draw.by_size([30, 50, 60], {"zoom 1": [0.1, 0.9, 0.5]}, (45, 70))
    assert "zoom 1, 50% of the objects that fit and 0% of the others" in picture.alt


def test_found_objects_are_counted(sample: Sample) -> None:
    picture = draw.found_objects(sample.image, sample.masks, np.array([0.95, 0.31]))
    assert "1 have IoU 0.7 or more; the lowest is 0.31" in picture.alt


def test_a_segmented_picture_says_how_many_masks_it_holds(sample: Sample) -> None:
    found = proposals(sample.masks, [0.9, 0.75])
    alt = draw.segmented(sample.image, found).alt
    assert "2 outlined proposals, of objectness 0.75 to 0.90" in alt


def test_the_worst_object_comes_first_with_its_nearest_proposal(sample: Sample) -> None:
    half = sample.masks[1] & (np.arange(128) < 88)
    found = proposals(np.stack([sample.masks[0], half]), [0.9, 0.8])
    first, last = worst_first([found], [sample], (20, 80))
    assert last.iou == 1 and 0.3 < first.iou < 0.7
    assert np.array_equal(first.truth, sample.masks[1])
    assert np.array_equal(first.nearest, half)
    alt = draw.failures([first, last]).alt
    assert f"{first.trait} (IoU {first.iou:.2f})" in alt


def test_without_proposals_every_object_is_a_failure(sample: Sample) -> None:
    none = proposals(sample.masks[:0], [])
    for each in judged(none, sample, (20, 80)):
        assert each.iou == 0 and not each.nearest.any()


def shape(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((128, 128), bool)
    mask[rows, columns] = True
    return mask


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (shape(np.s_[0:40], np.s_[30:70]), "cut by the border"),
        (shape(np.s_[60:128], np.s_[30:70]), "cut by the border"),
        (shape(np.s_[40:50], np.s_[40:50]), "too small"),
        (shape(np.s_[10:110], np.s_[10:90]), "too large"),
        (shape(np.s_[40:50], np.s_[40:90]), "long and thin"),
        (shape(np.s_[40:80], np.s_[40:80]) & ~shape(np.s_[50:70], np.s_[40:60]),
         "dented"),
        (shape(np.s_[40:80], np.s_[40:80]), "whole"),
    ],
)
def test_an_object_is_named_by_what_is_special_about_it(
    mask: np.ndarray, says: str
) -> None:
    assert trait(mask, (26, 80)) == says


def test_solidity_is_the_share_of_the_hull() -> None:
    corner = shape(np.s_[0:2], np.s_[0:2])
    corner[1, 1] = False
    assert solidity(corner) == pytest.approx(3 / 3.5)


def right_recall(overlap: np.ndarray, n: int, iou: float) -> float:
    return (overlap[:n].max(0) >= iou).mean()


def open_exercise(*_: object) -> None:
    raise NotImplementedError


RIGHT = {"box_overlap": lambda a, b: pair_iou(np.array(a), np.array(b)),
         "suppress": nms_pairwise, "recall": right_recall}


@pytest.mark.parametrize("name", RIGHT)
def test_a_check_accepts_the_right_answer_and_waits_for_one(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    getattr(check, name)(RIGHT[name])
    getattr(check, name)(open_exercise)
    right, waiting = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"Exercise 6.\d: correct, all \d+ cases agree.", right)
    assert waiting.endswith("not done yet.")


def careless_iou(a: tuple, b: tuple) -> float:
    """IoU that lets negative widths through."""
    shared = ((min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1])))
    return shared / (sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (a, b)) - shared)


def closed_iou(a: tuple, b: tuple) -> float:
    """IoU of boxes whose last pixel is x1, y1."""
    return pair_iou(*(np.array(box) + (0, 0, 1, 1) for box in (a, b)))


def gone_suppress_too(boxes: np.ndarray, scores: np.ndarray, iou: float) -> list[int]:
    """NMS in which a box that is gone still throws out others."""
    order = list(np.argsort(-scores, kind="stable"))
    return [i for place, i in enumerate(order)
            if all(pair_iou(boxes[i], boxes[j]) <= iou for j in order[:place])]


WRONG: dict[str, tuple[str, Callable]] = {
    "negative widths": ("box_overlap", careless_iou),
    "closed boxes": ("box_overlap", closed_iou),
    "gone but not silent": ("suppress", gone_suppress_too),
    "in the given order": ("suppress", lambda b, s, iou: sorted(nms(b, s, iou))),
    "strict at the limit": ("suppress", lambda b, s, iou: nms(b, s, iou - 1e-9)),
    "all proposals": ("recall", lambda o, n, iou: right_recall(o, len(o), iou)),
    "rows for columns": ("recall", lambda o, n, iou: (o[:n].max(1) >= iou).mean()),
    "above the limit": ("recall", lambda o, n, iou: (o[:n].max(0) > iou).mean()),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_check_recognises_a_wrong_answer(
    mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, answer = WRONG[mistake]
    getattr(check, name)(answer)
    assert "not yet right" in capsys.readouterr().out
