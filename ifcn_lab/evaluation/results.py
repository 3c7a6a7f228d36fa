"""Writing what was found in COCO's result format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ifcn_lab.datasets import Sample
from ifcn_lab.evaluation.entries import Answers, found, paired

__all__ = ["to_coco_results"]


def to_coco_results(
    proposals: Iterable[Answers], samples: Iterable[Sample]
) -> list[dict[str, Any]]:
    """List proposals, one set for each sample, as COCO results, ready for JSON.

    Masks are compressed run lengths; the best score of an image goes first. Proposals
    without categories get category 1. Raises ValueError for a score that is NaN and for
    masks that are not of the image's size.

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> masks = np.ones((1, 2, 2), bool)
    >>> sample = Sample(None, masks, ~masks[0], (1,), (1,), "one object", 7)
    >>> to_coco_results([SimpleNamespace(masks=masks, scores=[0.5])], [sample])[0]
    {'image_id': 7, 'category_id': 1, 'segmentation': ..., 'score': 0.5}
    """
    results = []
    for each, sample in paired(proposals, samples):
        best = found(each, sample.crowd.shape)
        for i, rle in enumerate(best.rles):
            counts = rle["counts"]
            if isinstance(counts, bytes):  # pycocotools gives bytes, JSON wants text
                counts = counts.decode("ascii")
            category = 1 if best.categories is None else int(best.categories[i])
            results.append(
                {
                    "image_id": sample.image_id,
                    "category_id": category,
                    "segmentation": {"size": list(rle["size"]), "counts": counts},
                    "score": float(best.scores[i]),
                }
            )
    return results
