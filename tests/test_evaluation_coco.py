"""Matching and COCO's AP agree with COCOeval to the last digit, on whole files."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from coco_files import (
    answered,
    coco_stats,
    match_by_cocoeval,
    write_annotations,
    write_results,
)
from evaluation_cases import SIZE, answer, empty_answer, image, random_masks
from pycocotools.coco import COCO

from ifcn_lab.data.coco_file import AnnotationFile
from ifcn_lab.data.overlap import encode
from ifcn_lab.metrics import CocoPrecision, Recall
from ifcn_lab.metrics.matching import AREAS, match_image
from ifcn_lab.metrics.regions import (
    Found,
    areas_of,
    boxes_of,
    measured,
    objects_of_file,
)
from ifcn_lab.metrics.results_file import ResultFile

FIGURES = ("AP", "AP50", "AP75", "APs", "APm", "APl")


def compare(annotations: Path, results: Path, ids: list[int] | None = None) -> dict:
    """Hold every figure to COCOeval's; gives the class-agnostic AP of masks."""
    truth, given = AnnotationFile(annotations), ResultFile(results)
    truth = [one for one in truth if ids is None or one.id in ids]
    recalls = {kind: Recall((1, 10, 100), kind=kind, sizes=True)
               for kind in ("masks", "boxes")}
    reports = {}
    for kind, recall in recalls.items():
        for by_category in (False, True):
            precision = CocoPrecision(by_category=by_category, kind=kind)
            for one in truth:
                objects = objects_of_file(one)
                found = given.found(one.id, one.size)
                precision.count(precision.judge(found, objects), one.id)
                if by_category is False:
                    recall.count(recall.judge(found, objects))
            reports[kind, by_category] = precision.result()
    for (kind, by_category), report in reports.items():
        expected = coco_stats(annotations, results, kind, by_category, ids)
        same_precision(report, expected, by_category)
        if not by_category:
            same_recall(recalls[kind].result(), expected)
    return reports["masks", False].as_dict()


def same_precision(report: object, expected: object, by_category: bool) -> None:
    known = [None if v < 0 else v for v in expected.stats[:6]]
    assert list(report.as_dict()) == list(FIGURES)
    assert list(report.as_dict().values()) == known
    if by_category:
        listed = expected.params.catIds
        places = [listed.index(c) for c in report.categories]
        table = expected.eval["precision"][..., -1]  # (T, R, K, A)
        for number, size in enumerate(AREAS):
            assert np.array_equal(report.precision[size], table[:, :, places, number])
            lost = np.delete(table[..., number], places, axis=2)
            assert (lost == -1).all()
        for category, place in zip(report.categories, places, strict=True):
            own = table[:, :, place, 0]
            assert report.at(category=category) == np.mean(own[own > -1])


