"""Synthetic scenes as a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ifcn_lab import scenes
from ifcn_lab.data import Sample, from_scene

SCENE_SETS: dict[str, dict[str, Any]] = {
    "touching": {"objects": (2, 6), "sizes": (28, 64)},
    "separated": {"objects": (2, 3), "sizes": (28, 64), "touching": 0},
    "far and equal": {"size": (128, 256), "objects": (2, 2), "sizes": (24, 26),
                      "families": ("disc",), "touching": 0},
    "thin parts": {"families": ("bar", "bean"), "sizes": (40, 86)},
    "many small": {"objects": (12, 20), "sizes": (12, 24)},
    "mixed sizes": {"objects": (3, 8), "sizes": (14, 80), "alike": 0},
    "several kinds": {"objects": (3, 8), "one_kind": 0},
}
"""Options of scenes that tell the relatives apart, by what is special about them.

`SceneSet(100, 1_000_000, **SCENE_SETS["touching"])` draws one.
"""


class SceneSet(Sequence[Sample]):
    """Scenes numbered `start` ... `start + n - 1`, drawn when asked for and kept.

    Args:
        n: how many.
        start: the first seed. Two sets whose seeds do not meet share no scene.
        by_shape: one category for each shape family, numbered as in
            `ifcn_lab.scenes.FAMILIES` from 1. Otherwise all objects are of one kind.
        options: handed to `ifcn_lab.scenes.make`.

    Raises:
        IndexError: there is no scene of that number.

    Example:
        >>> held_out = SceneSet(10, start=1_000_000)
        >>> len(held_out), held_out[3].name
        (10, 'scene 1000003')
    """

    def __init__(
        self, n: int, start: int = 0, *, by_shape: bool = False, **options: Any
    ) -> None:
        self.n, self.start, self.options = n, start, options
        self.by_shape = by_shape
        self._drawn: dict[int, Sample] = {}

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> Sample:
        if not -self.n <= index < self.n:
            raise IndexError(f"scene {index} of a set of {self.n}")
        seed = self.start + index % self.n
        if seed not in self._drawn:
            self._drawn[seed] = self._draw(seed)
        return self._drawn[seed]

    @property
    def categories(self) -> dict[int, str]:
        """The names of the categories, by id.

        Example:
            >>> SceneSet(1, by_shape=True).categories
            {1: 'disc', 2: 'ellipse', 3: 'rectangle', 8: 'blob', 9: 'pebble'}
        """
        if not self.by_shape:
            return {1: "object"}
        drawn = (self.options.get("families")
                 or scenes.families_in(self.options.get("style", "lesson")))
        return {number: name for number, name in enumerate(scenes.FAMILIES, 1)
                if name in drawn}

    @property
    def names_by_id(self) -> dict[int, str]:
        """The scenes' names by their ids."""
        seeds = range(self.start, self.start + self.n)
        return {seed: f"scene {seed}" for seed in seeds}

    def __getstate__(self) -> dict[str, Any]:
        """Give what is pickled: not the scenes drawn, which are drawn anew."""
        return vars(self) | {"_drawn": {}}

    def _draw(self, seed: int) -> Sample:
        scene = scenes.make(seed, **self.options)
        sample = from_scene(scene, f"scene {seed}", image_id=seed)
        if not self.by_shape:
            return sample
        numbers = {name: number for number, name in enumerate(scenes.FAMILIES, 1)}
        names = scenes.families_of(seed, **self.options)
        return sample._replace(categories=tuple(numbers[name] for name in names))
