"""Precision, pooled batches, and figures no source confirms: what each changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from training_cases import (
    QUICK,
    SCENES,
    drawn,
    network,
    one_thread,
    same_weights,
    samples,
)

from ifcn_lab.__main__ import main, parse
from ifcn_lab.cli.train import fresh, recipe
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.training import PAPER, Recipe, Run, Step, example_of, train
from ifcn_lab.windows import CLOSE, SNUG, WindowRule

__all__ = ["one_thread", "samples"]  # fixtures

FEW = QUICK.with_(iterations=4, optimizer="sgd", lr=0.005, schedule="step")


def trained(samples: SceneSet, recipe: Recipe) -> tuple[InstanceFCN, list[float]]:
    """The network after a few steps, and the losses on the way."""
    steps: list[Step] = []
    net = train(network(), samples, recipe, on_step=steps.append)
    weights = {"objectness": 1.0, **recipe.term_weights}
    return net, [sum(weights[n] * loss for n, loss in step.losses.items())
                 for step in steps]


# The same result within its precision


def first_gradient(samples: SceneSet, recipe: Recipe) -> torch.Tensor:
    run = Run(network(), samples, recipe)
    run.step()
    return torch.cat([p.grad.flatten() for p in run.model.parameters()])


def test_bfloat16_takes_the_same_steps_within_its_eight_bits(samples: SceneSet) -> None:
    recipe = FEW.with_(precision="bfloat16")
    (exact, losses), (half, other) = (trained(samples, r) for r in (FEW, recipe))
    assert other == pytest.approx(losses, rel=0.01) and other != losses
    assert all(p.dtype == torch.float32 for p in half.parameters())   # master weights
    ours, theirs = (first_gradient(samples, r) for r in (FEW, recipe))
    assert 0.95 < float(torch.cosine_similarity(ours, theirs, 0)) < 1


def test_bfloat16_keeps_float32_state_in_the_optimizer(samples: SceneSet) -> None:
    run = Run(network(), samples, FEW.with_(precision="bfloat16"))
    run.step()
    kept = [t for state in run.optimizer.state.values() for t in state.values()
            if torch.is_tensor(t)]
    assert kept and all(t.dtype == torch.float32 for t in kept)


# Pooled batches


def test_two_batches_of_one_step_weigh_every_window_alike(samples: SceneSet) -> None:
    """Their gradient is that of one loss over all their windows, written out."""
    recipe = QUICK.with_(accumulate=2, batch=1, clip=None, optimizer="sgd")
    run = Run(network(), samples, recipe)
    made = [run.batches[0, number].examples for number in range(2)]
    run.step()

    slow = network().train()
    objectness, masks = [], []
    for (example,) in made:
        scores, one = slow(example.image[None]), example.targets
        y, x = one.centers.T
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        objectness.append(loss(scores.objectness[0, y, x], one.label, reduction="none"))
        windows = slow.windows(scores.maps[0], one.centers[: len(one.target)])
        pixels = loss(windows, one.target, reduction="none") * one.counts
        masks.append(pixels.sum((1, 2)) / one.counts.sum((1, 2)))
    weight = recipe.term_weights["mask"]
    (torch.cat(objectness).mean() + weight * torch.cat(masks).mean()).backward()
    for ours, theirs in zip(run.model.parameters(), slow.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-6)


def test_a_gradient_is_shortened_only_where_the_recipe_says(samples: SceneSet) -> None:
    lengths = []
    for clip in (None, 0.01):
        run = Run(network(), samples, FEW.with_(clip=clip))
        run.step()
        squares = [p.grad.square().sum() for p in run.model.parameters()]
        lengths.append(float(sum(squares) ** 0.5))
    assert lengths[0] > 0.1 and lengths[1] == pytest.approx(0.01, rel=1e-3)


# What no source confirms


def test_the_paper_recipe_takes_eight_images_a_step() -> None:
    assert (PAPER.batch, PAPER.accumulate, PAPER.crop) == (1, 8, None)
    assert (PAPER.optimizer, PAPER.schedule, PAPER.flip) == ("sgd", "step", True)
    assert (PAPER.init_std, PAPER.clip) == (0.01, None)


def test_negative_masks_ask_for_nothing_where_no_object_is(samples: SceneSet) -> None:
    plain, asked = (
        example_of(network(negative_masks=flag), samples[0], QUICK,
                   np.random.default_rng(1)).targets for flag in (False, True))
    positives = int((plain.label == 1).sum())
    assert 0 < positives < len(plain.label)
    assert len(plain.target) == positives and len(asked.target) == len(asked.label)
    assert torch.equal(asked.target[:positives], plain.target)
    assert (asked.target[positives:] == 0).all()
    assert asked.counts[positives:].any((1, 2)).all()
    one = train(network(), samples, QUICK)
    assert not same_weights(one, train(network(negative_masks=True), samples, QUICK))


def test_crops_of_224_pixels_train_with_the_papers_recipe() -> None:
    """Several in a batch, all of one size, though the scales they are cut at differ."""
    scenes = SceneSet(3, **SCENES | {"size": (90, 120)})
    small = PAPER.with_(iterations=1, crop=224, batch=3, accumulate=2,
                        shorter_sides=(60.0, 90.0, 130.0))
    run = Run(network(windows=32), scenes, small)
    assert {tuple(e.image.shape) for e in drawn(run)} == {(3, 224, 224)}
    assert len(drawn(run)) == 6
    step = run.step()
    assert all(0 < loss < 5 for loss in step.losses.values())


# On the command line


def chosen(line: str) -> Recipe:
    return recipe(parse(["train", "--out", "run", *line.split()]))


def test_every_field_of_the_recipe_and_of_the_rule_is_an_option() -> None:
    made = chosen("--recipe paper --term-weights mask=441 --init-std 0.02 --clip 35 "
                  "--no-flip --jitter 0.1 --weight-decay 0 --shorter-sides 60 90")
    assert (made.term_weights, made.init_std, made.clip) == ({"mask": 441}, 0.02, 35)
    assert (made.flip, made.jitter, made.weight_decay) == (False, 0.1, 0)
    assert made.shorter_sides == (60, 90)
    assert chosen("--recipe paper") == PAPER
    given = parse("train --out run --recipe paper --canonical 0.6 --center-tolerance "
                  "0.05 --scale-tolerance 0.25 --negative-center 0.2 --negative-scale "
                  "0.9 --options negative_masks=true windows=64 backbone=small "
                  "k=2 m=7".split())
    net = fresh(given)
    assert net.rule == WindowRule(0.6, 0.05, 0.25, 0.2, 0.9)
    assert net.negative_masks and (net.drawn, net.k, net.m) == (64, 2, 7)


@pytest.mark.parametrize(("line", "rule"), [
    ("", SNUG), ("--recipe lesson", CLOSE), ("--recipe paper", WindowRule())])
def test_each_recipe_has_its_window_rule(line: str, rule: WindowRule) -> None:
    assert fresh(parse(f"train --out run {line}".split())).rule == rule


def test_options_of_the_machine_reach_the_recipe() -> None:
    made = chosen("--precision bfloat16 --accumulate 3")
    assert (made.precision, made.accumulate) == ("bfloat16", 3)
    assert (chosen("").precision, chosen("").seed) == ("auto", 0)


def test_the_papers_network_begins_as_remembered() -> None:
    given = parse("train --out run --recipe paper --options backbone=small".split())
    torch.manual_seed(0)
    net = fresh(given)
    for branch in (net.masks, net.objectness):
        for layer in (branch[0], branch[2]):
            assert float(layer.weight.std().detach()) == pytest.approx(0.01, rel=0.1)
            assert (layer.bias == 0).all()
    assert fresh(parse("train --out run --recipe paper".split())).stride == 8


def test_weights_and_init_together_are_refused(
    tmp_path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["train", "--out", str(tmp_path), "--weights", "scenes", "--init", "vgg16"]
    assert main(line) == 2
    assert "--weights is a whole network and --init a" in capsys.readouterr().err


def test_help_groups_the_options_and_gives_examples(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = capsys.readouterr().out
    for title in ("data:", "run:", "model:", "recipe:", "window rule:"):
        assert f"\n{title}" in text
    assert "torchrun --nproc-per-node 8" in text