def same_recall(report: object, expected: object) -> None:
    curves = expected.eval["recall"][:, 0]  # (T, A, M)
    for number, size in enumerate(AREAS):
        mine = report.curves[size][:, [0, 9, 99]]
        known = np.where(curves[:, number] < 0, np.nan, curves[:, number])
        assert np.array_equal(mine, known, equal_nan=True)
    assert [report[n] for n in (1, 10, 100)] == expected.stats[6:9].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_on_random_scenes_with_crowds_every_figure_is_cocoevals(
    seed: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    samples = [image(rng, n, crowd=n % 2 == 0) for n in (6, 0, 9, 1, 4)]
    answers = answered(rng, samples, 30)
    answers[3] = answer(np.zeros((0, *SIZE), bool), np.zeros(0), categories=[])
    annotations = write_annotations(tmp_path / "objects.json", samples)
    results = write_results(tmp_path / "found.json", samples, answers)
    figures = compare(annotations, results)
    assert 0 < figures["AP"] < figures["AP50"] < 1 and figures["APl"] is None


def test_on_photographs_every_figure_is_cocoevals(
    shared_data: Path, tmp_path: Path
) -> None:
    path = shared_data / "coco_dev" / "instances_train2017.json"
    samples = read(path, every=16)
    crowded = sum(s.crowd.any() for s in samples)
    assert crowded >= 1
    rng = np.random.default_rng(0)
    kinds = sorted({c for s in samples for c in s.categories})[:12]
    answers = answered(rng, samples, 25, kinds)
    for sample, each in zip(samples, answers, strict=True):
        near = each.masks[:, None] & sample.masks  # some get their object's category
        if len(sample.masks):
            best = near.sum(axis=(2, 3)).argmax(axis=1)
            each.categories = np.array(sample.categories)[best]
    results = write_results(tmp_path / "found.json", samples, answers)
    figures = compare(path, results, [s.image_id for s in samples])
    assert all(0 < figures[name] < 1 for name in FIGURES)


def test_on_nuclei_every_figure_is_cocoevals(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "dsb2018_fluor" / "instances_val.json"
    samples = read(path, every=40)
    rng = np.random.default_rng(1)
    answers = answered(rng, samples, 40, kinds=[1])
    results = write_results(tmp_path / "found.json", samples, answers)
    figures = compare(path, results, [s.image_id for s in samples])
    assert 0 < figures["AP"] < 1


def read(path: Path, every: int) -> list:
    """Read some samples of a real folder, those with crowds among them."""
    from ifcn_lab.data.coco import CocoFolder

    folder = CocoFolder(path)
    crowded = [i for i, image in enumerate(folder.file)
               if any(one.crowd for one in image.annotations)]
    chosen = sorted({*range(0, len(folder), every), *crowded[:2]})
    return [folder[i] for i in chosen]


@pytest.mark.parametrize("kind", ["masks", "boxes"])
@pytest.mark.parametrize("seed", range(6))
def test_matching_one_image_is_cocoevals(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    rles = encode(random_masks(rng, 14))
    crowd = rng.random(14) < 0.3
    truth = measured(rles, crowd.tolist(), [1] * 14)
    truth = truth._replace(areas=truth.areas * rng.uniform(0.5, 30, 14))
    again = [rles[i] for i in rng.integers(0, 14, 25)]  # many overlap alike, all of 1
    found = encode(random_masks(rng, 25)) + again
    best = Found(found, np.linspace(1, 0, 50))
    thresholds = (0.1, 0.5, 0.75, 1.0)
    mine = match_image(best, truth, kind=kind, thresholds=thresholds,
                       sizes=tuple(AREAS))
    entries = [
        {"id": i + 1, "image_id": 1, "category_id": 1, "segmentation": rles[i],
         "iscrowd": int(crowd[i]), "area": truth.areas[i], "bbox": truth.boxes[i]}
        for i in range(14)]
    results = [
        {"id": i + 1, "image_id": 1, "category_id": 1, "segmentation": found[i],
         "score": best.scores[i], "area": areas_of(found)[i],
         "bbox": boxes_of(found)[i]}
        for i in range(50)]
    expected = match_by_cocoeval(entries, results, kind, list(AREAS.values()),
                                 thresholds)
    for one, known in zip(mine, expected, strict=True):
        assert np.array_equal(one.ignored, known["dtIgnore"])
        hit = (known["dtMatches"] > 0) & ~known["dtIgnore"].astype(bool)
        assert np.array_equal(one.right, hit)
        assert one.objects == np.sum(known["gtIgnore"] == 0)
    assert mine[0].right.any() and mine[0].ignored.any()


def test_samples_give_what_a_file_of_the_same_masks_gives(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    samples = [image(rng, n) for n in (5, 3)]
    answers = answered(rng, samples, 20)
    for each in answers:  # no two alike: a file knows no other order
        each.scores = rng.permutation(20) / 20
    annotations = write_annotations(tmp_path / "objects.json", samples)
    document = json.loads(annotations.read_text())
    for entry in document["annotations"]:
        del entry["area"], entry["bbox"]
    annotations.write_text(json.dumps(document))
    truth = AnnotationFile(annotations)
    given = ResultFile(write_results(tmp_path / "found.json", samples, answers))
    for by_category in (False, True):
        report = CocoPrecision(by_category=by_category).over(answers, samples)
        other = CocoPrecision(by_category=by_category)
        for one in truth:
            found = given.found(one.id, one.size)
            other.count(other.judge(found, objects_of_file(one)), one.id)
        assert other.result().as_dict() == report.as_dict()
        assert 0 < report.at() < 1


def test_an_annotation_of_polygons_and_of_run_lengths_is_the_same(
    shared_data: Path,
) -> None:
    path = shared_data / "coco_dev" / "instances_train2017.json"
    truth, known = AnnotationFile(path), COCO(str(path))
    for one in truth[:6]:
        objects = objects_of_file(one)
        entries = known.loadAnns(known.getAnnIds(imgIds=[one.id]))
        entries.sort(key=lambda entry: entry["category_id"])
        assert objects.rles == [known.annToRLE(entry) for entry in entries]
        assert objects.areas.tolist() == [entry["area"] for entry in entries]
        assert objects.boxes.tolist() == [entry["bbox"] for entry in entries]


def test_only_the_best_hundred_of_an_image_count() -> None:
    sample = image(np.random.default_rng(3), 1)
    wrong = ~sample.masks[0]
    masks = np.array([*[wrong] * 100, sample.masks[0]])
    late = answer(masks, np.linspace(1, 0, 101))
    assert CocoPrecision().over([late], [sample]).at(0.5) == 0
    assert CocoPrecision(limit=101).over([late], [sample]).at(0.5) > 0


def test_without_objects_or_answers() -> None:
    rng = np.random.default_rng(4)
    bare, sample = image(rng, 0), image(rng, 2)
    nothing = CocoPrecision().over([empty_answer(bare)], [bare])
    assert set(nothing.as_dict().values()) == {None} and np.isnan(nothing.at())
    assert str(nothing).startswith("AP none  AP50 none")
    assert CocoPrecision().over([empty_answer(sample)], [sample]).at() == 0
    assert np.isnan(CocoPrecision().over([], []).at())


def test_wrong_wishes_are_refused() -> None:
    rng = np.random.default_rng(5)
    sample = image(rng, 2)
    report = CocoPrecision().over([empty_answer(sample)], [sample])
    with pytest.raises(ValueError, match=r"IoU 0.62 was not measured, but at 0.5"):
        report.at(0.62)
    with pytest.raises(ValueError, match="category 7 was not measured"):
        report.at(category=7)
    with pytest.raises(ValueError, match="kind is 'masks' or 'boxes', not 'lines'"):
        CocoPrecision(kind="lines")
    with pytest.raises(ValueError, match=f"image {sample.image_id} came before"):
        CocoPrecision().over([empty_answer(sample)] * 2, [sample] * 2)
    plain = SimpleNamespace(masks=sample.masks, scores=np.ones(2))
    with pytest.raises(ValueError, match="have no categories"):
        CocoPrecision(by_category=True).over([plain], [sample])
    with pytest.raises(ValueError, match="boxes without masks"):
        match_image(Found([], np.ones(1), np.ones((1, 4))), measured([], [], []))
