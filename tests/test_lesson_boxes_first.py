"""What lesson 10 shows, whatever the machine's last digits are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ifcn_course import check
from ifcn_course.check.boxes_first import searches
from ifcn_course.exam.bank import lesson_10
from ifcn_course.predict import predictions
from ifcn_lab import draw, scenes
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.layers.boxes import box_iou, decode_boxes, encode_boxes, match
from ifcn_lab.layers.nms import nms_pairwise
from ifcn_lab.layers.roi import roi_warp
from ifcn_lab.league.roi_oracle import OPERATORS, ellipses, roi_oracle
from ifcn_lab.metrics import mask_iou
from ifcn_lab.models.mask_rcnn import MaskRCNN
from ifcn_lab.models.mnc_joint import MNCJoint
from ifcn_lab.segmenter import to_tensor
from ifcn_lab.widgets import AnchorBoard
from tests.test_exam import lines_of, result_of

WEIGHTS = (10, 10, 5, 5)
OBJECTS = torch.tensor([[0.0, 0, 10, 10], [20, 20, 26, 26]])
ANCHORS = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 7], [0, 0, 10, 5], [0, 0, 10, 2],
                        [18, 18, 28, 28], [40, 40, 50, 50]])


def answer(name: str) -> object:
    return predictions()[name]["answer"]


def test_nothing_trained_rounding_costs_most_and_the_half_place_is_constant() -> None:
    kept = {name: each for (name, _), each in roi_oracle((4,), 60).items()}
    assert kept["RoIPool"].good < 0.1 < 0.9 < kept["RoIAlign"].good
    assert answer("10.1") == "about 0.02"
    shifted = {name: each.shifted for name, each in kept.items()}
    assert max(shifted, key=shifted.get) == "RoIAlign"
    assert kept["RoIAlign, not aligned"].shift == 0.5
    gain = {name: each.shifted - each.iou for name, each in kept.items()}
    assert max(gain, key=gain.get) == "RoIAlign, not aligned"


def test_a_third_of_a_place_is_seen_by_those_who_do_not_round() -> None:
    ramp = (10.0 * torch.arange(6)[:, None] + torch.arange(6))[None]
    rest = torch.tensor([[1.0, 1, 4, 4]])
    moved = rest + torch.tensor([1, 0, 1, 0]) / 3
    change = {name: (read(ramp, moved, 2) - read(ramp, rest, 2)).flatten().tolist()
              for name, read in OPERATORS.items()}
    assert change["RoIPool"] == change["released RoIWarp"] == [0] * 4
    for name in ("RoIAlign", "RoIAlign, not aligned"):
        assert change[name] == pytest.approx([1 / 3] * 4, abs=1e-4)
    away = OPERATORS["RoIAlign, not aligned"](ramp, rest, 2) \
        - OPERATORS["RoIAlign"](ramp, rest, 2)
    assert away.flatten().tolist() == pytest.approx([5.5] * 4, abs=1e-4)


def trained_error(operator: str) -> float:
    """How far the lesson's head leaves an edge from where it should be, in pixels."""
    truths = [each.numpy() for each, _ in ellipses(200, seed=1)]
    own = torch.from_numpy(tight_boxes(np.stack(truths))).float()
    chance = torch.Generator().manual_seed(0)
    off = own + 12 * torch.rand(3, 200, 4, generator=chance) - 6
    maps = [avg_pool2d(torch.tensor(one).float()[None], 8) for one in truths]
    read = torch.stack([torch.stack([
        OPERATORS[operator](m, b[None] / 8, 7)[0, 0]
        for m, b in zip(maps, boxes, strict=True)]) for boxes in off]).flatten(2)
    codes = encode_boxes(own.expand(3, -1, -1), off, WEIGHTS)
    net = head(read[:, :160].flatten(0, 1), codes[:, :160].flatten(0, 1))
    said = decode_boxes(net(read[:, 160:]).detach(), off[:, 160:], WEIGHTS)
    return float((said - own[160:]).abs().mean())


def head(numbers: Tensor, wanted: Tensor) -> nn.Module:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(49, 64), nn.ReLU(), nn.Linear(64, 4))
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(300):
        some = torch.randint(len(numbers), (64,))
        loss = (net(numbers[some]) - wanted[some]).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net


def test_a_head_undoes_the_half_place_and_not_the_rounding() -> None:
    pooled, shifted, aligned = map(trained_error, (
        "RoIPool", "RoIAlign, not aligned", "RoIAlign"))
    assert shifted < 1.5 * aligned and pooled > 1.6 * shifted
    assert answer("10.2") == "of the half place only"


