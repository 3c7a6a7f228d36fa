"""COCO files for tests of evaluation, and COCOeval run over whole files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from evaluation_cases import noisy_answer, tight_box
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from ifcn_lab.data import Sample


def text_rle(mask: np.ndarray) -> dict[str, Any]:
    """Write one mask as COCO's compressed run lengths, ready for JSON."""
    rle = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": list(rle["size"]), "counts": rle["counts"].decode()}


def write_annotations(path: Path, samples: Sequence[Sample]) -> Path:
    """Write samples as an annotation file.

    Areas and boxes are not quite the masks', as in COCO's files; the crowd is cut into
    a left and a right part, of two categories.
    """
    numbers, annotations = count(1), []
    for sample in samples:
        regions = [(m, c, 0) for m, c in
                   zip(sample.masks, sample.categories, strict=True)]
        middle = sample.crowd.shape[1] // 2
        for category, half in ((2, slice(None, middle)), (1, slice(middle, None))):
            part = np.zeros_like(sample.crowd)
            part[:, half] = sample.crowd[:, half]
            regions += [(part, category, 1)] * bool(part.any())
        for mask, category, crowd in regions:
            x0, y0, x1, y1 = tight_box(mask)
            annotations.append({
                "id": next(numbers), "image_id": sample.image_id, "iscrowd": crowd,
                "category_id": category, "segmentation": text_rle(mask),
                "area": float(mask.sum()) * 1.07,
                "bbox": [x0 + 0.25, y0 - 0.25, x1 - x0 + 0.5, y1 - y0 + 0.1],
            })
    images = [{"id": s.image_id, "file_name": f"{s.image_id}.png",
               "height": s.crowd.shape[0], "width": s.crowd.shape[1]} for s in samples]
    path.write_text(json.dumps({
        "images": images, "annotations": annotations,
        "categories": [{"id": c, "name": str(c)} for c in (1, 2, 3)],
    }))
    return path


def write_results(
    path: Path, samples: Sequence[Sample], answers: Sequence[SimpleNamespace]
) -> Path:
    """Write answers as a result file, images and scores in no order."""
    rows = [
        {"image_id": sample.image_id, "category_id": int(category), "score":
         float(score), "segmentation": text_rle(mask)}
        for sample, each in zip(samples, answers, strict=True)
        for mask, score, category in
        zip(each.masks, each.scores, each.categories, strict=True)
    ]
    np.random.default_rng(0).shuffle(rows)
    path.write_text(json.dumps(rows))
    return path


def answered(
    rng: np.random.Generator, samples: Sequence[Sample], number: int,
    kinds: Sequence[int] = (1, 2, 3),
) -> list[SimpleNamespace]:
    """Answer every sample more or less, categories drawn from ``kinds``."""
    answers = [noisy_answer(rng, sample, number) for sample in samples]
    for each in answers:
        each.categories = rng.choice(kinds, number)
    return answers


def coco_stats(
    annotations: Path, results: Path, kind: str, by_category: bool,
    image_ids: Sequence[int] | None = None,
) -> COCOeval:
    """Run COCOeval over a whole annotation file and a whole result file."""
    truth = COCO(str(annotations))
    iou_type = "segm" if kind == "masks" else "bbox"
    evaluation = COCOeval(truth, truth.loadRes(str(results)), iou_type)
    evaluation.params.useCats = int(by_category)
    if image_ids is not None:
        evaluation.params.imgIds = sorted(image_ids)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation


def match_by_cocoeval(
    truth: list[dict[str, Any]], results: list[dict[str, Any]], kind: str,
    areas: Sequence[tuple[float, float]], thresholds: Sequence[float],
) -> list[dict[str, Any]]:
    """Match the results of one image by COCOeval: what ``match_image`` shall do."""
    indexed = []
    for entries in truth, results:
        coco = COCO()
        coco.dataset = {"images": [{"id": 1, "height": 0, "width": 0}],
                        "categories": [{"id": 1}], "annotations": entries}
        coco.createIndex()
        indexed.append(coco)
    evaluation = COCOeval(*indexed, "segm" if kind == "masks" else "bbox")
    evaluation.params.useCats = 0
    evaluation.params.iouThrs = np.asarray(thresholds, dtype=float)
    evaluation.params.areaRng = [list(area) for area in areas]
    evaluation.params.maxDets = [len(results)]
    evaluation.evaluate()
    return evaluation.evalImgs
