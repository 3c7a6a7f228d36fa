"""Any COCO-format folder is read; what is wrong with one is said by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_cases import (
    PICTURE,
    RIGHT,
    SQUARE,
    H,
    W,
    annotation,
    compressed,
    rectangle,
    uncompressed,
    write,
)
from PIL import Image

from ifcn_lab.data.coco import CocoFolder


def test_a_polygon_becomes_a_mask(tmp_path: Path) -> None:
    sample = CocoFolder(write(tmp_path, [annotation([SQUARE])]))[0]
    assert (sample.masks == rectangle(2, 1, 6, 5)).all()
    assert sample.masks.shape == (1, H, W) and sample.masks.dtype == bool
    assert sample.image.shape == (H, W, 3) and sample.image.dtype == np.uint8
    assert (sample.ids, sample.categories) == ((7,), (5,))
    assert (sample.name, sample.image_id) == ("a.png", 3)
    assert not sample.crowd.any()


def test_a_polygon_of_two_parts_is_one_object(tmp_path: Path) -> None:
    sample = CocoFolder(write(tmp_path, [annotation([SQUARE, RIGHT])]))[0]
    assert (sample.masks[0] == rectangle(2, 1, 6, 5) | rectangle(8, 1, 11, 4)).all()
    assert len(sample.masks) == 1


@pytest.mark.parametrize("form", [uncompressed, compressed])
def test_run_lengths_of_both_forms_become_masks(tmp_path: Path, form: Any) -> None:
    mask = np.random.default_rng(0).random((H, W)) < 0.4
    sample = CocoFolder(write(tmp_path, [annotation(form(mask))]))[0]
    assert (sample.masks[0] == mask).all()


@pytest.mark.parametrize("form", [uncompressed, compressed, lambda mask: [SQUARE]])
def test_a_crowd_region_is_in_crowd_and_never_in_masks(
    tmp_path: Path, form: Any
) -> None:
    crowd = annotation(form(rectangle(2, 1, 6, 5)), id=8, iscrowd=1)
    path = write(tmp_path, [crowd, annotation([RIGHT])])
    sample = CocoFolder(path)[0]
    assert sample.ids == (7,)
    assert (sample.masks == rectangle(8, 1, 11, 4)).all()
    assert (sample.crowd == rectangle(2, 1, 6, 5)).all()


def test_overlapping_objects_keep_their_whole_masks(tmp_path: Path) -> None:
    over = [4, 2, 9, 2, 9, 7, 4, 7]
    path = write(tmp_path, [annotation([SQUARE], id=1), annotation([over], id=2)])
    masks = CocoFolder(path)[0].masks
    assert (masks == [rectangle(2, 1, 6, 5), rectangle(4, 2, 9, 7)]).all()


def test_an_image_without_objects_has_no_masks_of_its_size(tmp_path: Path) -> None:
    sample = CocoFolder(write(tmp_path, []))[0]
    assert sample.masks.shape == (0, H, W) and sample.masks.dtype == bool
    assert sample.ids == sample.categories == ()


def test_an_outline_that_covers_no_pixel_is_left_out(tmp_path: Path) -> None:
    sliver = [2, 2, 2, 3, 2, 4]
    path = write(tmp_path, [annotation([sliver]), annotation([SQUARE], id=9)])
    assert CocoFolder(path)[0].ids == (9,)


def test_unknown_fields_are_ignored(tmp_path: Path) -> None:
    odd = PICTURE | {"weather": "rain"}
    path = write(tmp_path, [annotation([SQUARE], mood=[1])], [odd])
    assert CocoFolder(path)[0].ids == (7,)


def test_a_slice_is_a_shorter_folder(tmp_path: Path) -> None:
    images = [PICTURE | {"id": i, "file_name": f"{i}.png"} for i in range(4)]
    folder = CocoFolder(write(tmp_path, [], images))
    assert [s.image_id for s in folder[1:3]] == [1, 2]
    assert len(folder[1:3]) == 2 and len(folder) == 4
    assert folder[-1].image_id == 3
    assert repr(folder[1:3]) == "<CocoFolder instances_train.json: 2 images>"
    with pytest.raises(IndexError):
        folder[4]


def test_pictures_are_read_only_when_taken(tmp_path: Path) -> None:
    path = write(tmp_path, [annotation([SQUARE])])
    picture = tmp_path / "images" / "a.png"
    picture.write_bytes(picture.read_bytes()[:40])
    folder = CocoFolder(path)
    with pytest.raises(ValueError, match="a.png.*cannot be read"):
        folder[0]


def test_a_picture_of_another_size_is_named_with_both_sizes(tmp_path: Path) -> None:
    path = write(tmp_path, [])
    Image.new("RGB", (20, 10)).save(tmp_path / "images" / "a.png")
    with pytest.raises(ValueError, match=r"a\.png.* 10 x 20 .* 8 x 12"):
        CocoFolder(path)[0]


@pytest.mark.parametrize("place", [".", "images", "../images", "../val2017"])
def test_pictures_are_found_beside_the_annotations(tmp_path: Path, place: str) -> None:
    path = write(tmp_path / "annotations", [], name="instances_val2017.json")
    target = path.parent / place
    target.mkdir(parents=True, exist_ok=True)
    (path.parent / "images" / "a.png").rename(target / "a.png")
    assert CocoFolder(path)[0].name == "a.png"


def test_places_that_were_tried_are_said(tmp_path: Path) -> None:
    path = write(tmp_path / "annotations", [])
    (path.parent / "images" / "a.png").unlink()
    tried = f"{tmp_path}/annotations.*{tmp_path}/images.*{tmp_path}/train"
    with pytest.raises(ValueError, match=tried):
        CocoFolder(path)


def test_a_folder_of_pictures_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, [])
    (tmp_path / "images").rename(tmp_path / "elsewhere")
    assert len(CocoFolder(path, str(tmp_path / "elsewhere"))) == 1
    with pytest.raises(ValueError, match="nowhere.*no such folder"):
        CocoFolder(path, tmp_path / "nowhere")


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    images = [PICTURE | {"id": i, "file_name": f"{i}.png"} for i in range(3)]
    path = write(tmp_path, [], images)
    (tmp_path / "images" / "1.png").unlink()
    with pytest.raises(ValueError, match=r"picture 1\.png: is not in .*images"):
        CocoFolder(path)


def test_a_folder_with_one_annotation_file_can_be_given(tmp_path: Path) -> None:
    write(tmp_path, [])
    (tmp_path / "captions.json").write_text("{}")
    assert CocoFolder(tmp_path).annotations.name == "instances_train.json"


def test_of_several_annotation_files_one_must_be_named(tmp_path: Path) -> None:
    write(tmp_path, [])
    write(tmp_path, [], name="instances_val.json")
    with pytest.raises(ValueError, match="instances_train.json, instances_val.json"):
        CocoFolder(tmp_path)


def test_a_folder_without_annotations_and_a_missing_file_are_said(
    tmp_path: Path,
) -> None:
    with pytest.raises(ValueError, match="holds no annotation file"):
        CocoFolder(tmp_path)
    with pytest.raises(ValueError, match="none.json.*no such"):
        CocoFolder(tmp_path / "none.json")


WRONG_ANNOTATIONS = {
    r"\(image 99\): is for an image that is not listed":
        annotation([SQUARE], image_id=99),
    r"\(one has 4 numbers\): .* at least 3 points": annotation([SQUARE, [1, 1, 5, 5]]),
    r"\(one has 7 numbers\): .* at least 3 points":
        annotation([[1, 1, 5, 5, 1, 5, 9]]),
    "list of numbers": annotation([[1, 1, 5, 5, 1, "x"]]),
    "list of numbers, none beyond": annotation([[1, 1, 5, 5, 1, float("nan")]]),
    "list of numbers, none beyond 100000": annotation([[1, 1, 5, 5, 1, 1e12]]),
    "has no segmentation": annotation([]),
    r"\(\[12, 8\], the image is 8 x 12\): .* of another size":
        annotation({"size": [W, H], "counts": [96]}),
    r"\(95, the image has 8 x 12 = 96\)":
        annotation({"size": [H, W], "counts": [90, 5]}),
    "whole numbers from 0": annotation({"size": [H, W], "counts": [98, -2]}),
    "are not whole numbers": annotation({"size": [H, W], "counts": 96}),
    "text is cut off or damaged": annotation({"size": [H, W], "counts": "kQe"}),
    "cut off or damaged": annotation({"size": [H, W], "counts": "kQ 1"}),
    "whole numbers from 0 up": annotation({"size": [H, W], "counts": ""}),
    r"bbox .*not four numbers": annotation([SQUARE], bbox=[1, 2, 3]),
    r"\(.'x': 1.\): .*bbox": annotation([SQUARE], bbox={"x": 1}),
    r"bbox .*last two from 0 up": annotation([SQUARE], bbox=[5, 5, -3, 2]),
    r"\('yes'\): has no 'iscrowd'": annotation([SQUARE], iscrowd="yes"),
    r"\(2\): has no 'iscrowd' .* from 0 to 1": annotation([SQUARE], iscrowd=2),
    r"\(-1\): has no 'category_id'": annotation([SQUARE], category_id=-1),
    r"\(100000000000000000000\): has no 'category_id'":
        annotation([SQUARE], category_id=10**20),
    r"\('cat'\): has no 'category_id' that is a": annotation([SQUARE],
                                                          category_id="cat"),
}


@pytest.mark.parametrize("said", WRONG_ANNOTATIONS)
def test_a_wrong_annotation_is_named_with_its_file(tmp_path: Path, said: str) -> None:
    path = write(tmp_path, [annotation([SQUARE], id=1), WRONG_ANNOTATIONS[said]])
    with pytest.raises(ValueError, match=f"instances_train.json.*annotation 7.*{said}"):
        CocoFolder(path)


def test_an_annotation_without_an_id_is_named_by_its_number(tmp_path: Path) -> None:
    path = write(tmp_path, [annotation([SQUARE]), {"image_id": 3}])
    with pytest.raises(ValueError, match="annotation number 2 .none.: has no 'id'"):
        CocoFolder(path)


@pytest.mark.parametrize("listed", [None, [], ["cat"], [{"name": "cat"}]])
def test_categories_need_not_be_listed(tmp_path: Path, listed: Any) -> None:
    path = write(tmp_path, [annotation([SQUARE], category_id=0)])
    document = json.loads(path.read_text()) | {"categories": listed}
    path.write_text(json.dumps(document))
    folder = CocoFolder(path, strict=False)
    assert folder.categories == {} and folder[0].categories == (0,)
    assert folder.file.faults.count == bool(listed)
    document["categories"] = [{"id": 0, "name": "cat"}, {"id": 1}]
    path.write_text(json.dumps(document))
    assert CocoFolder(path).categories == {0: "cat", 1: "1"}


WRONG_IMAGES = {
    "lists no images": [],
    "no 'width'": [{"id": 3, "file_name": "a.png", "height": 8}],
    "no 'height'": [PICTURE | {"height": "tall"}],
    r"image 3 \(0\): has no 'height' .* from 1": [PICTURE | {"height": 0}],
    r"image 3 \(8.5\): has no 'width'": [PICTURE | {"width": 8.5}],
    r"\(100000 x 100000\): has more than": [PICTURE | {"height": 10**5,
                                                       "width": 10**5}],
    "image 3: is listed twice": [PICTURE, PICTURE],
    "no 'id'": ["a.png"],
}


@pytest.mark.parametrize("said", WRONG_IMAGES)
def test_wrong_images_are_said_with_their_file(tmp_path: Path, said: str) -> None:
    with pytest.raises(ValueError, match=f"instances_train.json.*{said}"):
        CocoFolder(write(tmp_path, [], WRONG_IMAGES[said]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read as JSON"),
        ("\udcff", "cannot be read as JSON"),
        ("[]", "holds a list"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("undefined", "cannot be read as JSON"),
        ('{"images": []}', "no list 'annotations'"),
        ('{"images": {}, "annotations": []}', "no list 'images'"),
    ],
)
def test_what_is_no_coco_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=f"broken.json.*{said}"):
        CocoFolder(path)


def test_the_photographs_of_coco_are_read_as_pycocotools_reads_them(
    shared_data: Path,
) -> None:
    from pycocotools.coco import COCO

    folder = CocoFolder(shared_data / "coco_dev")
    reference = COCO(folder.annotations)
    for sample in folder:
        entries = reference.imgToAnns[sample.image_id]
        objects = [e for e in entries if not e["iscrowd"]]
        assert sample.ids == tuple(e["id"] for e in objects)
        for mask, one in zip(sample.masks, objects, strict=True):
            assert (mask == reference.annToMask(one)).all()
        crowd = [reference.annToMask(e) for e in entries if e["iscrowd"]]
        assert (sample.crowd == np.any([*crowd, sample.crowd & False], axis=0)).all()


def test_the_nuclei_are_counted_in_full(shared_data: Path) -> None:
    folder = CocoFolder(shared_data / "dsb2018_fluor" / "instances_val.json")
    part = folder[::10]
    listed = json.loads(folder.annotations.read_text())["annotations"]
    for sample in part:
        mine = [a for a in listed if a["image_id"] == sample.image_id]
        assert sample.masks.sum(axis=(1, 2)).tolist() == [a["area"] for a in mine]
        assert not sample.crowd.any()
    assert len(folder) == 103 and len(part) == 11