@pytest.mark.slow
def test_a_trained_network_that_rounds_loses_its_exact_masks() -> None:
    net, held_out = MaskRCNN.from_pretrained(), SceneSet(12, start=1_000_000)
    shares = {}
    for roi in ("align", "warp", "pool"):
        net.roi = roi
        found = net.detect([each.image for each in held_out], top=20)
        best = np.concatenate([mask_iou(some.masks, each.masks).max(0)
                               for some, each in zip(found, held_out, strict=True)])
        shares[roi] = (best >= 0.9).mean()
        assert (best >= 0.7).mean() > 0.7
    assert shares["pool"] < 0.25 < 0.6 < min(shares["align"], shares["warp"])


def pull(away: float) -> list[float]:
    square = torch.zeros(1, 8, 16)
    square[0, 2:6, 2:6] = 1
    box = torch.tensor([[2.0 + away, 2, 6 + away, 6]], requires_grad=True)
    loss = (roi_warp(square, box, 4) - 1).square().mean()
    return (-torch.autograd.grad(loss, box)[0][0, [0, 2]]).tolist()


def test_the_pull_ends_four_places_off() -> None:
    assert answer("10.3") == 4
    inside = [pull(away) for away in np.arange(0.1, 4, 0.2).tolist()]
    assert all(left < 0 and right < 0 for left, right in inside)
    assert [pull(away) for away in (4.01, 4.7, 6.0)] == [[0, 0]] * 3
    assert pull(0.5)[1] < pull(0.5)[0] < 0 and pull(3.5)[0] < pull(3.5)[1] < 0


def test_only_the_best_anchor_rule_gives_the_small_object_an_anchor() -> None:
    overlap = box_iou(ANCHORS, OBJECTS)
    assert match(overlap, best=False).tolist() == [0, 0, -2, -1, -2, -1]
    both = match(overlap)
    assert both.tolist() == [0, 0, -2, -1, 1, -1]
    alt = draw.anchors_and_labels(ANCHORS.numpy(), OBJECTS.numpy(), both.numpy()).alt
    assert "2 objects and 6 anchors" in alt and "4 positive and 5 negative" in alt


def test_in_a_chain_of_three_the_last_one_stays() -> None:
    chain = np.array([[0.0, 0, 10, 10], [0, 2.5, 10, 12.5], [0, 5, 10, 15]])
    assert nms_pairwise(chain, np.array([0.9, 0.8, 0.7]), 0.5) == [0, 2]


def test_figures_say_what_changes_and_where_a_pull_lies() -> None:
    zeros, ones = np.zeros((2, 2)), np.ones((2, 2))
    alt = draw.read_before_and_after({"A": (zeros, ones), "B": (ones, ones)}).alt
    assert "A by 1.00 to 1.00 and B by 0.00 to 0.00" in alt
    alt = draw.pulls_of_edges([0.0, 2.0], {"left edge": [-0.25, 0.0]}).alt
    assert "left edge from -0.25 to 0.00" in alt
    image, found = np.zeros((8, 8, 3), np.uint8), np.eye(8, dtype=bool)
    picture = draw.box_to_mask(image, zeros, (1, 2, 5, 8), ones, found)
    assert "A box of 4 x 6 pixels" in picture.alt and "8 pixels" in picture.alt


# the open problem


def by_gradient(read: Callable[..., Tensor], box: Tensor) -> Tensor:
    """Nothing like the lesson's: it walks where fewer ones stand outside."""
    out = torch.tensor([-1.0, -1, 1, 1])
    for _ in range(60):
        now = box.clone().requires_grad_()
        inside = read(now)
        ring = read(now + out * 0.25 * (now[2:] - now[:2]).repeat(2))
        rim = ring.clone()
        rim[3:-3, 3:-3] = 0
        loss = rim.sum() - inside.sum() * 0.5
        slope, = torch.autograd.grad(loss, now)
        box = (now - 0.3 * slope.sign() * (slope.abs() > 1e-3)).detach()
    return box


