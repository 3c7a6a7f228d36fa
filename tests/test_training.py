"""The loss is the paper's, it falls, and the same seed gives the same network."""

from __future__ import annotations

import io
import math
import threading

import numpy as np
import pytest
import torch
from training_cases import (
    QUICK,
    SCENES,
    means,
    network,
    one_thread,
    same_weights,
    samples,
)

from ifcn_lab.data import Sample
from ifcn_lab.data.sample_cache import SampleCache
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.grid import Grid
from ifcn_lab.models.instancefcn import ScoreMaps
from ifcn_lab.training import PAPER, Run, train
from ifcn_lab.training.optimizer import rate
from ifcn_lab.windows.labels import WindowRule
from ifcn_lab.windows.losses import WindowTargets

__all__ = ["one_thread", "samples"]  # fixtures

# The loss


def random_targets(rng: np.random.Generator, positives: int) -> WindowTargets:
    n, m = positives + 3, 4
    return WindowTargets(
        centers=torch.tensor(rng.integers(0, (6, 7), (n, 2))),
        label=torch.tensor([1.0] * positives + [0.0] * 3),
        target=torch.tensor(rng.random((positives, m, m))).float(),
        counts=torch.tensor(rng.random((positives, m, m)) < 0.8),
    )


def logistic(score: float, target: float) -> float:
    p = 1 / (1 + math.exp(-score))
    return -target * math.log(p) - (1 - target) * math.log(1 - p)


