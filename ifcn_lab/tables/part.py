"""Some samples of a data set."""

from __future__ import annotations

from collections.abc import Sequence

from ifcn_lab.data import Sample


class Part(Sequence):
    """The samples at these places of a data set, read when they are asked for.

    Args:
        samples: any data set.
        places: which of them, in order.

    Example:
        >>> from ifcn_lab.data.scenes import SceneSet
        >>> part = Part(SceneSet(10), range(0, 10, 4))
        >>> len(part), part[1].name
        (3, 'scene 4')
    """

    def __init__(self, samples: Sequence[Sample], places: Sequence[int]) -> None:
        self.samples, self.places = samples, places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> Sample:
        return self.samples[self.places[index]]
