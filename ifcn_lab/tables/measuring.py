"""What is measured of a trained network: AR@N, and mAP^r after the classifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tqdm import tqdm

from ifcn_lab.evaluation import Precision, Recall
from ifcn_lab.tables.alone import stop_if_alone
from ifcn_lab.windows import propose

if TYPE_CHECKING:
    from ifcn_lab.classifier import Classifier
    from ifcn_lab.data import Sample
    from ifcn_lab.models.instancefcn import InstanceFCN
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


def precision(
    run: Run, model: InstanceFCN, *, progress: bool = False
) -> dict[str, float]:
    """mAP^r at mask IoU .5 and .7, after MNC's stage 3 on 300 proposals, with voting.

    The classifier is trained first, unless the run's folder holds it.
    """
    from ifcn_lab.classifier import detect

    classifier = kind_of_objects(run, model, progress=progress)
    found, setting = Precision(by_category=True), run.setting
    for sample in images(run, progress=progress):
        found.add(detect(model, classifier, sample.image, proposal_nms=setting.nms,
                         threshold=setting.threshold, precision=setting.precision),
                  sample)
    report = found.result()
    return {f"mAP^r@{iou:g}": report[iou] for iou in report.thresholds}


def kind_of_objects(
    run: Run, model: InstanceFCN, *, progress: bool = False
) -> Classifier:
    """The trained classifier of a run; it goes on from its checkpoint."""
    from ifcn_lab.classifier import Classifier, train_classifier
    from ifcn_lab.cli.options import on_device

    path = run.folder / "classifier.safetensors"
    if path.is_file():
        return on_device(Classifier.load(path), run.device)
    samples = run.data.open("train")
    fresh = Classifier.beside(model, samples.categories,
                              **run.setting.classifier_network)
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = path.with_name("classifier.pt")
    train_classifier(on_device(fresh, run.device), model, samples,
                     run.setting.classifier.with_(seed=run.seed), progress=progress,
                     on_step=lambda step: stop_if_alone(), checkpoint=checkpoint,
                     every=100, resume=True)
    fresh.save(path)
    checkpoint.unlink(missing_ok=True)
    return fresh


MEASURES = {"propose": recall, "recognise": precision}
