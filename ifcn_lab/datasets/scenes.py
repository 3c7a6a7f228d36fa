"""Synthetic scenes as a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ifcn_lab import scenes
from ifcn_lab.datasets import Sample, from_scene


class SceneSet(Sequence):
    """Scenes numbered `start` ... `start + n - 1`, drawn when asked for and kept.

    Args:
        n: how many.
        start: the first seed. Two sets whose seeds do not meet share no scene.
        options: handed to `ifcn_lab.scenes.make`.

    Raises:
        IndexError: there is no scene of that number.

    Example:
        >>> held_out = SceneSet(10, start=1_000_000)
        >>> len(held_out), held_out[3].name
        (10, 'scene 1000003')
    """

    def __init__(self, n: int, start: int = 0, **options: Any) -> None:
        self.n, self.start, self.options = n, start, options
        self._drawn: dict[int, Sample] = {}

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> Sample:
        if not -self.n <= index < self.n:
            raise IndexError(f"scene {index} of a set of {self.n}")
        seed = self.start + index % self.n
        if seed not in self._drawn:
            scene = scenes.make(seed, **self.options)
            self._drawn[seed] = from_scene(scene, f"scene {seed}", image_id=seed)
        return self._drawn[seed]
