"""A model that no file of the library knows goes through all of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from commands_cases import write_folder
from league_cases import Few
from toy_model import Toy
from training_cases import drawn, one_thread

import ifcn_lab
from ifcn_lab.__main__ import main
from ifcn_lab.league.rows import Row
from ifcn_lab.league.trials import Trial, perform
from ifcn_lab.metrics import CocoPrecision, Recall
from ifcn_lab.training import LESSON, Run, load_checkpoint, train

ROOT = Path(__file__).parent.parent
RECIPE = LESSON.with_(iterations=30, seconds=None, batch=2, crop=48, lr=0.05,
                      precision="float32", term_weights={})
SMALL = ["--model", "Toy", "--recipe", "lesson", "--crop", "48", "--batch", "2",
         "--workers", "0"]
__all__ = ["one_thread"]  # a fixture


def toy() -> Toy:
    torch.manual_seed(0)
    return Toy(Few("scenes").open("train").categories)


def test_it_learns_is_saved_and_loaded(tmp_path: Path) -> None:
    scenes, losses = Few("scenes").open("train"), []
    net = train(toy(), scenes, RECIPE, on_step=lambda s: losses.append(s.losses["map"]))
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:2])
    again = ifcn_lab.load(net.save(tmp_path / "toy.safetensors"))
    assert type(again) is Toy and again.classes == net.classes
    ours, theirs = (model.detect([scenes[0].image])[0] for model in (net, again))
    assert len(ours) and np.array_equal(ours.masks, theirs.masks)
    assert np.array_equal(ours.categories, theirs.categories)


def test_batches_held_together_take_the_step_of_one_batch() -> None:
    """Its counts are not known ahead, so its graphs are held until they are."""
    scenes = Few("scenes").open("train")
    whole = train(toy(), scenes, RECIPE.with_(iterations=1, accumulate=2))
    run = Run(toy(), scenes, RECIPE.with_(iterations=1, accumulate=2))
    examples = drawn(run)
    images = torch.stack([e.image for e in examples])
    (loss, count), = toy_loss(run.model, images, examples).values()
    (loss / count).backward()
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), RECIPE.clip)
    for group in run.optimizer.param_groups:
        group["lr"] = 0.05 * RECIPE.lr
    run.optimizer.step()
    for one, two in zip(whole.parameters(), run.model.parameters(), strict=True):
        torch.testing.assert_close(one, two)


def toy_loss(model: Toy, images: torch.Tensor, examples: list) -> dict:
    return model.losses(model(images), [e.targets for e in examples])


def test_it_is_a_row_of_a_league_with_ap_by_category(tmp_path: Path) -> None:
    data = Few("scenes", every=50)
    options = {"categories": data.open("train").categories}
    record = perform(Trial(Row("toy", "Toy", options, RECIPE, data), 0, tmp_path))
    assert {"AR@10", "AR@100", "AR@1000", "AP", "mAP^r@0.5", "mAP^r@0.7", "AP50",
            "best IoU", "count off by"} <= record["figures"].keys()
    assert record["training"]["steps"] == 30
    net = train(toy(), data.open("train"), RECIPE)
    recall, precision = Recall(), CocoPrecision(by_category=True)
    for sample in data.validation():
        found = net.detect([sample.image])[0]
        assert len(found) > 0
        recall.add(found, sample)
        precision.add(found, sample)
    by_hand = {f"AR@{n}": recall.result()[n] for n in (10, 100, 1000)}
    by_hand["AP"] = precision.result().at()
    for name, value in by_hand.items():
        assert record["figures"][name] == round(100 * value, 2)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_the_command_line_trains_resumes_after_a_kill_and_evaluates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = write_folder(tmp_path / "data"), tmp_path / "run"
    command = [sys.executable, str(ROOT / "tests" / "toy_model.py"), "train", "--out",
               str(out), "--annotations", str(data), "--iterations", "100000",
               "--every", "5", *SMALL]
    places = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": places},
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    checkpoint = out / "checkpoint.pt"
    while not checkpoint.exists() or load_checkpoint(checkpoint)["iteration"] < 5:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = load_checkpoint(checkpoint)["iteration"]
    assert main(["train", "--out", str(out), "--resume", "--workers", "0",
                 "--iterations", str(done + 3)]) == 0
    assert load_checkpoint(checkpoint)["iteration"] == done + 3
    capsys.readouterr()
    figures = tmp_path / "figures.json"
    assert main(["evaluate", "--annotations", str(data), "--weights", str(out), "--ap",
                 "--by-category", "--json", str(figures)]) == 0
    printed = capsys.readouterr().out
    assert "AR@10 " in printed and "AP " in printed
    assert json.loads(figures.read_text())["objects"] > 3
    picture = data.parent / "images" / "0.png"
    assert main(["segment", str(picture), "--weights", str(out), "--score", "0.1",
                 "--out", str(tmp_path / "overlay.png")]) == 0
