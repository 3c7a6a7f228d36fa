"""Figures and checks of lesson 5 say what is true."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import torch

from ifcn_course import check
from ifcn_course.check.training import copies
from ifcn_lab import (
    Grid,
    InstanceFCN,
    assemble,
    average_recall,
    draw,
    propose,
    scenes,
)
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.draw.training_windows import BEYOND, crop, few_shades
from ifcn_lab.scenes import Scene
from ifcn_lab.training import LESSON, train
from ifcn_lab.windows.labels import (
    WindowLabels,
    WindowRule,
    label_windows,
    mask_targets,
    sample_windows,
)
from ifcn_lab.windows.oracle import coverage

STRIDE, M, SHAPE = 4, 21, (32, 32)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return scenes.two_touching(diameter=48)


@pytest.fixture(scope="module")
def labels(scene: Scene) -> WindowLabels:
    return label_windows(tight_boxes(scene.masks), SHAPE, stride=STRIDE, m=M)


def test_every_window_of_a_scene_has_a_mark_of_its_kind(
    scene: Scene, labels: WindowLabels
) -> None:
    picture = draw.window_labels(scene.image, labels, STRIDE)
    kinds = {name: (labels.label == value).sum()
             for name, value in (("positive", 1), ("ignored", -1), ("negative", 0))}
    for name, count in kinds.items():
        assert f"{count} {name}" in picture.alt
    assert "in the middle of 2 objects" in picture.alt
    marks = picture.figure.axes[0].collections
    assert sorted(len(m.get_offsets()) for m in marks) == sorted(kinds.values())


def test_the_marks_of_positive_windows_stand_on_their_objects(
    scene: Scene, labels: WindowLabels
) -> None:
    picture = draw.window_labels(scene.image, labels, STRIDE)
    x, y = picture.figure.axes[0].collections[0].get_offsets().T.round().astype(int)
    owner = labels.instance[labels.label == 1]
    assert scene.masks[owner, y, x].all()


def test_a_crop_is_the_picture_under_the_window() -> None:
    image = np.random.default_rng(0).integers(0, 200, (128, 128, 3), np.uint8)
    seen = few_shades(image)
    assert np.array_equal(crop(image, np.array([10, 12]), 4, 21), seen[:84, 8:92])
    corner = crop(image, np.array([0, 0]), 4, 21)
    assert (corner[:40] == BEYOND).all()
    assert np.array_equal(corner[40:, 40:], seen[:44, :44])


def test_kinds_without_a_window_leave_their_row_empty(scene: Scene) -> None:
    nothing = WindowLabels(np.zeros(SHAPE, int), np.full(SHAPE, -1))
    axes = draw.window_crops(scene.image, nothing, 4, 21).figure.axes
    assert [len(one.images) for one in axes] == [0] * 10 + [1] * 5


def test_drawn_windows_are_counted_in_words(scene: Scene, labels: WindowLabels) -> None:
    drawn = sample_windows(labels, 64, rng=np.random.default_rng(0))
    picture = draw.drawn_windows(scene.image, {"half": drawn}, STRIDE)
    assert "half, 32 of 64 windows are positive" in picture.alt


def test_pixels_off_the_map_are_hatched_in_a_target(scene: Scene) -> None:
    cells = coverage(scene.masks, STRIDE)
    at = np.array([[16, 10], [16, 2]])
    target, counts = mask_targets(cells, at, np.zeros(2, int), M)
    picture = draw.window_targets(scene.image, at, target, counts, STRIDE)
    below = [one for one in picture.figure.axes if one.patches]
    hatched = [sum(p.get_hatch() is not None for p in one.patches) for one in below]
    assert hatched == [0, (~counts[1]).sum()]
    assert "1 of the windows reach" in picture.alt


@pytest.mark.parametrize("k", [1, 2, 5])
def test_the_backward_pass_of_assembling_is_a_count_of_copies(k: int) -> None:
    centers = np.random.default_rng(k).integers(0, 32, (40, 2))
    maps = torch.zeros(k * k, 32, 32, requires_grad=True)
    assemble(maps, M, centers=torch.tensor(centers)).sum().backward()
    assert np.array_equal(copies(centers, k, M, SHAPE), maps.grad.numpy())


def test_the_picture_of_copies_says_how_many_there_are() -> None:
    counts = copies(np.array([[16, 16]] * 7), 3, M, SHAPE)
    picture = draw.copy_counts(counts, np.ones((1, 32, 32), bool))
    untouched = (counts == 0).mean()
    assert "one score was copied 7 times" in picture.alt
    assert f"No window copied {untouched:.0%}" in picture.alt
    numbers = [one.texts[0].get_text() for one in picture.figure.axes[:9]]
    assert numbers == [str(n) for n in range(9)]


def test_the_same_windows_count_pixels_on_the_right_side() -> None:
    truth = np.zeros((2, 4, 4))
    truth[:, :2] = 1
    logits = np.where(truth > 0, 3.0, -3.0)
    logits[0] *= -1
    seen = [np.zeros((8, 8, 3), np.uint8)] * 2
    picture = draw.same_windows(seen, truth, {"k = 1": logits, "k = 5": np.abs(logits)})
    assert "50% with k = 1 and 50% with k = 5" in picture.alt


def test_masks_side_by_side_are_counted_by_column(scene: Scene) -> None:
    columns = {"truth": [scene.masks], "none": [scene.masks[:0]]}
    alt = draw.side_by_side([scene.image], columns).alt
    assert "truth: 2" in alt and "none: 0" in alt


def test_the_loss_of_a_pixel_without_an_idea_is_marked() -> None:
    assert "0.69" in draw.pixel_loss().alt


# what the lesson's figures say, whatever the machine's last digits are


def test_an_untrained_network_has_no_idea() -> None:
    torch.manual_seed(0)
    net, rng = InstanceFCN(k=5, backbone="small"), np.random.default_rng(0)
    view = net.view(SceneSet(1)[0], LESSON, rng)
    losses = net.losses(net(view.image[None]), [net.targets(view, rng)])
    for total, count in losses.values():
        assert total.item() / count == pytest.approx(np.log(2), abs=0.15)


@pytest.mark.slow
def test_both_losses_fall_and_the_mask_loss_to_less_than_half() -> None:
    torch.manual_seed(0)
    net, losses = InstanceFCN(k=5, backbone="small"), []
    train(net, SceneSet(500), LESSON.with_(iterations=120, seconds=None),
          on_step=lambda step: losses.append(step.losses))
    for name, most in (("objectness", 1.0), ("mask", 0.5)):
        values = [each[name] for each in losses]
        assert np.mean(values[-20:]) < most * np.mean(values[:5])


@pytest.mark.slow
def test_one_map_finds_little_and_nine_nearly_as_much_as_25() -> None:
    scenes_kept_apart, recall = SceneSet(12, start=1_000_000), {}
    for k in (1, 3, 5):
        net = InstanceFCN.from_pretrained(f"scenes-k{k}")
        found = [propose(net, each.image, top=10) for each in scenes_kept_apart]
        recall[k] = average_recall(found, scenes_kept_apart, ns=(10,))[10]
    assert recall[1] < 0.2 and recall[3] > 0.7
    assert recall[5] == pytest.approx(recall[3], abs=0.1)


def right_label(distance: float, octaves: float, rule: WindowRule) -> int:
    if distance <= rule.center_tolerance and octaves <= rule.scale_tolerance:
        return 1
    far = distance >= rule.negative_center or octaves >= rule.negative_scale
    return 0 if far else -1


def right_loss(z: float, t: float) -> float:
    return t * np.log1p(np.exp(-z)) + (1 - t) * np.log1p(np.exp(z))


def right_count(
    centers: list[tuple[int, int]], k: int, m: int, h: int, w: int
) -> np.ndarray:
    counts, channel = np.zeros((k * k, h, w), int), Grid(k, m).channel
    for y, x in centers:
        for i, j in np.ndindex(m, m):
            row, column = y - m // 2 + i, x - m // 2 + j
            if 0 <= row < h and 0 <= column < w:
                counts[channel[i, j], row, column] += 1
    return counts


def open_exercise(*_: object) -> None:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("name", "answer"),
    [("label", right_label), ("pixel_loss", right_loss), ("count_copies", right_count)],
)
def test_a_check_accepts_the_right_answer_and_waits_for_one(
    name: str, answer: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    getattr(check, name)(answer)
    getattr(check, name)(open_exercise)
    right, waiting = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"Exercise 5.\d: correct, all \d+ cases agree.", right)
    assert waiting.endswith("not done yet.")


WRONG = {
    "size forgotten": ("label", lambda d, o, r: right_label(d, 0.0, r)),
    "or for and": ("label", lambda d, o, r: right_label(min(d, o), min(d, o), r)),
    "never ignored": ("label", lambda d, o, r: max(0, right_label(d, o, r))),
    "target turned round": ("pixel_loss", lambda z, t: right_loss(z, 1 - t)),
    "target rounded": ("pixel_loss", lambda z, t: right_loss(z, round(t))),
    "sign forgotten": ("pixel_loss", lambda z, t: -right_loss(z, t)),
    "once is enough": ("count_copies", lambda *a: np.minimum(right_count(*a), 1)),
    "rows for columns": (
        "count_copies", lambda c, *a: right_count([(x, y) for y, x in c], *a)),
    "one map": (
        "count_copies", lambda c, k, *a: np.repeat(right_count(c, 1, *a), k * k, 0)),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_check_recognises_a_wrong_answer(
    mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, answer = WRONG[mistake]
    getattr(check, name)(answer)
    assert "not yet right" in capsys.readouterr().out
