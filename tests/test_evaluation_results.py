"""Result files: written as a stream, and read from any tool with errors by entry."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_files import answered, text_rle, write_annotations, write_results
from evaluation_cases import SIZE, image, random_masks
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from ifcn_lab.data.segmentation import run_lengths
from ifcn_lab.evaluation.annotations import AnnotationFile
from ifcn_lab.evaluation.given_masks import checked_run_lengths, fits, lengths_of
from ifcn_lab.evaluation.given_results import ResultFile, entries_of
from ifcn_lab.evaluation.results import ResultsWriter


@given(st.lists(st.integers(0, 2**20), min_size=1, max_size=40))
def test_run_lengths_are_read_as_pycocotools_writes_them(counts: list[int]) -> None:
    rle = coco_mask.frPyObjects({"size": [sum(counts), 1], "counts": counts},
                                sum(counts), 1)
    text = rle["counts"].decode()
    assert lengths_of(text).tolist() == counts
    assert fits({"size": [sum(counts), 1], "counts": text}, (sum(counts), 1))
    assert not fits({"size": [sum(counts) + 1, 1], "counts": text},
                    (sum(counts) + 1, 1))


@given(st.text(st.characters(min_codepoint=40, max_codepoint=115), max_size=14))
def test_damaged_run_lengths_are_damaged_for_both_readers(text: str) -> None:
    try:
        slow = run_lengths(text) if text else None
    except ValueError:
        slow = None
    fast = lengths_of(text) if text else None
    if fast is not None or all(len(n) <= 10 for n in split(text)):
        assert (None if fast is None else fast.tolist()) == slow


def split(text: str) -> list[str]:
    """Cut run-length text into numbers."""
    numbers = [""]
    for letter in text:
        numbers[-1] += letter
        if not (ord(letter) - 48) & 32:
            numbers.append("")
    return numbers


@pytest.mark.parametrize("spaces", [0, 1, 3])
@pytest.mark.parametrize("chunk", [1, 7, 100, 1 << 20])
def test_a_list_is_read_piece_by_piece(
    spaces: int, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ifcn_lab.evaluation.given_results._CHUNK", chunk)
    values: list[Any] = [{"a": [1, {"b": "ü, ] [ \" ,"}]}, 12345678, -3.5e-7, "é", [[]]]
    text = json.dumps(values, indent=spaces or None, ensure_ascii=False)
    path = tmp_path / "list.json"
    path.write_text("\ufeff" + text, "utf-8")
    found = list(entries_of(path))
    body = path.read_bytes()
    assert [json.loads(body[start:end]) for _, start, end in found] == values
    for broken in (text[:-1], text[:-3], "{" + text, text[1:], "", "[1, oh]"):
        path.write_text(broken, "utf-8")
        with pytest.raises(ValueError, match=r"list.json: cannot be read as a list"):
            list(entries_of(path))


def test_results_of_any_order_are_those_pycocotools_loads(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = [image(rng, n) for n in (4, 0, 3)]
    annotations = write_annotations(tmp_path / "objects.json", samples)
    answers = answered(rng, samples, 20)
    path = write_results(tmp_path / "found.json", samples, answers)
    known = COCO(str(annotations)).loadRes(str(path))
    given_ = ResultFile(path)
    assert given_.count == 60 and given_.masks and not given_.boxes
    assert given_.kinds == {1, 2, 3}
    for sample in samples:
        entries = known.imgToAnns[sample.image_id]
        entries.sort(key=lambda e: (-e["score"], e["category_id"]))
        found = given_.found(sample.image_id, SIZE)
        assert found.scores.tolist() == [e["score"] for e in entries]
        assert found.categories.tolist() == [e["category_id"] for e in entries]
        assert found.rles == [e["segmentation"] for e in entries]
        assert found.areas("masks").tolist() == [e["area"] for e in entries]
        boxes = [e["bbox"].tolist() for e in entries]
        assert found.outlines("boxes").tolist() == boxes
    assert len(given_.found(999, SIZE)) == 0


def test_polygons_lists_and_text_are_one_mask() -> None:
    square = [[2.0, 1.0, 6.0, 1.0, 6.0, 5.0, 2.0, 5.0]]
    as_text = checked_run_lengths(square, SIZE, "square")
    mask = coco_mask.decode(as_text).astype(bool)
    assert mask.sum() == 16
    changes = np.flatnonzero(np.diff(mask.T.ravel().astype(int))) + 1
    counts = np.diff([0, *changes, mask.size]).tolist()
    for form in ({"size": [*SIZE], "counts": counts}, text_rle(mask)):
        given_ = checked_run_lengths(form, SIZE, "square")
        assert (coco_mask.decode(given_) == mask).all()


GOOD = {"image_id": 1, "category_id": 1, "score": 0.5,
        "segmentation": text_rle(random_masks(np.random.default_rng(0), 1)[0])}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"image_id": "1"}, "result number 2 has no 'image_id'"),
        ({"score": float("nan")}, r"result number 2 \(image 1\) has the score nan"),
        ({"score": "high"}, r"number 2 \(image 1\) has the score 'high'"),
        ({"category_id": -1}, r"number 2 \(image 1\) has the category -1"),
        ({"segmentation": {"size": [4, 4], "counts": "44"}}, r"number 2 .*is 44 x 52"),
        ({"segmentation": {"size": [44, 52], "counts": "44"}}, "number 2 .* 8 pixels"),
        ({"segmentation": {"size": [44, 52], "counts": "4~"}}, "number 2 .* letter"),
        ({"segmentation": [[1, 2, 3, 4]]}, "number 2 .* at least 3 points"),
        ({"segmentation": None}, "number 2 has none; give it to all or to none"),
        ({"bbox": [1, 2, 3]}, r"number 2 .* has the bbox \[1, 2, 3\]"),
    ],
)
def test_what_is_no_result_is_named(
    change: dict[str, Any], says: str, tmp_path: Path
) -> None:
    path = tmp_path / "found.json"
    path.write_text(json.dumps([GOOD, GOOD | change]))
    with pytest.raises(ValueError, match=f"found.json: .*{says}"):
        ResultFile(path).found(1, SIZE)


def test_results_that_are_boxes_and_results_with_nothing(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    box = {"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [1.5, 2, 3, 4.25]}
    path.write_text(json.dumps([box, box | {"score": 0.75, "bbox": [0, 0, 2, 2]}]))
    found = ResultFile(path).found(1, SIZE)
    assert found.rles == [] and found.boxes.tolist() == [[0, 0, 2, 2], box["bbox"]]
    assert found.areas("boxes").tolist() == [4, 12.75]
    path.write_text(json.dumps([box | {"bbox": []}]))
    with pytest.raises(ValueError, match="no 'segmentation' and no 'bbox'"):
        ResultFile(path).found(1, SIZE)
    path.write_text("[]")
    assert ResultFile(path).count == 0 and len(ResultFile(path).found(1, SIZE)) == 0
    with pytest.raises(ValueError, match="nowhere.json: cannot be read"):
        ResultFile(tmp_path / "nowhere.json")


def test_results_for_an_image_that_is_not_listed_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    path.write_text(json.dumps([GOOD, GOOD | {"image_id": 77}]))
    with pytest.raises(ValueError, match="result number 2 is for image 77"):
        ResultFile(path).check_images({1: SIZE})


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "is not COCO's format"),
        ({"images": []}, "there is no .annotations."),
        ({"images": [{"id": 1}], "annotations": []}, "'height'"),
        ({"images": [], "annotations": [{"image_id": 5}]}, "image 5 has objects but"),
    ],
)
def test_a_file_that_is_not_cocos_is_named(
    document: Any, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "objects.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=f"objects.json: .*{says}"):
        AnnotationFile(path)


def test_a_broken_outline_names_its_annotation(tmp_path: Path) -> None:
    sample = image(np.random.default_rng(1), 2)
    path = write_annotations(tmp_path / "objects.json", [sample])
    document = json.loads(path.read_text())
    document["annotations"][1]["segmentation"] = [[1, 2, 3, 4]]
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match="objects.json: annotation 2: .* 3 points"):
        AnnotationFile(path).objects(sample.image_id)


def test_a_file_gets_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    path.write_text("what was there before")
    with pytest.raises(KeyError), ResultsWriter(path) as results:
        results.write([GOOD])
        assert sorted(os.listdir(tmp_path)) == ["found.json", "found.json.part"]
        raise KeyError
    assert path.read_text() == "what was there before"
    assert os.listdir(tmp_path) == ["found.json"]
    with ResultsWriter(path) as results:
        results.write([])
    assert json.loads(path.read_text()) == []
    with ResultsWriter(path) as results:
        results.write([GOOD, GOOD])
        results.write([GOOD])
    assert json.loads(path.read_text()) == [GOOD] * 3 and results.count == 3
    with pytest.raises(OSError), ResultsWriter(tmp_path / "no" / "found.json"):
        pass