def loss_by_loops(scores: ScoreMaps, targets: list[WindowTargets], k: int, m: int):
    """The paper's formula, a number at a time: both terms as means over windows."""
    grid, objectness, masks = Grid(k, m), [], []
    for maps, scored, one in zip(*scores, targets, strict=True):
        for p, (y, x) in enumerate(one.centers.tolist()):
            objectness.append(logistic(float(scored[y, x]), float(one.label[p])))
            if one.label[p] == 0:
                continue
            pixels = [
                logistic(score_at(maps, grid.channel[i, j], y - m // 2 + i,
                                  x - m // 2 + j), float(one.target[p, i, j]))
                for i, j in np.ndindex(m, m) if one.counts[p, i, j]
            ]
            masks.append(sum(pixels) / max(1, len(pixels)))
    return np.mean(objectness), np.mean(masks) if masks else 0.0


def score_at(maps: torch.Tensor, channel: int, y: int, x: int) -> float:
    inside = 0 <= y < maps.shape[1] and 0 <= x < maps.shape[2]
    return float(maps[int(channel), y, x]) if inside else 0.0


@pytest.mark.parametrize("positives", [(2, 3), (0, 2), (0, 0)])
def test_the_loss_is_the_papers_formula(positives: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    targets = [random_targets(rng, n) for n in positives]
    scores = ScoreMaps(torch.randn(2, 9, 6, 7), torch.randn(2, 6, 7))
    net = network(k=3, m=4)
    terms = net.losses(scores, targets)
    objectness, mask = loss_by_loops(scores, targets, k=3, m=4)
    assert {n: float(x) for n, x in means(terms).items()} == pytest.approx(
        {"objectness": objectness, "mask": mask}, rel=1e-5)
    assert net.counts(targets) == {name: count for name, (_, count) in terms.items()}


def test_the_mask_loss_reaches_exactly_the_copied_cells() -> None:
    """Backwards through a copy: where nothing was copied from, the gradient is 0."""
    one = random_targets(np.random.default_rng(1), 3)
    one = one._replace(counts=torch.ones(3, 4, 4, dtype=torch.bool),
                       target=torch.zeros(3, 4, 4))
    maps = torch.randn(1, 9, 6, 7, requires_grad=True)
    scores = ScoreMaps(maps, torch.randn(1, 6, 7))
    network(k=3, m=4).losses(scores, [one])["mask"][0].backward()
    copied, grid = torch.zeros(9, 6, 7, dtype=torch.bool), Grid(3, 4)
    for y, x in one.centers[one.label == 1].tolist():
        for i, j in np.ndindex(4, 4):
            row, column = y - 2 + i, x - 2 + j
            if 0 <= row < 6 and 0 <= column < 7:
                copied[int(grid.channel[i, j]), row, column] = True
    assert 0 < copied.sum() < copied.numel()
    assert torch.equal(maps.grad[0] != 0, copied)


def test_negatives_have_no_mask_loss() -> None:
    one = random_targets(np.random.default_rng(2), 0)
    maps = torch.randn(1, 9, 6, 7, requires_grad=True)
    scores = ScoreMaps(maps, torch.randn(1, 6, 7))
    loss, count = network(k=3, m=4).losses(scores, [one])["mask"]
    loss.backward()
    assert (float(loss.detach()), count) == (0, 0) and (maps.grad == 0).all()


def test_a_batch_without_any_window_has_no_loss() -> None:
    """All crowd: nothing to learn from, and no division by zero."""
    whole = random_targets(np.random.default_rng(3), 0)
    none = whole._replace(centers=whole.centers[:0], label=whole.label[:0])
    scores = ScoreMaps(torch.randn(1, 9, 6, 7), torch.randn(1, 6, 7))
    terms = network(k=3, m=4).losses(scores, [none])
    assert all(float(loss) == count == 0 for loss, count in terms.values())


# The run


def test_the_loss_falls(samples: SceneSet) -> None:
    steps = []
    recipe = QUICK.with_(iterations=40, batch=1, crop=64, flip=False)
    train(network(k=3, m=11, windows=64), SceneSet(1, **SCENES), recipe,
          on_step=steps.append)
    losses = [sum(step.losses.values()) for step in steps]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
    assert [step.iteration for step in steps] == list(range(1, 41))


def test_the_same_seed_trains_the_same_network(samples: SceneSet) -> None:
    one, two = (train(network(), samples, QUICK) for _ in range(2))
    assert same_weights(one, two)
    other = train(network(), samples, QUICK.with_(seed=1))
    assert not same_weights(one, other)
    assert not one.training


def test_training_works_outside_the_main_thread(samples: SceneSet) -> None:
    done = []
    recipe = QUICK.with_(iterations=1)
    thread = threading.Thread(
        target=lambda: done.append(train(network(), samples, recipe))
    )
    thread.start()
    thread.join()
    assert len(done) == 1


def test_a_run_stops_by_the_clock(samples: SceneSet) -> None:
    steps = []
    recipe = QUICK.with_(iterations=10**6, seconds=0.4)
    train(network(), samples, recipe, on_step=steps.append)
    assert steps[-1].seconds >= 0.4
    assert all(step.seconds < 0.4 for step in steps[:-1])


def test_nothing_to_train_on_is_an_error() -> None:
    with pytest.raises(ValueError, match="data set is empty"):
        Run(network(), [])


def test_images_without_objects_train_too() -> None:
    image = np.full((50, 40, 3), 90, np.uint8)
    bare = Sample(image, np.zeros((0, 50, 40), bool), np.zeros((50, 40), bool), (), (),
                  "bare", 0)
    steps = []
    train(network(), [bare], QUICK.with_(iterations=2), on_step=steps.append)
    assert all(s.losses["mask"] == 0 < s.losses["objectness"] for s in steps)


def test_the_papers_recipe_trains_whole_images_of_two_sizes() -> None:
    recipe = PAPER.with_(iterations=2, shorter_sides=(40.0, 60.0))
    sets = SampleCache(SceneSet(2, **SCENES | {"size": (50, 66)}))
    steps = []
    train(network(), sets, recipe, on_step=steps.append)
    assert len(steps) == 2
    assert all(math.isfinite(step.losses["objectness"]) for step in steps)


def test_the_rule_says_which_size_fits_the_window() -> None:
    assert network(rule=WindowRule(canonical=0.61)).canonical == 0.61
    with pytest.raises(ValueError, match="windows is 1; give at least 2"):
        network(windows=1)


def test_a_weight_of_no_term_is_refused(samples: SceneSet) -> None:
    with pytest.raises(ValueError, match="weighs masks, but .* objectness, mask"):
        train(network(), samples, QUICK.with_(term_weights={"masks": 2.0}))


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar_with_the_losses(
    samples: SceneSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    recipe = QUICK.with_(iterations=10**6, seconds=0.5)
    train(network(), samples, recipe, progress=True)
    assert "%|" in terminal.getvalue() and "objectness" in terminal.getvalue()


def test_a_log_file_gets_no_bar(
    samples: SceneSet, capsys: pytest.CaptureFixture[str]
) -> None:
    train(network(), samples, QUICK.with_(iterations=1), progress=True)
    assert capsys.readouterr() == ("", "")


def test_the_lesson_schedule_rises_then_falls_to_nothing() -> None:
    at = [rate("onecycle", p) for p in np.linspace(0, 1, 101)]
    assert at[0] == pytest.approx(0.05) and at[10] == 1.0 and at[100] < 1e-6
    assert all(a < b for a, b in zip(at[:10], at[1:11], strict=True))
    assert all(a > b for a, b in zip(at[10:100], at[11:], strict=True))


def test_the_papers_schedule_drops_to_a_tenth_after_32_of_40_thousand() -> None:
    assert (PAPER.iterations, PAPER.lr) == (40_000, 0.001)
    assert (PAPER.momentum, PAPER.weight_decay) == (0.9, 5e-4)
    assert rate("step", 31_999 / 40_000) == 1.0
    assert rate("step", 32_000 / 40_000) == 0.1
    sides = [round(side, 1) for side in PAPER.shorter_sides]
    assert sides == [118.5, 177.8, 266.7, 400.0, 600.0, 900.0]


@pytest.mark.parametrize(
    ("change", "says"),
    [({"optimizer": "adam"}, "'sgd' or 'adamw'"), ({"schedule": "flat"}, "onecycle"),
     ({"batch": 2}, "batch=1"), ({"accumulate": 0}, "1 or more"),
     ({"clip": 0.0}, "clip is a number"), ({"init_std": -1.0}, "init_std is a"),
     ({"iterations": 0}, "1 or more")],
)
def test_a_recipe_that_makes_no_sense_is_refused(change: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        PAPER.with_(**change)
