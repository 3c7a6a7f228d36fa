"""Average recall (AR@N): how many of the objects are among the N best proposals.

InstanceFCN and DeepMask write of the mean recall for IoU from 0.5 to 1.0, that is the
area under the curve of recall against IoU. COCO and SharpMask take the mean over IoU
.5, .55, ... .95. The figures are close; here it is COCO's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ifcn_lab.data import Sample
from ifcn_lab.metrics.matching import (
    AREAS,
    COCO_THRESHOLDS,
    KINDS,
    Match,
    match_image,
)
from ifcn_lab.metrics.regions import (
    Answers,
    Found,
    Objects,
    found,
    objects,
    paired,
)

__all__ = [
    "COCO_THRESHOLDS",
    "Recall",
    "RecallReport",
    "average_recall",
]


@dataclass(frozen=True)
class RecallReport:
    """Average recall over a set of images; ``report[100]`` is AR@100.

    ``curves`` holds, for "all" and each size, recall by threshold and number of
    proposals: (T, largest N). ``objects`` counts what was to be found, by size. Where
    there was nothing to be found recall is NaN.
    """

    ns: tuple[int, ...]
    thresholds: tuple[float, ...]
    images: int
    objects: dict[str, int]
    curves: dict[str, Float[np.ndarray, "T N"]]

    def __getitem__(self, n: int) -> float:
        """Give AR@n, any n from 1 to the largest that was asked for."""
        return self.at(n)

    def at(self, n: int, size: str = "all") -> float:
        """Give AR@n of the objects of one size: all, small, medium or large."""
        limit = max(self.ns)
        if not 1 <= n <= limit:
            raise ValueError(f"AR@{n} was not measured; ask for 1 to {limit}")
        return float(np.mean(self.curves[size][:, n - 1]))

    @property
    def auc(self) -> float:
        """Area under AR@N over the logarithm of N, from 1 to the largest, in [0, 1].

        That N goes by its logarithm is inferred from DeepMask's printed figures.
        """
        recall = self.curves["all"].mean(axis=0)  # (N,)
        if len(recall) == 1:
            return float(recall[0])
        steps = np.log(np.arange(1, len(recall) + 1))
        return float(np.trapezoid(recall, steps) / steps[-1])

    def as_dict(self) -> dict[str, float | int | None]:
        """List the figures by name, ready for JSON: None where there was no object."""
        figures = {f"AR@{n}": self[n] for n in self.ns} | {"AUC": self.auc}
        for size in list(self.curves)[1:]:
            figures |= {f"AR@{n} {size}": self.at(n, size) for n in self.ns}
        known = {k: None if np.isnan(v) else v for k, v in figures.items()}
        return known | {"images": self.images, "objects": self.objects["all"]}

    def __str__(self) -> str:
        """Print one line: AR at each N, images and objects."""
        figures = "  ".join(f"AR@{n} {self[n]:.3f}" for n in self.ns)
        return f"{figures}  (images {self.images}, objects {self.objects['all']})"


class Recall:
    """Collects average recall image by image, so that nothing need be held.

    Args:
        ns: numbers of proposals per image.
        thresholds: IoU from which an object counts as found.
        kind: "masks", or "boxes" for the tight boxes of the masks.
        sizes: also tell COCO's small, medium and large objects apart. The area of a
            sample's object is its mask's in pixels; ``AnnotationFile`` gives COCO's own
            area field.

    An object is found at a threshold if COCO's rule (categories ignored) matches a
    proposal to it: the best scored proposal first, each to the free object it overlaps
    most. Recall is pooled over all objects of all images.

    >>> from types import SimpleNamespace
    >>> masks = np.eye(4, dtype=bool).reshape(4, 2, 2)
    >>> empty = np.zeros((2, 2), bool)
    >>> sample = Sample(None, masks, empty, (1, 2, 3, 4), (1, 1, 1, 1), "four", 0)
    >>> recall = Recall(ns=(1, 3))
    >>> recall.add(SimpleNamespace(masks=masks, scores=np.ones(4)), sample)
    >>> print(recall.result())
    AR@1 0.250  AR@3 0.750  (images 1, objects 4)
    """

    def __init__(
        self,
        ns: Sequence[int] = (10, 100, 1000),
        *,
        thresholds: Sequence[float] = COCO_THRESHOLDS,
        kind: str = "masks",
        sizes: bool = False,
    ) -> None:
        if not ns or min(ns) < 1:
            raise ValueError(f"ns holds numbers of proposals from 1 up, not {ns}")
        if kind not in KINDS:
            raise ValueError(f"kind is 'masks' or 'boxes', not {kind!r}")
        self.ns, self.kind = tuple(ns), kind
        self.thresholds = tuple(thresholds)
        self.sizes = tuple(AREAS) if sizes else ("all",)
        shape = len(self.thresholds), max(self.ns)
        self._hits = {size: np.zeros(shape, dtype=np.int64) for size in self.sizes}
        self._objects = dict.fromkeys(self.sizes, 0)
        self._images = 0

    def add(self, proposals: Answers, sample: Sample) -> None:
        """Count one image.

        Raises ValueError for a score that is NaN, for masks that are not of the
        image's size and, with kind "boxes", for proposals without boxes.
        """
        best = found(proposals, sample.crowd.shape, limit=max(self.ns))
        if self.kind == "boxes" and best.boxes is None:
            raise ValueError("the proposals have no boxes; evaluate kind='masks'")
        self.count(self.judge(best, objects(sample)))

    def judge(self, best: Found, truth: Objects) -> list[Match]:
        """Match one image and count nothing yet: other processes can do this part."""
        return match_image(
            best.top(max(self.ns)),
            truth,
            kind=self.kind,
            thresholds=self.thresholds,
            sizes=self.sizes,
        )

    def count(self, judged: list[Match]) -> None:
        """Count one image that was judged."""
        self._images += 1
        for size, match in zip(self.sizes, judged, strict=True):
            self._hits[size][:, : match.right.shape[1]] += match.right
            self._objects[size] += match.objects

    def result(self) -> RecallReport:
        """Sum up what was added so far."""
        return RecallReport(
            ns=self.ns,
            thresholds=self.thresholds,
            images=self._images,
            objects=dict(self._objects),
            curves={size: self._curve(size) for size in self.sizes},
        )

    def _curve(self, size: str) -> Float[np.ndarray, "T N"]:
        found_so_far = np.cumsum(self._hits[size], axis=1)  # (T, N)
        if not self._objects[size]:
            return np.full(found_so_far.shape, np.nan)
        return found_so_far / self._objects[size]


def average_recall(
    proposals: Iterable[Answers],
    samples: Iterable[Sample],
    ns: Sequence[int] = (10, 100, 1000),
    *,
    thresholds: Sequence[float] = COCO_THRESHOLDS,
    kind: str = "masks",
    sizes: bool = False,
) -> RecallReport:
    """Measure AR@N of proposals, one set for each sample, pooled over all objects.

    InstanceFCN (section 4) and DeepMask speak of IoU from 0.5 to 1.0, COCO of .5, .55,
    ... .95, which is the default here. Both arguments may be generators; one image is
    held at a time. See ``Recall`` for the other arguments and what is raised, and
    ``RecallReport`` for the result. Raises ValueError, too, if there are more proposals
    than samples or fewer.

    >>> from types import SimpleNamespace
    >>> masks = np.ones((1, 2, 2), bool)
    >>> sample = Sample(None, masks, ~masks[0], (1,), (1,), "one object", 0)
    >>> report = average_recall([SimpleNamespace(masks=masks, scores=[0.9])], [sample])
    >>> report[10]
    1.0
    """
    recall = Recall(ns, thresholds=thresholds, kind=kind, sizes=sizes)
    for each, sample in paired(proposals, samples):
        recall.add(each, sample)
    return recall.result()
