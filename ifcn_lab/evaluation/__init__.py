"""How good proposals are: overlap, AR@N and mAP^r."""

from __future__ import annotations

from ifcn_lab.evaluation.overlap import (
    box_iou,
    box_iou_pairs,
    mask_iou,
    mask_iou_pixels,
)
from ifcn_lab.evaluation.recall import (
    COCO_THRESHOLDS,
    Recall,
    RecallReport,
    average_recall,
    recall_by_matching,
)
from ifcn_lab.evaluation.results import to_coco_results

__all__ = [
    "COCO_THRESHOLDS",
    "Recall",
    "RecallReport",
    "average_recall",
    "box_iou",
    "box_iou_pairs",
    "mask_iou",
    "mask_iou_pixels",
    "recall_by_matching",
    "to_coco_results",
]
