"""What is measured of a trained network: AR@N, and mAP^r after the classifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tqdm import tqdm

from ifcn_lab.evaluation import Recall
from ifcn_lab.proposals import propose

if TYPE_CHECKING:
    from ifcn_lab.datasets import Sample
    from ifcn_lab.model import InstanceFCN
    from ifcn_lab.tables.runs import Run


def images(run: Run, *, progress: bool) -> Iterator[Sample]:
    """The validation images one by one, with a bar where there is a terminal."""
    shown = None if progress else True
    yield from tqdm(run.validation, unit="image", leave=False, disable=shown)


def recall(run: Run, model: InstanceFCN, *, progress: bool = False) -> dict[str, float]:
    """AR@10, AR@100 and AR@1000 of the network's proposals.

    Raises:
        ValueError: the validation images hold no object.
    """
    setting, found = run.setting, Recall()
    for sample in images(run, progress=progress):
        found.add(propose(model, sample.image, top=setting.top, nms_iou=setting.nms,
                          threshold=setting.threshold, precision=setting.precision),
                  sample)
    report = found.result()
    if report.objects["all"] == 0:
        raise ValueError(f"the {report.images} validation images hold no object, so "
                         "there is nothing to find")
    return {f"AR@{n}": report[n] for n in report.ns}


MEASURES = {"propose": recall}
