"""Result files: written as a stream, and read from any tool with errors by entry."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_files import answered, text_rle, write_annotations, write_results
from evaluation_cases import SIZE, image, random_masks
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from ifcn_lab.data.segmentation import checked, rle_of
from ifcn_lab.metrics.results_file import ResultFile, writing_results

GOOD = {"image_id": 1, "category_id": 1, "score": 0.5,
        "segmentation": text_rle(random_masks(np.random.default_rng(0), 1)[0])}


@pytest.mark.parametrize("spaces", [0, 3])
def test_a_list_is_read_however_it_is_written(spaces: int, tmp_path: Path) -> None:
    entries = [GOOD | {"note": [1, {"b": "\u00fc, ] [ \" ,"}]}, GOOD | {"score": 1}]
    text = json.dumps(entries, indent=spaces or None, ensure_ascii=False)
    path = tmp_path / "list.json"
    path.write_text("\ufeff" + text, "utf-8")
    assert ResultFile(path).found(1, SIZE).scores.tolist() == [1, 0.5]
    for broken in (text[:-1], text[:-3], "{" + text, text[1:], "", "[1]", "[" * 9999):
        path.write_text(broken, "utf-8")
        with pytest.raises(ValueError, match="list.json: (cannot be read|result num)"):
            ResultFile(path)
    path.write_text(text, "utf-16")
    with pytest.raises(ValueError, match=r"list.json: cannot be read as a list"):
        ResultFile(path)


def test_results_of_any_order_are_those_pycocotools_loads(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = [image(rng, n) for n in (4, 0, 3)]
    annotations = write_annotations(tmp_path / "objects.json", samples)
    answers = answered(rng, samples, 20)
    path = write_results(tmp_path / "found.json", samples, answers)
    known = COCO(str(annotations)).loadRes(str(path))
    given_ = ResultFile(path)
    assert given_.count == 60 and given_.masks and not given_.boxes
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
    as_text = rle_of(checked(square, SIZE), SIZE)
    mask = coco_mask.decode(as_text).astype(bool)
    assert mask.sum() == 16
    changes = np.flatnonzero(np.diff(mask.T.ravel().astype(int))) + 1
    counts = np.diff([0, *changes, mask.size]).tolist()
    for form in ({"size": [*SIZE], "counts": counts}, text_rle(mask)):
        given_ = rle_of(checked(form, SIZE), SIZE)
        assert (coco_mask.decode(given_) == mask).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"image_id": [1]}, r"result number 2 has no 'image_id' .*\(\[1\]\)"),
        ({"score": float("nan")}, r"number 2 has no 'score' .*\(nan\)"),
        ({"score": "high"}, r"number 2 has no 'score' .*\('high'\)"),
        ({"score": [0.5]}, r"number 2 has no 'score' .*\(\[0.5\]\)"),
        ({"category_id": -1}, r"number 2 has no 'category_id' .*\(-1\)"),
        ({"category_id": [1]}, r"number 2 has no 'category_id' .*\(\[1\]\)"),
        ({"category_id": None}, r"number 2 has no 'category_id' .*\(none\)"),
        ({"category_id": 10**20}, r"number 2 has no 'category_id' .*\(1000000"),
        ({"segmentation": {"size": [4, 4], "counts": "44"}}, r"number 2 .*is 44 x 52"),
        ({"segmentation": {"size": [44, 52], "counts": "44"}}, r"number 2 .* \(8, the"),
        ({"segmentation": {"size": [44, 52], "counts": "4~"}}, "number 2 .* damaged"),
        ({"segmentation": [[1, 2, 3, 4]]}, "number 2 .* at least 3 points"),
        ({"segmentation": None, "bbox": [0, 0, 2, 2]}, "number 2 has no 'segm.* to no"),
        ({"segmentation": None}, "number 2 has no 'segmentation' and no 'bbox'"),
        ({"bbox": [1, 2, 3]}, r"number 2 has a 'bbox' .*\(\[1, 2, 3\]\)"),
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
        ResultFile(path).fit({1: "a.png"})


NAMED = {1: "images/a.png", 2: "images\\b.png", 3: "c.png"}


@pytest.mark.parametrize(
    ("names", "taken", "said"),
    [
        ({1: "a.png", 2: "b.png"}, {1: 0.25, 2: 0.5}, None),
        ({2: "a.png", 1: "b.png"}, {1: 0.5, 2: 0.25}, "matched by file_name"),
        ({1: "c.png", 2: "x/b.png"}, {3: 0.25, 2: 0.5}, "matched by file_name"),
        ({1: "c.png", 2: None}, {1: 0.25, 2: 0.5}, "matched by image_id"),
        ({1: "c.png", 2: "other.png"}, {3: 0.25}, "matched by file_name"),
        ({1: "d.png", 2: "other.png"}, {1: 0.25, 2: 0.5}, "matched by image_id"),
    ],
)
def test_file_names_decide_where_they_fit_and_ids_do_not(
    names: dict[int, str], taken: dict[int, float], said: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "found.json"
    entries = [GOOD | {"image_id": i, "score": i / 4} for i in names]
    for entry in entries:
        entry |= {"file_name": names[entry["image_id"]]}
    path.write_text(json.dumps(entries))
    results = ResultFile(path)
    with warnings.catch_warnings(record=True) as told:
        results.fit(NAMED)
    assert [str(one.message).endswith(said) for one in told] == [True] * bool(said)
    for image_id in NAMED:
        scores = results.found(image_id, SIZE).scores.tolist()
        assert scores == [taken[i] for i in taken if i == image_id]


def results_of(tmp_path: Path, ids: list[str]) -> ResultFile:
    path = tmp_path / "found.json"
    entries = [GOOD | {"image_id": key, "score": n / 4} for n, key in enumerate(ids, 1)]
    path.write_text(json.dumps(entries))
    return ResultFile(path)


def test_an_id_that_is_text_may_be_a_name(tmp_path: Path) -> None:
    results = results_of(tmp_path, ["c.png", "/data/images/a.png"])
    with pytest.warns(UserWarning, match="matched by file_name"):
        results.fit(NAMED)
    scores = [results.found(image_id, SIZE).scores.tolist() for image_id in NAMED]
    assert scores == [[0.5], [], [0.25]]


def test_a_number_written_as_text_is_no_id(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="result number 1 is for image '3', which"):
        results_of(tmp_path, ["3", "1"]).fit(NAMED)


def test_results_of_one_id_and_several_names_go_to_their_pictures(
    tmp_path: Path,
) -> None:
    path = tmp_path / "found.json"  # of `segment`, called for each picture, and joined
    names = ["a.png", "b.png", "c.png"]
    entries = [GOOD | {"image_id": 1, "file_name": name, "score": n / 4}
               for n, name in enumerate(names, 1)]
    path.write_text(json.dumps(entries))
    results = ResultFile(path)
    with pytest.warns(UserWarning, match="matched by file_name"):
        results.fit(NAMED)
    assert [results.found(i, SIZE).scores.tolist() for i in NAMED] == [
        [0.25], [0.5], [0.75]]


@pytest.mark.parametrize("twice", ["a.png", "x/a.png"])
def test_results_of_two_images_never_become_one_images(
    twice: str, tmp_path: Path
) -> None:
    path = tmp_path / "found.json"
    entries = [GOOD | {"image_id": 8, "file_name": "a.png"},
               GOOD | {"image_id": 9, "file_name": twice}]
    path.write_text(json.dumps(entries))
    with pytest.raises(ValueError, match="a.png fits more than one image by name"):
        ResultFile(path).fit(NAMED)


def test_a_file_gets_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    path.write_text("what was there before")
    with pytest.raises(KeyError), writing_results(path) as write:
        write([GOOD])
        assert path.read_text() == "what was there before"
        raise KeyError
    assert path.read_text() == "what was there before"
    assert os.listdir(tmp_path) == ["found.json"]
    with writing_results(path) as write:
        write([])
    assert json.loads(path.read_text()) == []
    with writing_results(path) as write:
        write([GOOD, GOOD])
        write([GOOD])
    assert json.loads(path.read_text()) == [GOOD] * 3
    with pytest.raises(OSError), writing_results(path / "found.json"):
        pass
