"""What every model keeps to: views, targets, pooled losses, files; and FCN, the oldest.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from training_cases import drawn, means, one_thread, same_weights

import ifcn_lab
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.models.deepmask import DeepMask
from ifcn_lab.models.fcn import FCN, ClassMaps, PixelLabels
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.models.mnc import MNC
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.training import LESSON, Recipe, Run, Step, example_of, train
from ifcn_lab.training.optimizer import rate

__all__ = ["one_thread"]  # a fixture

SCENES = {"size": (64, 64), "sizes": (18, 28), "by_shape": True, "style": "plain"}
KINDS = {1: "disc", 4: "bar"}
RECIPE = LESSON.with_(iterations=80, seconds=None, batch=2, crop=64, lr=2e-3,
                      precision="float32", term_weights={})


def scenes(n: int, *families: str, start: int = 0, **options: object) -> SceneSet:
    return SceneSet(n, start, families=families, **SCENES, **options)


def untrained(kind: str) -> Segmenter:
    torch.manual_seed(0)
    small = InstanceFCN(2, 7, "small")
    return {"InstanceFCN": small, "DeepMask": DeepMask(7, "small"),
            "FCN": FCN("small", KINDS), "MNC": MNC.on(small, KINDS, width=8)}[kind]


# FCN


class Trained:
    """An FCN that has seen discs and bars, and its steps."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        torch.set_num_threads(1)
        training, self.steps = scenes(24, "disc", "bar", objects=(2, 4)), []
        self.net = train(FCN("small", training.categories), training, RECIPE,
                         on_step=self.steps.append)


@pytest.fixture(scope="module")
def trained() -> Trained:
    return Trained()


def test_the_class_maps_learn(trained: Trained) -> None:
    losses = [step.losses["pixel"] for step in trained.steps]
    assert np.mean(losses[-8:]) < 0.2 * np.mean(losses[:4])
    right = []
    for sample in scenes(10, "disc", "bar", start=1_000_000, objects=(2, 3)):
        found, = trained.net.detect([sample.image])
        for category in found.names:
            truth = sample.masks[np.array(sample.categories) == category].any(0)
            ours = found.masks[found.categories == category].any(0)
            right.append((ours == truth).mean())
    assert np.mean(right) > 0.95


@pytest.mark.parametrize(("touching", "components"), [(0.0, 2), (1.0, 1)])
def test_touching_discs_are_one_component_and_separate_ones_are_two(
    trained: Trained, touching: float, components: int
) -> None:
    """Two objects each time: what FCN cannot tell, and why the relatives were made."""
    pairs = scenes(10, "disc", start=1_000_000, objects=(2, 2), touching=touching)
    found = trained.net.detect([sample.image for sample in pairs])
    assert [int((one.categories == 1).sum()) for one in found] == 10 * [components]
    assert all(len(sample.masks) == 2 for sample in pairs)


def test_instances_are_the_components_of_each_class_best_first() -> None:
    maps = np.full((3, 20, 30), 0.1)
    maps[0] = 0.5
    maps[1, 2:8, 3:9] = 0.8                            # a square of the first class
    maps[2, 2:8, 9:15] = 0.9                           # beside it one of the second
    maps[1, 12:18, 20:28] = 0.7
    maps[1, 19, 0] = 0.9                               # too small
    net = FCN("small", {7: "star", 2: "disc"})
    found = net.as_instances(net.components(maps, least=10), (20, 30))
    assert found.boxes.tolist() == [[9, 2, 15, 8], [3, 2, 9, 8], [20, 12, 28, 18]]
    assert found.categories.tolist() == [7, 2, 2]
    assert found.scores == pytest.approx([0.9, 0.8, 0.7])
    assert found.masks.sum((1, 2)).tolist() == [36, 36, 48]
    net = FCN("small")
    pieces = net.components(maps[:2], least=10)
    assert net.as_instances(pieces, (20, 30)).categories is None
    nothing = net.components(np.stack([0 * maps[0] + 1, 0 * maps[0]]), least=1)
    empty = net.as_instances(nothing, (20, 30))
    assert len(empty) == 0 and empty.masks.shape == (0, 20, 30)


def test_every_pixel_is_told_its_class_and_crowd_and_padding_say_nothing() -> None:
    sample = scenes(1, "disc", "bar", objects=(3, 3))[0]
    crowd = np.zeros((64, 64), bool)
    crowd[:, :5] = True
    sample = sample._replace(crowd=crowd, image=sample.image[:, :62],
                             masks=sample.masks[..., :62])._replace(crowd=crowd[:, :62])
    net, rng = FCN("small", KINDS), np.random.default_rng(0)
    view = net.view(sample, RECIPE.with_(crop=None, batch=1, flip=False), rng)
    label = net.targets(view, rng).label.numpy()
    for y, x in np.ndindex(64, 64):
        inside = [c for m, c in zip(sample.masks, sample.categories, strict=True)
                  if x < 62 and m[y, x]]
        expected = [1, 4].index(inside[-1]) + 1 if inside else 0
        assert label[y, x] == (-1 if x < 5 or x >= 62 else expected)


