"""Samples kept in memory after they were read once."""

from __future__ import annotations

from collections.abc import Sequence

from ifcn_lab.data import Sample


class SampleCache(Sequence[Sample]):
    """The same data set, reading each sample from disk once while memory allows.

    Args:
        samples: any data set.
        gigabytes: how much to keep, in pixels of pictures and masks; samples beyond
            that are read every time.

    To a worker process goes the data set without what is kept.

    Example:
        >>> from ifcn_lab.data.scenes import SceneSet
        >>> cache = SampleCache(SceneSet(3), gigabytes=1)
        >>> cache[1] is cache[1]
        True
    """

    def __init__(self, samples: Sequence[Sample], gigabytes: float = 3.0) -> None:
        self.samples = samples
        self.categories = getattr(samples, "categories", {})
        self._most = self._room = int(gigabytes * 1e9)
        self._kept: dict[int, Sample] = {}

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        if not -len(self) <= index < len(self):
            raise IndexError(f"sample {index} of a data set of {len(self)}")
        index %= len(self)  # -1 and the last are kept as one
        if index in self._kept:
            return self._kept[index]
        sample = self.samples[index]
        size = sample.image.nbytes + sample.masks.nbytes + sample.crowd.nbytes
        if size <= self._room:
            self._room -= size
            # A copy where an array would hold on to a larger one.
            own = {name: array.copy() for name in ("image", "masks", "crowd")
                   if (array := getattr(sample, name)).base is not None}
            self._kept[index] = sample = sample._replace(**own)
        return sample

    def __getstate__(self) -> dict:
        """Give what is pickled: nothing that was kept."""
        return vars(self) | {"_room": self._most, "_kept": {}}
