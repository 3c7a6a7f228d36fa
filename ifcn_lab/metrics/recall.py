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
    Match,
    check_kind,
    match_image,
)
from ifcn_lab.metrics.measure import Measure, for_json
from ifcn_lab.metrics.regions import Detections, Found, Objects


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
        counts = {"images": self.images, "objects": self.objects["all"]}
        return for_json(figures) | counts

    def __str__(self) -> str:
        """Print one line: AR at each N, images and objects."""
        figures = "  ".join(f"AR@{n} {self[n]:.3f}" for n in self.ns)
        return f"{figures}  (images {self.images}, objects {self.objects['all']})"


class Recall(Measure):
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
        self, ns: Sequence[int] = (10, 100, 1000), *,
        thresholds: Sequence[float] = COCO_THRESHOLDS, kind: str = "masks",
        sizes: bool = False,
    ) -> None:
        if not ns or min(ns) < 1:
            raise ValueError(f"ns holds numbers of proposals from 1 up, not {ns}")
        self.ns, self.kind, self.thresholds = tuple(ns), check_kind(kind), thresholds
        self.sizes = tuple(AREAS) if sizes else ("all",)
        self._hits = {size: np.zeros((len(thresholds), max(ns)), np.int64)
                      for size in self.sizes}
        self._objects = dict.fromkeys(self.sizes, 0)
        self._images = 0

    def judge(self, best: Found, truth: Objects) -> list[Match]:
        """Match the best of one image by COCO's rule, for each size."""
        return match_image(best.top(max(self.ns)), truth, kind=self.kind,
                           thresholds=self.thresholds, sizes=self.sizes)

    def count(self, judged: list[Match], image_id: int | str = 0) -> None:
        """Count one image that was judged."""
        self._images += 1
        for size, match in zip(self.sizes, judged, strict=True):
            self._hits[size][:, : match.right.shape[1]] += match.right
            self._objects[size] += match.objects

    def result(self) -> RecallReport:
        """Sum up what was counted so far; NaN where there was nothing to be found."""
        with np.errstate(invalid="ignore"):
            curves = {size: np.cumsum(hits, axis=1) / np.int64(self._objects[size])
                      for size, hits in self._hits.items()}  # (T, N) each
        return RecallReport(self.ns, tuple(self.thresholds), self._images,
                            dict(self._objects), curves)


def average_recall(
    proposals: Iterable[Detections], samples: Iterable[Sample],
    ns: Sequence[int] = (10, 100, 1000), *,
    thresholds: Sequence[float] = COCO_THRESHOLDS, kind: str = "masks",
    sizes: bool = False,
) -> RecallReport:
    """Measure AR@N of proposals, one set for each sample, pooled over all objects.

    InstanceFCN (section 4) and DeepMask speak of IoU from 0.5 to 1.0, COCO of .5, .55,
    ... .95, which is the default here. Both arguments may be generators; one image is
    held at a time. See ``Recall`` for the other arguments, ``Measure.over`` for what is
    raised, and ``RecallReport`` for the result.
    """
    recall = Recall(ns, thresholds=thresholds, kind=kind, sizes=sizes)
    return recall.over(proposals, samples)
