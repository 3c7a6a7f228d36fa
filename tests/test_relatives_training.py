"""The relatives on bad input, and on every kind of machine: one short run each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from distributed_cases import free_port
from relatives_process import NAMES as EACH_KIND
from relatives_process import RECIPE, SCENES, trained
from training_cases import one_thread

import ifcn_lab
from ifcn_lab.data import Sample
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models import model_class
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.training import train

__all__ = ["one_thread"]  # a fixture
NAMES = ("FCN", "MNCJoint", "RFCN", "FCIS", "MaskRCNN", "MaskScoringRCNN", "YOLACT",
         "Discriminative", "MetricLearning", "AfterSGN")
ROOT = Path(__file__).parent.parent
FEW = RECIPE.with_(iterations=1, accumulate=1, batch=2)


def fresh(name: str, categories: dict | None = None, **options: object) -> Segmenter:
    torch.manual_seed(0)
    options = {"backbone": "small"} | options
    return model_class(name)(categories=categories, **options)


def one_sample(masks: np.ndarray, categories: tuple[int, ...]) -> list[Sample]:
    h, w = masks.shape[1:]
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (h, w, 3), dtype=np.uint8)
    return [Sample(image, masks, np.zeros((h, w), bool), tuple(range(len(masks))),
                   categories, "one", 1)] * 2


# Bad input

def test_a_model_of_kinds_needs_kinds() -> None:
    with pytest.raises(ValueError, match="no category to tell apart"):
        fresh("FCIS", {})
    masks = np.ones((2, 32, 32), bool)
    with pytest.raises(ValueError, match="2 masks and 0 categories; give each object"):
        train(fresh("FCIS", {1: "disc"}), one_sample(masks, ()), FEW)


@pytest.mark.parametrize("name", EACH_KIND)
def test_more_kinds_in_the_data_than_in_the_weights(name: str, tmp_path: Path) -> None:
    path = fresh(name, {1: "disc"}).save(tmp_path / "net.safetensors")
    with pytest.raises(ValueError, match="category .* but the model knows"):
        train(ifcn_lab.load(path), SceneSet(4, by_shape=True), FEW)


def test_weights_of_another_model_or_of_another_shape(tmp_path: Path) -> None:
    path = fresh("YOLACT").save(tmp_path / "net.safetensors")
    with pytest.raises(ValueError, match="holds a YOLACT, not a FCIS"):
        model_class("FCIS").load(path)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_smaller_than_the_stride_and_an_object_of_one_pixel(name: str
                                                                      ) -> None:
    masks = np.zeros((2, 3, 2), bool)
    masks[:, 1, 1] = True                                   # the second one is empty,
    masks[1] = False                                        # as a mask off the picture
    net = train(fresh(name, {1: "disc"}), one_sample(masks, (1, 1)), FEW)
    found = net.detect([np.zeros((3, 2, 3), np.uint8)])[0]
    assert found.shape == (3, 2)
    assert all(p.isfinite().all() for p in net.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_that_is_not_a_number_ends_training(name: str) -> None:
    net = fresh(name)
    next(net.backbone.parameters()).data.fill_(torch.nan)
    with pytest.raises(FloatingPointError, match="the loss is nan at step 0"):
        train(net, SCENES, FEW)
    with pytest.raises(ValueError, match="NaN or infinity"):
        net.eval().detect([SCENES[0].image])


def test_a_logit_that_is_not_a_number_ends_training_as_well() -> None:
    net = fresh("MaskRCNN")
    net.rpn.objectness.bias.data.fill_(torch.nan)
    with pytest.raises(FloatingPointError, match="the loss is nan"):
        train(net, SCENES, FEW)


@pytest.mark.parametrize("name, head", [
    ("MaskRCNN", "category"), ("MNCJoint", "code"), ("MaskRCNN", "mask_head.6")])
def test_what_is_told_of_a_region_must_be_a_number(name: str, head: str) -> None:
    net = fresh(name).eval()
    net.get_submodule(head).bias.data.fill_(torch.nan)
    with pytest.raises(ValueError, match="NaN or infinity"):
        net.detect([SCENES[0].image], least=0.0)


# Machines

@pytest.mark.parametrize("name", EACH_KIND)
def test_a_step_in_bfloat16_is_nearly_the_same_step(name: str) -> None:
    usual, other = [], []
    for recipe, told in ((FEW, usual), (FEW.with_(precision="bfloat16"), other)):
        train(fresh(name), SCENES, recipe, on_step=told.append)
    for term, loss in usual[0].losses.items():
        assert other[0].losses[term] == pytest.approx(loss, rel=.15, abs=.05)


@pytest.mark.parametrize("name", EACH_KIND)
def test_it_runs_on_vgg_and_detects_in_bfloat16(name: str) -> None:
    net = train(fresh(name, backbone="vgg16"), SCENES, FEW.with_(batch=1))
    found = net.detect([SCENES[0].image], precision="bfloat16")[0]
    assert found.shape == (64, 64)


def test_a_fixed_seed_gives_the_same_answer() -> None:
    first, second = trained(), trained()
    for name in EACH_KIND:
        for key, value in first[name].items():
            assert torch.equal(value, second[name][key]), (name, key)


def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1",
             "MASTER_PORT": str(free_port()), "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    running = [subprocess.Popen(
        [sys.executable, ROOT / "tests" / "relatives_process.py", tmp_path], text=True,
        stderr=subprocess.PIPE, env=os.environ | place | {"RANK": rank})
        for rank in "01"]
    told = [process.communicate(timeout=600)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], told
    alone = trained()
    both = [torch.load(tmp_path / f"{rank}.pt") for rank in "01"]
    for name in EACH_KIND:
        for key, value in both[0][name].items():
            assert torch.equal(value, both[1][name][key]), (name, key)
            torch.testing.assert_close(value, alone[name][key], rtol=1e-3, atol=1e-4)
