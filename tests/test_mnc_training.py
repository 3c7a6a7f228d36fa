"""Training MNC's third stage: it learns, resumes, shares steps; proposals stay."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from distributed_cases import free_port
from evaluation_cases import answer
from torch.nn import functional as F
from training_cases import one_thread, same_weights

from ifcn_lab.data import Sample
from ifcn_lab.data.coco import CocoFolder
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.layers.regions import RoiRule, Rois
from ifcn_lab.metrics import Precision
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.models.mnc import MNC, ClassScores, Features
from ifcn_lab.segmenter import Instances, to_tensor
from ifcn_lab.training import LESSON, Run, load_checkpoint, train
from ifcn_lab.windows import propose, proposed_regions

__all__ = ["one_thread"]  # a fixture

SCENES = {"size": (64, 64), "objects": (2, 4), "sizes": (20, 30), "by_shape": True,
          "families": ("disc", "bar"), "style": "plain"}
TINY = LESSON.with_(iterations=6, seconds=None, batch=1, accumulate=2, crop=None,
                    lr=1e-3, precision="float32", term_weights={})
FEW = RoiRule(proposals=30, rois=16)


@pytest.fixture(scope="module")
def model() -> InstanceFCN:
    net = InstanceFCN.from_pretrained("scenes")
    net.sizes = (20.0, 30.0)
    return net


@pytest.fixture(scope="module")
def samples() -> SceneSet:
    return SceneSet(4, **SCENES)


def fresh(model: InstanceFCN, samples: SceneSet, seed: int = 0, width: int = 16,
          **choices: object) -> MNC:
    torch.manual_seed(seed)
    return MNC.on(model, samples.categories, width=width, rule=FEW, **choices)


def right_kind(net: MNC, samples: SceneSet) -> float:
    """How often the objects themselves, as proposals, get their category."""
    told = []
    for sample in samples:
        boxes = answer(sample.masks, np.ones(len(sample.masks))).boxes
        crops = tuple(m[y0:y1, x0:x1] for m, (x0, y0, x1, y1)
                      in zip(sample.masks, boxes.tolist(), strict=True))
        own = Instances(sample.crowd.shape, boxes, np.ones(len(boxes)), crops)
        image = to_tensor(sample.image)
        best = net.probabilities(image, own, "float32").argmax(1)
        ids = np.array(sorted(samples.categories))
        told += (ids[best] == np.array(sample.categories)).tolist()
    return float(np.mean(told))


def test_it_learns_to_tell_discs_from_bars(model: InstanceFCN) -> None:
    steps, training = [], SceneSet(16, **SCENES)
    net = train(fresh(model, training), training, TINY.with_(iterations=60),
                on_step=steps.append)
    losses = [step.losses["mask_level"] for step in steps]
    assert np.mean(losses[-8:]) < 0.5 * np.mean(losses[:4])
    held_out = SceneSet(12, start=1_000_000, **SCENES)
    assert right_kind(net, held_out) > 0.8     # one half by chance


def test_the_loss_is_the_mean_of_two_softmaxes() -> None:
    torch.manual_seed(0)
    scores = ClassScores(torch.randn(5, 3), torch.randn(5, 3))
    labels = torch.tensor([0, 2, -1, 2, 0]), torch.tensor([1, 0, -1, -1, -1])
    rois = Rois(torch.zeros(5, 4), torch.zeros(5, 2, 2), *labels)
    net = fresh(InstanceFCN(2, 5, "small"), SceneSet(1, **SCENES))
    net.scores = lambda *given: scores
    losses = net.losses(Features(torch.zeros(1, 64, 4, 4)), [rois])
    for logits, label, (loss, count) in zip(scores, labels, losses.values(),
                                            strict=True):
        p = F.softmax(logits, 1)
        parts = [-float(p[i, k].log()) for i, k in enumerate(label.tolist()) if k >= 0]
        assert (float(loss), count) == (pytest.approx(sum(parts)), len(parts))


def test_without_the_box_level_its_layer_stays(
    model: InstanceFCN, samples: SceneSet
) -> None:
    before = fresh(model, samples)
    recipe = TINY.with_(iterations=2, term_weights={"box_level": 0.0}, weight_decay=0)
    after = train(fresh(model, samples), samples, recipe)
    assert torch.equal(before.box_level.weight, after.box_level.weight)
    assert not torch.equal(before.mask_level.weight, after.mask_level.weight)


@pytest.mark.parametrize("frozen", [True, False])
def test_only_the_third_stage_is_trained(
    model: InstanceFCN, samples: SceneSet, frozen: bool
) -> None:
    before = {name: t.clone() for name, t in model.state_dict().items()}
    net = train(fresh(model, samples, frozen=frozen), samples,
                TINY.with_(iterations=2))
    assert all(torch.equal(before[n], t) for n, t in model.state_dict().items())
    assert same_weights(net.proposer, model)
    ours, theirs = net.backbone.state_dict(), model.backbone.state_dict()
    moved = [name for name in ours if not torch.equal(ours[name], theirs[name])]
    assert (moved == []) == frozen
    assert not [name for name in moved if "running" in name]
    assert not net.training


# Runs that stop and go on


class Cut(Exception):
    """What stops a run in the middle."""


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    model: InstanceFCN, samples: SceneSet, tmp_path: Path, dropout: float
) -> None:
    def cut(step: Any) -> None:
        if step.iteration == 5:
            raise Cut

    whole = train(fresh(model, samples, dropout=dropout), samples, TINY)
    path, steps = tmp_path / "run" / "mnc.pt", []
    with pytest.raises(Cut):
        train(fresh(model, samples, dropout=dropout), samples, TINY, checkpoint=path,
              every=2, on_step=cut)
    assert load_checkpoint(path)["iteration"] == 4
    resumed = train(fresh(model, samples, seed=9, dropout=dropout), samples, TINY,
                    checkpoint=path, resume=True, on_step=steps.append)
    assert [step.iteration for step in steps] == [5, 6]
    assert same_weights(whole, resumed)


def test_a_checkpoint_of_another_third_stage_is_refused(
    model: InstanceFCN, samples: SceneSet, tmp_path: Path
) -> None:
    path = Run(fresh(model, samples), samples, TINY).save(tmp_path / "c.pt")
    with pytest.raises(ValueError, match=r"c\.pt holds a model with width = 16"):
        Run(fresh(model, samples, width=8), samples, TINY).resume(path)


# What it is given


def test_unknown_categories_are_errors(model: InstanceFCN, samples: SceneSet) -> None:
    others = SceneSet(2, **SCENES | {"families": ("star",)})
    with pytest.raises(ValueError, match=r"category 7, but the model knows \[1"):
        train(fresh(model, samples), others, TINY)


class Bare(SceneSet):
    """Scenes that hold no object and are crowd all over."""

    def __getitem__(self, index: int) -> Sample:
        one = super().__getitem__(index)
        return one._replace(masks=one.masks[:0], ids=(), categories=(),
                            crowd=np.ones_like(one.crowd))


def test_images_that_say_nothing_move_nothing(model: InstanceFCN) -> None:
    bare = Bare(2, **SCENES)
    recipe = TINY.with_(iterations=2, weight_decay=0.0)
    before, steps = fresh(model, bare), []
    after = train(fresh(model, bare), bare, recipe, on_step=steps.append)
    assert [step.losses["mask_level"] for step in steps] == [0, 0]
    assert same_weights(before, after)


def regions_of(net: MNC, sample: Sample) -> Rois:
    """All regions of a sample as it is."""
    view = net.view(sample, TINY.with_(flip=False), np.random.default_rng(0))
    return net.regions.of(view, np.ones(len(view.masks), int))


def test_an_object_without_a_pixel_is_no_proposal(
    model: InstanceFCN, samples: SceneSet
) -> None:
    one = samples[0]
    none = one._replace(masks=np.concatenate([one.masks, np.zeros_like(one.masks[:1])]),
                        categories=(*one.categories, 1), ids=(*one.ids, 99))
    net = fresh(model, samples)
    rois, there = (regions_of(net, sample) for sample in (one, none))
    assert torch.equal(rois.label, there.label)
    assert torch.equal(rois.boxes, there.boxes)


def test_what_finds_no_room_is_found_again(
    model: InstanceFCN, samples: SceneSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = fresh(model, samples)
    first, again = (regions_of(net, samples[0]) for _ in range(2))
    assert first.boxes is again.boxes
    monkeypatch.setattr(proposed_regions, "CACHE_BYTES", 0)
    forgetful = fresh(model, samples)
    found, later = (regions_of(forgetful, samples[0]) for _ in range(2))
    assert found.boxes is not later.boxes
    for ours, theirs in zip(first, later, strict=True):
        assert torch.equal(ours, theirs.to(ours.dtype))


def test_bfloat16_trains_and_detects_much_the_same(
    model: InstanceFCN, samples: SceneSet
) -> None:
    plain, half = (
        train(fresh(model, samples), samples,
              TINY.with_(iterations=2, precision=precision))
        for precision in ("float32", "bfloat16"))
    found = propose(model, samples[0].image, top=20)
    image = to_tensor(samples[0].image)
    scores = plain.probabilities(image, found, "float32")
    for net, precision in ((plain, "bfloat16"), (half, "float32")):
        other = net.probabilities(image, found, precision)
        assert 0 < np.abs(scores - other).max() < 0.05


# Many processes

PROGRAM = """
import sys, torch
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.layers.regions import RoiRule
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.models.mnc import MNC
from ifcn_lab.training import PAPER, joined, train
torch.set_num_threads(1)
model = InstanceFCN.from_pretrained("scenes")
model.sizes = (20.0, 30.0)
samples = SceneSet(4, **{scenes})
recipe = PAPER.with_(iterations=2, accumulate=2)
torch.manual_seed(0)
net = MNC.on(model, samples.categories, width=16,
             rule=RoiRule(proposals=30, rois=16))
