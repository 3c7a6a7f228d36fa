"""Looking through a data set once: how much there is, how large, what is broken."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ifcn_lab.data import Sample
from ifcn_lab.data.masks import longest_sides

TOLD = 10  # so many problems are told one by one


@dataclass
class Survey:
    """What was found in the images looked at. Sides and sizes are in pixels.

    ``notes`` are what reading warned of, each with the names of its images.
    """

    images: int = 0
    objects: int = 0
    without: int = 0
    ignored: int = 0
    sides: list[int] = field(default_factory=list)
    sizes: set[tuple[int, int]] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, sample: Sample) -> None:
        """Count one sample."""
        self.images += 1
        self.objects += len(sample.masks)
        self.without += len(sample.masks) == 0
        self.ignored += bool(sample.crowd.any())
        self.sizes.add(sample.image.shape[:2])
        self.sides += longest_sides(sample.masks).tolist()

    def lines(self) -> Iterator[str]:
        """Yield the lines of a report for a person."""
        yield (f"{self.images:,} images, {self.objects:,} objects; {self.without:,} "
               f"images without objects, {self.ignored:,} with pixels to ignore")
        if self.sizes:
            small, large = min(self.sizes, key=_area), max(self.sizes, key=_area)
            yield (f"pictures of {small[0]} x {small[1]} to {large[0]} x {large[1]} "
                   "(h x w)")
        if self.sides:
            one, half, most = np.percentile(self.sides, (1, 50, 99))
            yield (f"longest sides of objects: {min(self.sides)} to {max(self.sides)} "
                   f"pixels, half of them up to {half:.0f}, nearly all (1 % to 99 %) "
                   f"{one:.0f} to {most:.0f}")
        for note, names in self.notes.items():
            yield f"{note} ({len(names)} images, {names[0]} for one)"
        yield f"{len(self.problems)} problems" + (":" if self.problems else "")
        yield from (f"  {problem}" for problem in self.problems[:TOLD])
        if len(self.problems) > TOLD:
            yield f"  and {len(self.problems) - TOLD} more"


def survey(samples: Sequence, indices: Iterable[int] | None = None) -> Survey:
    """Read samples, all or those of ``indices``; what cannot be read is a problem.

    A data set without a single object is a problem, too; what is warned of is a note.

    >>> from ifcn_lab.data.scenes import SceneSet
    >>> found = survey(SceneSet(2, size=(64, 64), sizes=(14, 34)))
    >>> found.images, found.sizes, found.problems
    (2, {(64, 64)}, [])
    """
    found = Survey()
    for index in range(len(samples)) if indices is None else indices:
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                sample = samples[index]
            found.add(sample)
            for note in {str(each.message) for each in told}:
                found.notes[note].append(sample.name)
        except (ValueError, OSError) as error:
            found.problems.append(str(error))
    if not found.objects:
        found.problems.append("no image looked at holds an object: there is nothing to "
                              "learn and nothing to find")
    return found


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]
