"""A head for the quality of masks: what it learns, and that it changes no mask."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from training_cases import drawn, one_thread

from ifcn_lab.__main__ import main
from ifcn_lab.data import shipped
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.metrics import mask_iou
from ifcn_lab.metrics.calibration import verdicts
from ifcn_lab.models import load
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.segmenter import to_tensor
from ifcn_lab.training import LESSON, Run, train
from ifcn_lab.weights_file import read_weights
from ifcn_lab.windows.labels import WindowRule
from ifcn_lab.windows.proposals import propose
from ifcn_lab.windows.quality import (
    RatedMaps,
    calibrated,
    cut_out,
    rated_centers,
    window_iou,
)

__all__ = ["one_thread"]  # a fixture
SCENES = SceneSet(4, start=400)
FEW = LESSON.with_(iterations=3, seconds=None, batch=2, precision="float32")


@pytest.fixture(scope="module")
def plain() -> InstanceFCN:
    return InstanceFCN.from_pretrained("scenes-instancefcn")


@pytest.fixture(scope="module")
def rated(plain: InstanceFCN) -> InstanceFCN:
    torch.manual_seed(1)
    return plain.rated()


def iou_by_loops(mask, center, objects, known) -> float:
    """Count places one by one."""
    m, best = len(mask), 0.0
    for one in objects:
        shared = union = 0
        for y, x in product(range(known.shape[0]), range(known.shape[1])):
            if not known[y, x]:
                continue
            i, j = y - (center[0] - m // 2), x - (center[1] - m // 2)
            mine = 0 <= i < m and 0 <= j < m and bool(mask[i, j])
            shared += mine and bool(one[y, x])
            union += mine or bool(one[y, x])
        best = max(best, shared / max(union, 1))
    return best


def test_the_iou_of_windows_is_that_counted_place_by_place() -> None:
    rng = np.random.default_rng(0)
    masks = torch.tensor(rng.random((12, 5, 5)) < 0.5)
    centers = torch.tensor(rng.integers(0, (7, 9), (12, 2)))
    objects = torch.tensor(rng.random((3, 7, 9)) < 0.4)
    known = torch.tensor(rng.random((7, 9)) < 0.8)
    found = window_iou(masks, centers, objects, known)
    slow = [iou_by_loops(mask, at.tolist(), objects, known)
            for mask, at in zip(masks, centers, strict=True)]
    assert found.tolist() == pytest.approx(slow, abs=1e-6)
    assert window_iou(masks, centers, objects[:0], known).tolist() == [0.0] * 12


def test_cut_out_is_the_padded_map_read_at_the_window() -> None:
    maps = torch.arange(2 * 3 * 4 * 5.0).view(2, 3, 4, 5)
    centers = torch.tensor([[1, 0, 0], [0, 3, 4], [1, 2, 1]])
    for m in (3, 4):
        padded = F.pad(maps, (m // 2, m, m // 2, m))
        slow = torch.stack([padded[b, :, y : y + m, x : x + m]
                            for b, y, x in centers.tolist()])
        assert torch.equal(cut_out(maps, centers, m), slow)


def test_windows_that_teach_are_the_best_and_none_is_in_the_crowd() -> None:
    objectness = torch.arange(400.0).view(20, 20)
    known = torch.ones(20, 20, dtype=torch.bool)
    known[-1] = False
    at = rated_centers(objectness, known)
    places = (at[:, 0] * 20 + at[:, 1]).tolist()
    assert places == list(range(379, 379 - 128, -2))
    assert len(rated_centers(objectness, ~known)) == 10


def test_without_a_head_nothing_is_named_or_stored(
    plain: InstanceFCN, tmp_path
) -> None:
    path = shipped.path("weights/scenes-instancefcn.safetensors")
    assert {"score", "calibration", "cut"}.isdisjoint(read_weights(path)[0])
    again = load(path).half().save(tmp_path / "again.safetensors")
    assert again.read_bytes() == path.read_bytes()


def test_a_new_head_leaves_the_rest_of_a_new_network_as_it_was() -> None:
    torch.manual_seed(3)
    alone = InstanceFCN(3, 7, "light").state_dict()
    torch.manual_seed(3)
    both = InstanceFCN(3, 7, "light", score="both").state_dict()
    assert all(torch.equal(alone[name], both[name]) for name in alone)


def test_each_window_has_the_same_mask_with_the_head(
    plain: InstanceFCN, rated: InstanceFCN
) -> None:
    image = SCENES[0].image
    every = propose(plain, image, top=200, candidates=200, nms_iou=1.0)
    for score in ("quality", "both"):
        found = propose(rated, image, top=200, candidates=200, nms_iou=1.0, score=score)
        assert not np.array_equal(found.windows, every.windows)
        place = {tuple(w): i for i, w in enumerate(every.windows.tolist())}
        same = every.take(np.array([place[tuple(w)] for w in found.windows.tolist()]))
        assert np.array_equal(found.boxes, same.boxes)
        assert all(map(np.array_equal, found.crops, same.crops))
    told = propose(rated, image, score="objectness", top=50)
    plain_ones = propose(plain, image, top=50)
    assert np.array_equal(told.scores, plain_ones.scores)
    assert np.array_equal(told.masks, plain_ones.masks)


def test_both_is_the_product_of_the_two(rated: InstanceFCN) -> None:
    image, told = SCENES[1].image, {}
    for score in ("objectness", "quality", "both"):
        found = propose(rated, image, top=50, candidates=50, nms_iou=1.0, score=score)
        told[score] = dict(zip(map(tuple, found.windows.tolist()), found.scores,
                               strict=True))
        assert (np.diff(found.scores) <= 0).all()
    for window, score in told["both"].items():
        assert score == told["quality"][window] * told["objectness"][window]


def test_the_head_alone_learns_where_all_else_is_frozen(plain: InstanceFCN) -> None:
    net = plain.rated()
    before = {name: x.clone() for name, x in net.state_dict().items()}
    train(net, SCENES, FEW.with_(precision="bfloat16"))
    moved = {name for name, x in net.state_dict().items()
             if not torch.equal(x, before[name])}
    assert moved == {name for name in before if name.startswith("quality.")}


def test_no_gradient_of_the_quality_leaves_the_head() -> None:
    torch.manual_seed(0)
    net = InstanceFCN(3, 9, "light", score="both").train()
    run = Run(net, SCENES, FEW)
    examples = drawn(run)
    out = net(torch.stack([each.image for each in examples]))
    terms = net.losses(out, [each.targets for each in examples])
    (terms["quality"][0] / terms["quality"][1]).backward()
    touched = {name for name, p in net.named_parameters() if p.grad is not None}
    assert touched == {n for n, _ in net.named_parameters() if n.startswith("quality.")}


@pytest.mark.parametrize("whole", [False, True])
def test_the_counts_known_beforehand_are_those_of_the_loss(whole: bool) -> None:
    """In crops round an object, and in whole images of their own sizes."""
    net = InstanceFCN(3, 9, "light", score="quality")
    sized = {"shorter_sides": (90.0,), "crop": None, "batch": 1} if whole else {}
    run = Run(net, SCENES, FEW.with_(**sized))
    targets = [each.targets for each in drawn(run)]
    out = net(torch.stack([each.image for each in drawn(run)]))
    counted = {name: count for name, (_, count) in net.losses(out, targets).items()}
    assert counted == net.counts(targets)
    assert counted["quality"] == 64 * len(targets)


def test_a_view_without_a_free_place_teaches_nothing() -> None:
    net = InstanceFCN(3, 9, "light", score="quality")
    (example, *_) = drawn(Run(net, SCENES, FEW))
    crowded = example.targets._replace(
        known=torch.zeros_like(example.targets.known))
    out = net(example.image[None])
    assert isinstance(out, RatedMaps)
    loss, count = net.losses(out, [crowded])["quality"]
    assert (loss.item(), count) == (0.0, 0)


def test_a_stopped_training_of_the_head_goes_on_to_the_same_weights(
    plain: InstanceFCN, tmp_path
) -> None:
    torch.manual_seed(5)
    whole = train(plain.rated(), SCENES, FEW)
    torch.manual_seed(5)
    first = Run(plain.rated(), SCENES, FEW)
    first.step()
    path = first.save(tmp_path / "half.pt")
    torch.manual_seed(6)
    rest = Run(plain.rated(), SCENES, FEW)
    rest.resume(path)
    rest.step()
    rest.step()
    ours = rest.model.state_dict()
    assert all(torch.equal(x, ours[name]) for name, x in whole.state_dict().items())


def test_a_file_keeps_score_calibration_and_cut(rated: InstanceFCN, tmp_path) -> None:
    net = rated.rated("quality")
    net.calibration, net.cut = (1.5, -0.25), 0.625
    again = load(net.save(tmp_path / "rated.safetensors"))
    assert (again.score, again.cut) == ("quality", 0.625)
    assert tuple(again.calibration) == (1.5, -0.25)
    image = SCENES[2].image
    ours, theirs = (propose(each, image, top=50) for each in (net, again))
    assert np.array_equal(ours.scores, theirs.scores)


def test_a_calibrated_score_is_the_line_of_its_logit(rated: InstanceFCN) -> None:
    image = SCENES[2].image
    raw = propose(rated, image, score="both", top=50)
    net = rated.rated("both")
    net.load_state_dict(rated.state_dict())
    net.calibration = (0.5, -1.0)
    told = propose(net, image, top=50)
    logit = np.log(raw.scores / (1 - raw.scores))
    assert told.scores == pytest.approx(1 / (1 + np.exp(1.0 - 0.5 * logit)))
    assert np.array_equal(told.windows, raw.windows)
    assert np.array_equal(calibrated(raw.scores, None), raw.scores)


def test_what_the_head_tells_grows_with_the_iou_after_a_short_training(
    plain: InstanceFCN,
) -> None:
    torch.manual_seed(0)
    net = train(plain.rated(), SceneSet(60), FEW.with_(iterations=25, batch=4))
    held_out = SceneSet(6, start=2_000_000)
    correlation = {}
    for score in ("objectness", "quality"):
        found = [propose(net, each.image, top=60, score=score) for each in held_out]
        iou = [mask_iou(one.masks, each.masks).max(1)
               for one, each in zip(found, held_out, strict=True)]
        told = np.concatenate([one.scores for one in found])
        correlation[score] = np.corrcoef(told, np.concatenate(iou))[0, 1]
    assert correlation["quality"] > correlation["objectness"]


@pytest.mark.parametrize(("wish", "said"), [
    ({"score": "iou"}, "score is one of objectness, quality, both"),
    ({"nms": "circles"}, "nms is one of boxes, masks, soft, pixels"),
    ({"score": "quality"}, "needs a network with a head"),
])
def test_what_cannot_be_ranked_is_said(plain: InstanceFCN, wish, said) -> None:
    with pytest.raises(ValueError, match=said):
        propose(plain, SCENES[0].image, **wish)
    with pytest.raises(ValueError, match="score is one of"):
        InstanceFCN(3, 9, "light", score="iou")


def test_the_command_trains_a_head_on_shipped_weights(tmp_path) -> None:
    out = str(tmp_path / "run")
    words = ["train", "--weights", "scenes-instancefcn", "--options", "score=quality",
             "--iterations", "1", "--batch", "1", "--workers", "0", "--out", out]
    assert main(words) == 0
    net = load(tmp_path / "run" / "model.safetensors")
    assert net.score == "quality"
    assert main(["train", "--out", out, "--resume", "--iterations", "2"]) == 0


def test_deepmask_takes_the_head_too() -> None:
    from ifcn_lab.models.deepmask import DeepMask

    net = train(DeepMask(m=9, backbone="light", score="both", windows=8,
                         rule=WindowRule()), SCENES, FEW.with_(iterations=1))
    (found,) = net.detect([SCENES[0].image], top=5)
    assert len(found) <= 5


def test_the_shipped_head_stands_on_a_network_that_draws_the_same_without_it() -> None:
    net = InstanceFCN.from_pretrained("scenes").eval()
    bare = net.rated("objectness").eval()
    assert net.score == "both" and 0 < net.cut < 1
    assert bare.score == "objectness" and bare.cut is None and not bare.rates
    image = to_tensor(SCENES[0].image)[None]
    with torch.no_grad():
        assert all(map(torch.equal, net(image)[:2], bare(image)))


def test_without_its_head_a_network_learns_again_and_is_written(tmp_path: Path) -> None:
    bare = InstanceFCN.from_pretrained("scenes").rated("objectness")
    assert all(weight.requires_grad for weight in bare.parameters())
    again = InstanceFCN.load(bare.save(tmp_path / "bare.safetensors"))
    assert "score" not in again.config and again.state_dict().keys() == (
        bare.state_dict().keys())


def test_the_shipped_cut_gives_about_as_many_answers_as_there_are_objects() -> None:
    """Where objectness alone has four proposals too many above .9."""
    net = InstanceFCN.from_pretrained("scenes")
    scenes = SceneSet(10, start=7_000_000)
    meant = verdicts(net.answers([each.image for each in scenes]), scenes)
    found, wrong = meant.at(0.0)
    assert found > 0.9
    assert wrong < 0.5
