"""Samples kept in memory after they were read once."""

from __future__ import annotations

from collections.abc import Sequence

from ifcn_lab.datasets import Sample


class Kept(Sequence):
    """The same data set, reading each sample from disk once while memory allows.

    Args:
        samples: any data set.
        gigabytes: how much to keep; samples beyond that are read every time.

    Example:
        >>> from ifcn_lab.datasets.scenes import SceneSet
        >>> kept = Kept(SceneSet(3), gigabytes=1)
        >>> kept[1] is kept[1]
        True
    """

    def __init__(self, samples: Sequence[Sample], gigabytes: float = 3.0) -> None:
        self.samples = samples
        self._room = gigabytes * 1e9
        self._kept: dict[int, Sample] = {}

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        if index in self._kept:
            return self._kept[index]
        sample = self.samples[index]
        size = sample.image.nbytes + sample.masks.nbytes + sample.crowd.nbytes
        if size <= self._room:
            self._room -= size
            self._kept[index] = sample
        return sample
