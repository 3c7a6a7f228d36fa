"""Random images and answers for the tests, and COCOeval run on them from outside."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from types import SimpleNamespace

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from ifcn_lab.data import Sample
from ifcn_lab.metrics import to_coco_results

SIZE = 44, 52
NUMBERS = count(1)


def random_masks(rng: np.random.Generator, number: int) -> np.ndarray:
    """Draw ellipses of 3 to 36 pixels across, as they come: (N, h, w)."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    masks = np.zeros((number, *SIZE), bool)
    for mask in masks:
        cy, cx = rng.integers(0, SIZE)
        ry, rx = rng.uniform(1.5, 18, 2)
        mask[:] = ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 <= 1
    return masks


def image(rng: np.random.Generator, number: int, crowd: bool = False) -> Sample:
    """Make an image of random objects, some under a crowd region."""
    return Sample(
        image=np.zeros((*SIZE, 3), np.uint8),
        masks=random_masks(rng, number),
        crowd=random_masks(rng, 3).any(axis=0) & crowd,
        ids=tuple(range(1, number + 1)),
        categories=tuple(rng.integers(1, 4, number).tolist()),
        name="random",
        image_id=next(NUMBERS),
    )


def answer(masks: object, scores: np.ndarray, **more: object) -> SimpleNamespace:
    """Put masks and scores together, with the masks' tight boxes."""
    masks = np.asarray(masks)
    boxes = [tight_box(mask) for mask in masks]
    boxes = np.array(boxes, dtype=int).reshape(-1, 4)
    return SimpleNamespace(masks=masks, scores=scores, boxes=boxes, **more)


def empty_answer(sample: Sample) -> SimpleNamespace:
    """Find nothing."""
    return answer(np.zeros((0, *sample.crowd.shape), bool), np.zeros(0))


def noisy_answer(
    rng: np.random.Generator, sample: Sample, count: int
) -> SimpleNamespace:
    """Find the objects more or less, some twice, and other things.

    Scores are rounded, so that many are equal.
    """
    masks = np.zeros((count, *sample.crowd.shape), bool)
    for mask in masks:
        if len(sample.masks) and rng.random() < 0.8:
            source = sample.masks[rng.integers(len(sample.masks))]
        else:
            source = sample.crowd | (rng.random(sample.crowd.shape) < 0.1)
        shift = rng.integers(-2, 3, 2)
        mask[:] = np.roll(source, shift, (0, 1)) & (rng.random(mask.shape) < 0.97)
    scores = rng.random(count).round(1)
    return answer(masks, scores, categories=rng.integers(1, 4, count))


def tight_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Find the half-open box (x0, y0, x1, y1) around a mask."""
    if not mask.any():
        return 0, 0, 0, 0
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    y0, y1 = int(rows[0]), int(rows[-1])
    x0, x1 = int(columns[0]), int(columns[-1])
    return x0, y0, x1 + 1, y1 + 1


def coco_truth(samples: Sequence[Sample], categories: bool = False) -> COCO:
    """Put all images into one COCO object, the way an annotation file would."""
    truth, numbers = COCO(), count(1)
    annotations = []
    for sample in samples:
        kinds = sample.categories if categories else (1,) * len(sample.masks)
        regions = [(m, c, 0) for m, c in zip(sample.masks, kinds, strict=True)]
        if sample.crowd.any():
            regions.append((sample.crowd, 1, 1))
        for mask, category, crowd in regions:
            rle = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
            x0, y0, x1, y1 = tight_box(mask)
            annotations.append(
                {
                    "id": next(numbers),
                    "image_id": sample.image_id,
                    "category_id": category,
                    "segmentation": rle,
                    "area": int(mask.sum()),
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "iscrowd": crowd,
                }
            )
    h, w = SIZE
    truth.dataset = {
        "images": [{"id": s.image_id, "height": h, "width": w} for s in samples],
        "categories": [{"id": c} for c in (1, 2, 3)],
        "annotations": annotations,
    }
    truth.createIndex()
    return truth


def coco_eval(
    truth: COCO, found: COCO, ns: Sequence[int], iou_type: str, image_ids: list[int]
) -> COCOeval:
    """Run COCOeval on all images at once, categories ignored."""
    evaluation = COCOeval(truth, found, iou_type)
    evaluation.params.useCats = 0
    evaluation.params.maxDets = list(ns)
    evaluation.params.imgIds = image_ids
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation


def coco_recall(
    proposals: Sequence[SimpleNamespace],
    samples: Sequence[Sample],
    ns: Sequence[int],
    kind: str,
) -> np.ndarray:
    """Give COCOeval's recall, (T, sizes, ns); -1 where there is nothing to find."""
    truth = coco_truth(samples)
    plain = [SimpleNamespace(masks=p.masks, scores=p.scores) for p in proposals]
    results = to_coco_results(plain, samples)
    if kind == "boxes":
        ordered = [p.boxes[np.argsort(-p.scores, kind="stable")] for p in proposals]
        for result, box in zip(results, np.concatenate(ordered).tolist(), strict=True):
            x0, y0, x1, y1 = box
            result["bbox"] = [x0, y0, x1 - x0, y1 - y0]
            del result["segmentation"]
    found = truth.loadRes(results)
    iou_type = "segm" if kind == "masks" else "bbox"
    ids = [s.image_id for s in samples]
    return coco_eval(truth, found, ns, iou_type, ids).eval["recall"][:, 0]
