"""Train the weights that ship in `data/weights/`.

    python -m lessons.weights scenes-k5      three minutes of one core
    python -m lessons.weights scenes         a quarter of an hour; finds coins too
    python -m lessons.weights scenes-fcis-kinds  eleven minutes; of lesson 11
    python -m lessons.weights                all of them
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import torch

from ifcn_lab.data import Sample, shipped
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.metrics.calibration import calibrate
from ifcn_lab.models.fcis import FCIS
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.training import LESSON, SMALL, Recipe, train
from ifcn_lab.windows import CLOSE, SNUG, WindowRule

SIZES = (28.0, 86.0)
LONG = SMALL.with_(seconds=None, iterations=14_000, photometric=0.5, term_weights={})
MASKS = LONG.with_(iterations=5000, lr=2e-3, seed=1, term_weights={"mask": 4.0})
SHORT = LESSON.with_(seconds=None, iterations=3000)
HELD, AT = 20, 5_000_000
"""Scenes of each style that line and cut are fitted on, and the first one's seed."""
SHAPES = ("disc", "rectangle", "star")
FIRST = LESSON.with_(seconds=350, clock="processor", iterations=100_000,
                     **FCIS.recipe_changes)
SECOND = FIRST.with_(seconds=300, seed=1, term_weights={"category": 5.0})


class Plan(NamedTuple):
    """One file of weights: its k, what it learns from, how, and which windows teach.

    It may go on with a second recipe. `rated` is how many steps the head for the
    quality of masks learns; 0: it has none.
    """

    k: int
    styles: dict[str, int]
    recipe: Recipe
    rule: WindowRule = CLOSE
    then: Recipe | None = None
    rated: int = 0


PLANS = {
    "scenes": Plan(5, {"wild": 6000, "lesson": 3000}, LONG, SNUG, MASKS, 3000),
    "scenes-k1": Plan(1, {"lesson": 2000}, SHORT),
    "scenes-k3": Plan(3, {"lesson": 2000}, SHORT),
    "scenes-k5": Plan(5, {"lesson": 2000}, SHORT),
    "scenes-k7": Plan(7, {"lesson": 2000}, SHORT),
}


class Joined(Sequence):
    """Several data sets, one after the other."""

    def __init__(self, *parts: Sequence[Sample]) -> None:
        self.places = list(chain.from_iterable(
            [(part, index) for index in range(len(part))] for part in parts
        ))

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Sample:
        part, inside = self.places[index]
        return part[inside]


def make_windows(plan: Plan) -> Segmenter:
    """A network with windows, trained."""
    torch.manual_seed(plan.recipe.seed)
    model = InstanceFCN(plan.k, backbone="light", sizes=SIZES, rule=plan.rule)
    parts = [SceneSet(count, style=style) for style, count in plan.styles.items()]
    for recipe in filter(None, (plan.recipe, plan.then)):
        train(model, Joined(*parts), recipe, progress=True)
    return with_cut(model, plan, Joined(*parts)) if plan.rated else model


def with_cut(model: InstanceFCN, plan: Plan, samples: Joined) -> InstanceFCN:
    """The network with a head for quality, and with line and cut of its score."""
    torch.manual_seed(plan.recipe.seed)
    rated = model.rated()
    train(rated, samples, plan.recipe.with_(iterations=plan.rated), progress=True)
    calibrate(rated, Joined(*(SceneSet(HELD, start=AT, style=each)
                              for each in plan.styles)))
    return rated


def make_kinds() -> Segmenter:
    """FCIS with shapes as categories: as in the league, then with names first."""
    torch.manual_seed(FIRST.seed)
    scenes = SceneSet(2000, by_shape=True, families=SHAPES)
    model = FCIS("light", scenes.categories)
    train(model, scenes, FIRST, progress=True)
    return taught_names(model)


def taught_names(model: Segmenter) -> Segmenter:
    """The same network after scenes that mix the shapes, where names weigh more."""
    scenes = SceneSet(2000, by_shape=True, families=SHAPES, one_kind=0)
    train(model, scenes, SECOND, progress=True)
    return model


def make(name: str) -> None:
    """Train one network and write it in half precision, which loses nothing visible."""
    model = make_kinds() if name == "scenes-fcis-kinds" else make_windows(PLANS[name])
    target = shipped.folder() / "weights" / f"{name}.safetensors"
    target.parent.mkdir(exist_ok=True)
    model.half().save(target)
    print(f"{target.name}: {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    for name in sys.argv[1:] or (*PLANS, "scenes-fcis-kinds"):
        make(name)