with joined() as group:
    train(net, samples, recipe)
    net.save(f"{{sys.argv[1]}}/{{group.size}}-{{group.rank}}.safetensors")
"""


@pytest.fixture()
def program(tmp_path: Path) -> Iterator[Any]:
    """Start the program as process `rank` of `size`; none outlives the test."""
    started, port = [], free_port()

    def start(rank: int, size: int) -> subprocess.Popen:
        place = {"RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_RANK": str(rank),
                 "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        text = PROGRAM.format(scenes=SCENES)
        started.append(subprocess.Popen(
            [sys.executable, "-c", text, str(tmp_path)], env=os.environ | place,
            cwd=Path(__file__).parents[1]))
        return started[-1]

    yield start
    for process in started:
        process.kill()


def test_two_processes_take_the_steps_of_one(program: Any, tmp_path: Path) -> None:
    running = [program(0, 1), program(0, 2), program(1, 2)]
    assert [process.wait(timeout=600) for process in running] == [0] * 3
    one, *two = (MNC.load(tmp_path / f"{name}.safetensors").state_dict()
                 for name in ("1-0", "2-0", "2-1"))
    for other in two:
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    start = fresh(InstanceFCN.from_pretrained("scenes"), SceneSet(1, **SCENES))
    assert not torch.allclose(one["mask_level.bias"], start.mask_level.bias, atol=1e-5)


def test_photographs_with_cocos_categories_and_crowds_will_do(
    shared_data: Path
) -> None:
    photographs = CocoFolder(shared_data / "coco_dev")
    crowded = next(i for i in range(len(photographs)) if photographs[i].crowd.any())
    model = InstanceFCN.from_pretrained("scenes")
    model.sizes = (100.0, 150.0)
    net = fresh(model, photographs, width=8, sides=(96, 160))
    assert max(net.classes) > len(net.classes)            # COCO's ids leave gaps
    steps, some = [], photographs[crowded : crowded + 2]
    train(net, some, TINY.with_(iterations=2), on_step=steps.append)
    assert np.isfinite([step.losses["mask_level"] for step in steps]).all()
    found, = net.detect([some[0].image], top=10)
    assert set(found.categories) <= set(photographs.categories)
    precision = Precision(by_category=True)
    precision.add(found, some[0])
    assert set(precision.result().by_category) == set(some[0].categories)
