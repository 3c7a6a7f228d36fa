"""What every measure is: images judged one by one, counted, and summed up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ifcn_lab.data import Sample
from ifcn_lab.metrics.matching import Match
from ifcn_lab.metrics.regions import (
    ANY,
    Detections,
    Found,
    Objects,
    found,
    objects,
    paired,
)


class Measure(ABC):
    """A measure over a set of images, of which one is held at a time.

    ``kind`` says what is compared, "masks" or "boxes".
    """

    kind = "masks"

    @abstractmethod
    def judge(self, best: Found, truth: Objects) -> Any:
        """Match one image and count nothing: another process can do this part."""

    @abstractmethod
    def count(self, judged: Any, image_id: int | str = 0) -> None:
        """Count one image that was judged."""

    @abstractmethod
    def result(self) -> Any:
        """Sum up what was counted so far."""

    def add(self, answers: Detections, sample: Sample) -> None:
        """Judge and count one image.

        Raises ValueError for a score that is NaN, for masks that are not of the
        image's size, and for answers without the boxes or categories that are asked
        for.
        """
        best = found(answers, sample.crowd.shape)
        if self.kind == "boxes" and best.boxes is None:
            raise ValueError("the answers have no boxes; evaluate kind='masks'")
        self.count(self.judge(best, objects(sample)), sample.image_id)

    def over(self, answers: Iterable[Detections], samples: Iterable[Sample]) -> Any:
        """Measure answers, one set for each sample; both may be generators.

        Raises ValueError as ``add``, and if there are more of one than of the other.
        """
        for each, sample in paired(answers, samples):
            self.add(each, sample)
        return self.result()


class Ranked(NamedTuple):
    """The answers of one image and category, best first, matched for each size."""

    scores: Float[np.ndarray, " N"]
    matches: list[Match]


class ByCategory(Measure):
    """A measure within each category, or of all objects as one category, ``ANY``.

    A subclass has ``ranked``, which matches the answers of one image and category.
    """

    def __init__(self, by_category: bool) -> None:
        self.by_category = by_category
        self._kept: dict[int, dict[int | str, Ranked]] = defaultdict(dict)

    @abstractmethod
    def ranked(self, best: Found, truth: Objects) -> Ranked:
        """Match answers to objects, whatever their categories."""

    def judge(self, best: Found, truth: Objects) -> dict[int, Ranked]:
        """Match one image, category by category.

        Raises ValueError, with by_category, for answers without categories.
        """
        if not self.by_category:
            return {ANY: self.ranked(best, truth)}
        if best.categories is None:
            raise ValueError("the answers have no categories; use by_category=False")
        kinds = best.categories
        present = np.union1d(kinds, truth.categories[truth.categories >= 0])
        return {c: self.ranked(best.take(np.flatnonzero(kinds == c)), truth.of(c))
                for c in present.tolist()}

    def count(self, judged: dict[int, Ranked], image_id: int | str = 0) -> None:
        """Count one image that was judged; raises ValueError if it was before."""
        for category, one in judged.items():
            if image_id in self._kept[category]:
                raise ValueError(f"image {image_id} came before; ids must differ")
            self._kept[category][image_id] = one

    def known(self) -> dict[int, dict[int | str, Ranked]]:
        """Give the images of each category that has objects, as they came."""
        return {c: kept for c, kept in sorted(self._kept.items())
                if sum(one.matches[0].objects for one in kept.values())}


def place_of(known: Sequence[float], wanted: float, name: str) -> int:
    """Find the place of an IoU or a category; raises ValueError if it is not there.

    >>> place_of((0.5, 0.7), 0.7, "IoU")
    1
    """
    near = np.flatnonzero(np.isclose(known, wanted))
    if not len(near):
        told = ", ".join(f"{value:g}" for value in known)
        raise ValueError(f"AP at {name} {wanted} was not measured, but at {told}")
    return int(near[0])


def for_json(figures: dict[str, float]) -> dict[str, float | None]:
    """Put None where there was no object and so no figure.

    >>> for_json({"AP": float("nan")})
    {'AP': None}
    """
    return {name: None if np.isnan(v) else v for name, v in figures.items()}
