"""How good proposals are: overlap, AR@N, mAP^r, COCO's AP and the nuclei score."""

from __future__ import annotations

from ifcn_lab.data.overlap import box_iou, mask_iou
from ifcn_lab.metrics.nuclei import (
    Chosen,
    NucleiReport,
    NucleiScore,
    answers_of,
    nuclei_ap,
)
from ifcn_lab.metrics.precision import (
    CocoPrecision,
    CocoReport,
    Precision,
    PrecisionReport,
    average_precision,
)
from ifcn_lab.metrics.recall import (
    COCO_THRESHOLDS,
    Recall,
    RecallReport,
    average_recall,
)
from ifcn_lab.metrics.results_file import to_coco_results

__all__ = ["COCO_THRESHOLDS", "Chosen", "CocoPrecision", "CocoReport", "NucleiReport",
           "NucleiScore", "Precision", "PrecisionReport", "Recall", "RecallReport",
           "answers_of", "average_precision", "average_recall", "box_iou", "mask_iou",
           "nuclei_ap", "to_coco_results"]
