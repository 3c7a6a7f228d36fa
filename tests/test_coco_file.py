"""The reader of annotation files tells all that is wrong, and reads what it can."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_cases import PICTURE, SQUARE, H, W, annotation, compressed, write
from coco_files import coco_stats, text_rle
from commands_cases import write_folder
from PIL import Image
from pycocotools.coco import COCO

from ifcn_lab.__main__ import main
from ifcn_lab.data.coco import CocoFolder
from ifcn_lab.data.coco_file import AnnotationFile
from ifcn_lab.metrics.image_by_image import Evaluation, Figures
from ifcn_lab.metrics.results_file import ResultFile

OUTSIDE = [W + 2, 1, W + 6, 1, W + 6, 5]
UNDERSTOOD = {
    "'0' as 0": {"iscrowd": "0"},
    "none as 0": {"iscrowd": None},
    "True as 1": {"iscrowd": True},
    "none as 1": {"category_id": None},
    "'5' as 5": {"category_id": "5"},
    "5.0 as 5": {"category_id": 5.0},
    "text, and keeps it": {"id": "seven"},
    "in another form than the image": {"image_id": "3"},
    "area that cannot be": {"area": -1},
    r"\(nan\): has an area": {"area": float("nan")},
    r"\(1000000000000": {"area": 10**20},
    "has one polygon where a list of polygons": {"segmentation": SQUARE},
}


@pytest.mark.parametrize("said", UNDERSTOOD)
def test_what_can_be_read_is_read_and_said(tmp_path: Path, said: str) -> None:
    path = write(tmp_path, [annotation([SQUARE]) | UNDERSTOOD[said]])
    with pytest.warns(UserWarning, match=rf"{path}: annotation (7|seven).*{said}"):
        folder = CocoFolder(path)
    (one,) = folder.file[0].annotations
    assert folder.file.faults.count == 1 and folder.file.faults.refused == 0
    assert one.segmentation == [SQUARE] and one.area is None
    assert one.category == (1 if said == "none as 1" else 5)
    assert one.crowd is (said == "True as 1")


def faulty() -> dict[str, Any]:
    """Four images, two of which cannot be read, and annotations of every fault."""
    images = [PICTURE, PICTURE | {"file_name": "b.png"},
              {"id": 4, "file_name": "c.png", "height": "8", "width": 12.0},
              {"id": 5, "file_name": "d.png", "height": 8.5, "width": 12}]
    good = annotation([SQUARE], iscrowd=0)
    wrong = [{"segmentation": []}, {"segmentation": [[1, 2]]}, {"image_id": 9},
             {"category_id": -1}, {"bbox": [4, 4, -1, 2]}, {"iscrowd": "no"}]
    odd = [{"id": 1}, {"area": -1}, {"iscrowd": "1"}, {"segmentation": [OUTSIDE]},
           {"image_id": 4}, {"image_id": 5}]
    entries = [good | {"id": n} | one for n, one in enumerate([{}, *wrong, *odd], 1)]
    return {"images": images, "annotations": [*entries, 5], "categories": ["cat"]}


FAULTS = [
    "category number 1: has no id that is a whole number",
    "image 3: is listed twice; ids must differ",
    "image 4 ('8' as 8): has no 'height' that is a whole number, but is understood",
    "image 4 (12.0 as 12): has no 'width'",
    "image 5 (8.5): has no 'height' that is a whole number from 1",
    "annotation 2: has no segmentation",
    "annotation 3 (one has 2 numbers): a polygon needs x, y of at least 3 points",
    "annotation 4 (image 9): is for an image that is not listed",
    "annotation 5 (-1): has no 'category_id'",
    "annotation 6 ([4, 4, -1, 2]): has a bbox",
    "annotation 7 ('no'): has no 'iscrowd'",
    "annotation 1: is listed twice; both are taken",
    "annotation 9 (-1): has an area that cannot be",
    "annotation 10 ('1' as 1): has no 'iscrowd'",
    "annotation 11: covers no pixel",
    "annotation number 14 (none): has no 'id'",
]


def write_faulty(folder: Path) -> Path:
    path = write(folder, [], faulty()["images"])
    path.write_text(json.dumps(faulty()))
    return path


def test_all_faults_are_told_and_what_is_left_is_counted(tmp_path: Path) -> None:
    path = write_faulty(tmp_path)
    file = AnnotationFile(path)
    lines = file.faults.lines()
    for fault in FAULTS:
        assert sum(line.startswith(fault) for line in lines) == 1, fault
    assert len(lines) == file.faults.count == len(FAULTS)
    assert (file.faults.refused, len(file), file.objects) == (9, 2, 5)
    with pytest.raises(ValueError) as told:
        CocoFolder(path)
    assert all(fault in str(told.value) for fault in FAULTS)
    folder = CocoFolder(path, strict=False)
    assert [s.ids for s in folder] == [(1, 1, 9), (12,)]
    assert folder[0].crowd.sum() == 16


def test_of_many_faults_of_a_kind_the_first_ten_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, [annotation([], id=n) for n in range(17)])
    (line,) = AnnotationFile(path).faults.lines()
    named = ", ".join(f"annotation {n}" for n in range(10))
    assert line.startswith(f"{named} and 7 more: has no segmentation")


def test_check_tells_counts_and_writes_what_was_understood(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, fixed = write_faulty(tmp_path), tmp_path / "fixed.json"
    assert main(["data", "check", str(path), "--fix", str(fixed)]) == 1
    said = capsys.readouterr()
    assert "2 images, 4 objects" in said.out
    assert "16 faults in the file itself; for 9 of them something was left" in said.out
    assert all(f"{path}: {fault}" in said.err for fault in FAULTS)
    assert main(["data", "check", str(fixed)]) == 1  # an outline is still outside
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and "annotation 11: covers no pixel" in said.err
    known = COCO(str(fixed))
    assert len(known.anns) == 6 and len(set(known.anns)) == 6
    assert known.anns[9]["area"] == 16 and known.anns[9]["bbox"] == [2, 1, 4, 4]
    for given in (path, tmp_path / "." / path.name):
        assert main(["data", "check", str(path), "--fix", str(given)]) == 2
    assert main(["data", "check", str(tmp_path), "--fix", str(fixed)]) == 2


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("images\\a.png", "a.png"),
        ("d%20e.png", "d e.png"),
        ("50%.png", "50%.png"),
        (unicodedata.normalize("NFD", "Zürich.png"), "Zürich.png"),
        (unicodedata.normalize("NFC", "Zürich.png"),
         unicodedata.normalize("NFD", "Zürich.png")),
    ],
)
def test_names_as_other_systems_write_them_find_their_files(
    tmp_path: Path, name: str, stored: str
) -> None:
    path = write(tmp_path, [annotation([SQUARE])])
    document = json.loads(path.read_text())
    document["images"][0]["file_name"] = name
    path.write_text(json.dumps(document))
    Image.new("RGB", (W, H), (9, 9, 9)).save(tmp_path / "images" / stored)
    sample = CocoFolder(path)[0]
    assert (sample.image == 9).all() and sample.name == name


def test_what_is_mistyped_is_answered_with_the_nearest_name(tmp_path: Path) -> None:
    path = write(tmp_path / "nuclei", [])
    for wrong in (tmp_path / "nucleii", tmp_path / "nuklei" / "instances_train.json"):
        with pytest.raises(ValueError, match="no such annotation .*; nuclei is there"):
            CocoFolder(wrong)
    with pytest.raises(ValueError, match="folder of pictures; images is there"):
        CocoFolder(path, path.parent / "image")


def three_images(folder: Path) -> Path:
    images = [PICTURE | {"id": n, "file_name": f"{n}.png"} for n in (11, 12, 13)]
    masks = np.zeros((3, H, W), bool)
    for n, mask in enumerate(masks):
        mask[1 : 3 + n, 2:6] = True
    entries = [annotation(compressed(masks[n % 3]), id=n, image_id=11 + n % 3)
               for n in range(5)]
    results = [{"image_id": 11 + n, "score": 0.5, "segmentation": text_rle(mask)}
               for n, mask in enumerate(masks)]
    (folder / "found.json").parent.mkdir(exist_ok=True)
    (folder / "found.json").write_text(json.dumps(results))
    return write(folder, entries, images)


def test_a_slice_counts_and_judges_its_own_images(tmp_path: Path) -> None:
    folder = CocoFolder(three_images(tmp_path))
    part = folder[1:]
    assert (folder.objects, part.objects, part[1:].objects) == (5, 3, 1)
    assert [image.id for image in part.file] == [s.image_id for s in part] == [12, 13]
    results = ResultFile(tmp_path / "found.json")
    for samples in (folder, part[::-1], part):
        answers = results if samples is folder else lambda image: NOTHING
        evaluation = Evaluation(samples, answers, Figures())
        judged = [evaluation.judge(n) for n in range(len(samples))]
        assert [one.image_id for one in judged] == [s.image_id for s in samples]
        assert sum(one.figures["objects"] for one in judged) == samples.objects


class NOTHING:
    """No answers to a picture."""

    masks, scores = np.zeros((0, H, W), bool), np.zeros(0)


def test_ids_that_are_text_are_evaluated_as_numbers_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, plain = three_images(tmp_path), three_images(tmp_path / "plain")
    assert main(["evaluate", "--annotations", str(plain), "--ap", "--results",
                 str(tmp_path / "plain" / "found.json")]) == 0
    expected = capsys.readouterr().out
    for each in (path, tmp_path / "found.json"):
        text = each.read_text()
        for n in (11, 12, 13):
            text = text.replace(f'"image_id": {n}', f'"image_id": "{n}"')
            text = text.replace(f'"id": {n}', f'"id": "{n}"')
        each.write_text(text)
    line = ["evaluate", "--annotations", str(path), "--results",
            str(tmp_path / "found.json")]
    assert main([*line, "--ap"]) == 0
    said = capsys.readouterr()
    assert said.out == expected and "AR@10 0.600" in expected
    assert "image 11, image 12, image 13: has an id that is text" in said.err


def test_an_area_below_zero_is_the_masks_and_figures_are_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = three_images(tmp_path), tmp_path / "figures.json"
    document = json.loads(path.read_text())
    for entry in document["annotations"]:
        entry["area"] = -1
    path.write_text(json.dumps(document))
    line = ["evaluate", "--annotations", str(path), "--by-size", "--results",
            str(tmp_path / "found.json"), "--json", str(out)]
    assert main(line) == 0
    assert "has an area that cannot be" in capsys.readouterr().err
    known = json.loads(out.read_text())
    assert known["AR@10"] == known["AR@10 small"] == pytest.approx(0.6)
    fixed = tmp_path / "fixed.json"
    fixed.write_text(json.dumps(AnnotationFile(path).as_document()))
    results = json.loads((tmp_path / "found.json").read_text())
    (tmp_path / "found.json").write_text(
        json.dumps([one | {"category_id": 5} for one in results]))
    expected = coco_stats(fixed, tmp_path / "found.json", "masks", by_category=False)
    assert expected.stats[7] == known["AR@10"]


def test_segment_takes_the_ids_of_an_annotation_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_folder(tmp_path)
    document = json.loads(path.read_text())
    names = {image["file_name"]: 70 + image["id"] for image in document["images"]}
    for image in document["images"]:
        image["id"] += 70
    for entry in document["annotations"]:
        entry["image_id"] += 70
    path.write_text(json.dumps(document))
    picture, out = next((path.parent / "images").iterdir()), tmp_path / "found.json"
    line = ["segment", str(picture), "--json", str(out), "--top", "3", "--out",
            str(tmp_path / "drawn.png"), "--annotations", str(path)]
    assert main(line) == 0
    found = json.loads(out.read_text())
    assert {one["image_id"] for one in found} == {names[picture.name]}
    picture = picture.rename(picture.with_name("other.png"))
    assert main(["segment", str(picture), *line[2:]]) == 2
    assert "does not list other.png" in capsys.readouterr().err
