"""Each named set of scenes shows what its name says, in the share told here."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt as distance

from ifcn_lab.data import Sample
from ifcn_lab.data.scenes import SCENE_SETS, SceneSet
from ifcn_lab.scenes.measure import touching


def sides(scene: Sample) -> np.ndarray:
    """The diameter of each object in pixels, over whole turns of 15 degrees."""
    turns = np.arange(12) * np.pi / 12
    return np.array([max(np.ptp(np.cos(t) * x + np.sin(t) * y) for t in turns) + 1
                     for y, x in map(np.nonzero, scene.masks)])


def gap(scene: Sample) -> float:
    """The fewest pixels between two objects."""
    return min(distance(~a)[b].min() for i, a in enumerate(scene.masks)
               for b in scene.masks[:i])


def widths(scene: Sample) -> np.ndarray:
    """The widest disc inside each object."""
    return np.array([2 * distance(mask).max() for mask in scene.masks])


CLAIMS = {
    "touching": (0.99, lambda s: touching(s.masks).any(1)),
    "separated": (0.99, lambda s: ~touching(s.masks).any(1)),
    "far and equal": (0.8, lambda s: [
        gap(s) >= 24 and np.ptp(sides(s)) <= 2 and len(s.masks) == 2]),
    "thin parts": (0.85, lambda s: widths(s) <= 0.5 * sides(s)),
    "many small": (0.99, lambda s: (sides(s) <= 26) & (len(s.masks) >= 10)),
    "mixed sizes": (0.8, lambda s: [sides(s).max() >= 2 * sides(s).min()]),
    "several kinds": (0.99, lambda s: [len(set(s.categories)) >= 2]),
}
"""Of every set: the share, and of what (objects, or scenes) it is."""


def test_every_set_claims_something() -> None:
    assert CLAIMS.keys() == SCENE_SETS.keys()


@pytest.mark.parametrize("name", CLAIMS)
def test_a_set_is_what_its_name_says(name: str) -> None:
    least, holds = CLAIMS[name]
    scenes = SceneSet(25, 1_000_000, by_shape=True, **SCENE_SETS[name])
    share = np.concatenate([holds(scene) for scene in scenes]).mean()
    assert share >= least, inspect.getsource(holds)


def test_usual_scenes_are_not_what_the_special_sets_claim() -> None:
    for name in ("separated", "far and equal", "thin parts", "many small"):
        holds = CLAIMS[name][1]
        scenes = SceneSet(10, 1_000_000, by_shape=True)
        assert np.concatenate([holds(scene) for scene in scenes]).mean() < 0.5, name