def by_weight(read: Callable[..., Tensor], box: Tensor) -> Tensor:
    """Middles and spreads of what a wide look shows."""
    for _ in range(6):
        side = box[2:] - box[:2]
        wide = torch.cat([box[:2] - side / 3, box[2:] + side / 3])
        seen, unit = read(wide), (wide[2:] - wide[:2]) / 14
        lines = torch.stack([seen.sum(0), seen.sum(1)]) / seen.sum()  # x, y
        place = torch.arange(14) + 0.5
        middle = (lines * place).sum(1)
        spread = (lines * (place - middle[:, None]) ** 2).sum(1).sqrt()
        at = wide[:2] + middle * unit
        box = torch.cat([at - 2 * spread * unit, at + 2 * spread * unit])
    return box


@pytest.mark.parametrize("way", [by_weight, by_gradient])
def test_another_way_passes_too(
    way: Callable[..., Tensor], capsys: pytest.CaptureFixture[str]
) -> None:
    check.refine(way)
    assert "Exercise 10.7: correct" in capsys.readouterr().out


def test_a_box_left_alone_does_not_pass(capsys: pytest.CaptureFixture[str]) -> None:
    check.refine(lambda read, box: box)
    said = capsys.readouterr().out
    assert "not yet right for 12 ellipses" in said and "at least 0.8 is asked" in said
    check.refine(lambda read, box: box[:3])
    assert "Return four finite numbers" in capsys.readouterr().out
    ious = [float(box_iou(one.start[None], one.own[None])) for one in searches()]
    assert 0.4 < np.mean(ious) < 0.6


def board() -> AnchorBoard:
    pair = scenes.make(1_000_003, objects=(2, 3), sizes=(18, 84), alike=0)
    return AnchorBoard(pair.image, tight_boxes(pair.masks))


def test_whether_a_small_object_has_its_own_anchor_is_luck() -> None:
    shown = board()
    assert "only the best-anchor rule gives it 1, of IoU 0.52" in shown.words()
    x0, y0, x1, y1 = shown.boxes[0]
    shown.boxes = [[x0, y0 - 4, x1, y1 - 4], shown.boxes[1]]
    assert "Object 0: 1 of them, best IoU 0.73" in shown.words()
    shown = board()
    shown.positive = 52
    assert "Object 0: 1 of them, best IoU 0.52" in shown.words()
    assert "Object 1: 8 of them" in shown.words()
    shown = board()
    shown.stride = 32
    assert "only the best-anchor rule gives it 1, of IoU 0.22" in shown.words()


@pytest.mark.parametrize(("limit", "left"), [(20, 2), (50, 11), (80, 40)])
def test_as_many_boxes_of_the_board_are_left(limit: int, left: int) -> None:
    shown = board()
    shown.iou = limit
    turns = shown.turns()
    assert len(turns) == 40 and sum(turn.by < 0 for turn in turns) == left
    if left == 2:
        about = shown.matched().about
        assert {int(about[turn.box]) for turn in turns if turn.by < 0} == {0, 1}


def test_the_third_stage_refuses_shreds_and_moves_boxes_nearer() -> None:
    mnc, sample = MNCJoint.from_pretrained(), SceneSet(12, start=1_000_000)[11]
    with torch.no_grad():
        seen = mnc(to_tensor(sample.image)[None])
        found, _ = mnc.rpn.proposals(seen.objectness[0], seen.code[0],
                                     mnc.rpn.anchors(seen.features), (128, 128), 60)
        tight = torch.from_numpy(tight_boxes(sample.masks)).float()
        first = found[[*box_iou(found, tight).argmax(0).tolist(), 46]]
        read = mnc.read(seen.maps[0], first)
    sure = read.category.softmax(1)[:, 1]
    assert len(first) == 7 and sure[:6].min() > 0.8 > 0.1 > sure[6]
    before, after = (box_iou(boxes[:6], tight).max(0).values for boxes in (
        first, decode_boxes(read.code, first, WEIGHTS)))
    assert ((after > before).sum() >= 5) and after.mean() > before.mean() + 0.05


@pytest.mark.parametrize("seed", range(6))
def test_the_exams_line_with_a_fault_moves_an_anchor_wrong(seed: int) -> None:
    given = {"x0": 4.0, "x1": 24.0, "dx": 0.25, "dw": np.log(1.5)}
    truth = decode_boxes(torch.tensor([[0.25, 0, np.log(1.5), 0]]),
                         torch.tensor([[4.0, 0, 24, 8]]))[0, [0, 2]].tolist()
    right, wrong = lines_of(lesson_10.moved_anchor, seed)
    assert result_of(right, "middle", **given) == pytest.approx(truth, abs=1e-4)
    assert result_of(wrong, "middle", **given) != pytest.approx(truth, abs=1e-4)