def test_the_loss_is_one_softmax_a_pixel() -> None:
    torch.manual_seed(0)
    logits, label = torch.randn(2, 3, 4, 5), torch.randint(-1, 3, (2, 4, 5))
    net, targets = FCN("small", KINDS), [PixelLabels(one) for one in label]
    total, count = net.losses(ClassMaps(logits), targets)["pixel"]
    p = logits.softmax(1)
    parts = [-float(p[b, label[b, y, x], y, x].log())
             for b, y, x in np.ndindex(2, 4, 5) if label[b, y, x] >= 0]
    assert (float(total), count) == (pytest.approx(sum(parts), rel=1e-5), len(parts))


def test_an_unknown_category_is_named() -> None:
    star = scenes(1, "star", objects=(1, 1))
    with pytest.raises(ValueError, match=r"category 7, but the model knows \[1, 4\]"):
        train(FCN("small", KINDS), star, RECIPE)


# Files


@pytest.mark.parametrize("kind", ["InstanceFCN", "DeepMask", "FCN", "MNC"])
def test_a_file_gives_back_the_model_that_it_holds(kind: str, tmp_path: Path) -> None:
    net = untrained(kind)
    again = ifcn_lab.load(net.save(tmp_path / "net.safetensors"))
    assert type(again) is type(net) and again.config == net.config
    assert same_weights(net, again) and not again.training
    assert again.classes == net.classes
    image = scenes(1, "disc")[0].image
    ours, theirs = (one.eval().detect([image], top=5)[0] for one in (net, again))
    assert np.array_equal(ours.boxes, theirs.boxes)
    assert np.allclose(ours.scores, theirs.scores, atol=1e-6)
    other = DeepMask if kind != "DeepMask" else InstanceFCN
    with pytest.raises(ValueError, match=f"holds a {kind}, not a {other.__name__}"):
        other.load(tmp_path / "net.safetensors")


def test_a_file_of_an_unknown_class_is_refused(tmp_path: Path) -> None:
    class Unlisted(FCN):
        """A model that nobody has put on the list."""

    path = Unlisted("small").save(tmp_path / "net.safetensors")
    with pytest.raises(ValueError, match="no model is called 'Unlisted'; there are"):
        ifcn_lab.load(path)


def test_nothing_and_something_else_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        ifcn_lab.load(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("no weights")
    with pytest.raises(ValueError, match=r"text\.safetensors is truncated or no"):
        ifcn_lab.load(tmp_path / "text.safetensors")


# Pooled batches


def without_norms(model: Segmenter) -> Segmenter:
    """The same model without batch norms, which see one batch each; as VGG-16."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, torch.nn.BatchNorm2d):
                setattr(module, name, torch.nn.Identity())
    return model


@pytest.mark.parametrize("kind", ["InstanceFCN", "FCN"])
def test_two_batches_of_two_make_the_step_of_one_batch_of_four(kind: str) -> None:
    """The same four examples, with different numbers of windows and pixels each."""
    samples = scenes(4, "disc", "bar", objects=(1, 3))
    four = RECIPE.with_(batch=4, clip=None, optimizer="sgd")
    two = four.with_(batch=2, accumulate=2)
    runs = [Run(without_norms(untrained(kind)), samples, r) for r in (four, two)]
    examples = drawn(runs[0])
    crowded = examples[0].targets
    if kind == "FCN":
        crowded.label[:40] = -1
    else:
        examples[0] = examples[0]._replace(targets=crowded._replace(
            target=crowded.target[:3], counts=crowded.counts[:3]))
    runs[0]._next = lambda: [examples]
    runs[1]._next = lambda: [examples[:2], examples[2:]]
    ours, theirs = (run.step().losses for run in runs)
    assert theirs == pytest.approx(ours, rel=1e-5)
    for one, other in zip(*(run.model.parameters() for run in runs), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6)


# The trainer and its slow twin


def trained_plainly(net: InstanceFCN, samples: SceneSet, recipe: Recipe, n: int
                    ) -> list[dict[str, float]]:
    """The first losses of the lesson recipe by a plain loop."""
    weights = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW([{"params": weights, "weight_decay": 1e-2},
                                   {"params": others, "weight_decay": 0.0}])
    losses = []
    for step in range(n):
        rng = np.random.default_rng([recipe.seed, step, 0])
        batch = [example_of(net, samples[int(i)], recipe, rng)
                 for i in rng.integers(len(samples), size=recipe.batch)]
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * rate("onecycle", step / recipe.iterations)
        out = net.train()(torch.stack([example.image for example in batch]))
        terms = means(net.losses(out, [example.targets for example in batch]))
        optimizer.zero_grad()
        (terms["objectness"] + 4 * terms["mask"]).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        losses.append({name: float(mean.detach()) for name, mean in terms.items()})
    return losses


def test_the_first_losses_of_the_lesson_recipe_are_those_of_a_plain_loop() -> None:
    recipe, samples = LESSON.with_(seconds=None, precision="float32"), SceneSet(8)
    nets = []
    for _ in range(2):
        torch.manual_seed(0)
        nets.append(InstanceFCN(backbone="small"))
    plain = trained_plainly(nets[0], samples, recipe, 6)
    run, steps = Run(nets[1], samples, recipe), list[Step]()
    for _ in range(6):
        steps.append(run.step())
    for ours, theirs in zip(steps, plain, strict=True):
        assert ours.losses == pytest.approx(theirs, abs=1e-5)
    assert steps[5].losses["mask"] != steps[0].losses["mask"]
