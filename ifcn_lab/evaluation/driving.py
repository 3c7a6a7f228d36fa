"""One image through pycocotools' COCOeval, which does the matching."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

__all__ = ["match_image"]


def match_image(
    truth: list[dict[str, Any]],
    results: list[dict[str, Any]],
    *,
    iou_type: str,
    thresholds: Sequence[float],
    areas: Sequence[tuple[float, float]],
) -> list[dict[str, Any]]:
    """Match the results of one image to its objects, categories ignored.

    Both are COCO annotations of image 1 and category 1, with ids from 1. ``iou_type``
    is "segm" or "bbox". Gives one dict for each range of areas, with COCOeval's
    ``dtMatches`` and ``dtIgnore``, (T, N), the best score first, and ``gtIgnore``.

    >>> box = {"image_id": 1, "category_id": 1, "area": 4.0, "bbox": [0, 0, 2, 2]}
    >>> truth = [box | {"id": 1, "iscrowd": 0}]
    >>> results = [box | {"id": 1, "score": 0.9}]
    >>> args = {"iou_type": "bbox", "thresholds": [0.5], "areas": [(0.0, 1e10)]}
    >>> match_image(truth, results, **args)[0]["dtMatches"].tolist()
    [[1.0]]
    """
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
        evaluation = COCOeval(_indexed(truth), _indexed(results), iou_type)
        evaluation.params.useCats = 0
        evaluation.params.iouThrs = np.asarray(thresholds, dtype=float)
        evaluation.params.areaRng = [list(area) for area in areas]
        evaluation.params.maxDets = [len(results)]
        evaluation.evaluate()
    return evaluation.evalImgs


def _indexed(annotations: list[dict[str, Any]]) -> COCO:
    coco = COCO()
    coco.dataset = {
        # COCOeval asks for a size it then takes from the run lengths.
        "images": [{"id": 1, "height": 0, "width": 0}],
        "categories": [{"id": 1}],
        "annotations": annotations,
    }
    coco.createIndex()
    return coco
