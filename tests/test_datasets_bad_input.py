"""Input that is odd or wrong: what is read, what is refused, and that it is named."""

from __future__ import annotations

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
    uncompressed,
    write,
)
from PIL import Image, ImageOps

from ifcn_lab.__main__ import parse
from ifcn_lab.cli.options import load_data
from ifcn_lab.data.coco import CocoFolder

SMALLER = np.zeros((H - 1, W), bool)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (annotation([SQUARE], image_id=99), r"\(image 99\): is for an image that is"),
        (annotation([[1, 1, 5, 5]]), r"\(one has 4 numbers\): .* at least 3 points"),
        (annotation(compressed(SMALLER)), r"\(\[7, 12\], the image is 8 x 12\)"),
        (annotation(uncompressed(SMALLER)), r"\(\[7, 12\], the image is 8 x 12\)"),
    ],
)
def test_wrong_annotations_name_the_file_and_the_annotation(
    tmp_path: Path, entry: dict[str, Any], said: str
) -> None:
    path = write(tmp_path, [annotation([RIGHT], id=1), entry])
    with pytest.raises(ValueError, match=f"{path}: annotation 7 .*{said}"):
        CocoFolder(path)


def test_an_annotation_for_a_picture_that_is_not_there_names_it(tmp_path: Path) -> None:
    path = write(tmp_path, [annotation([SQUARE])])
    second = PICTURE | {"id": 4, "file_name": "gone.png"}
    write(tmp_path, [annotation([SQUARE], image_id=4)], [PICTURE, second])
    (tmp_path / "images" / "gone.png").unlink()
    with pytest.raises(ValueError, match=rf"{path}: picture gone\.png: is not in "):
        CocoFolder(path)


DEEP = (np.arange(H * W).reshape(H, W) * 600).astype(np.uint16)
INK = np.dstack([np.full((H, W), v, np.uint8) for v in (255, 0, 0, 0)])
PICTURES = {
    "deep.png": (Image.fromarray(DEEP), np.repeat(DEEP[..., None] >> 8, 3, 2)),
    "ink.tif": (Image.fromarray(INK, "CMYK"), np.full((H, W, 3), (0, 255, 255))),
    "grey.png": (Image.new("L", (W, H), 7), np.full((H, W, 3), 7)),
    "clear.png": (Image.new("RGBA", (W, H), (1, 2, 3, 0)),
                  np.full((H, W, 3), (1, 2, 3))),
    "bits.png": (Image.new("1", (W, H), 1), np.full((H, W, 3), 255)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_of_other_modes_become_8_bit_rgb(tmp_path: Path, name: str) -> None:
    picture, expected = PICTURES[name]
    path = write(tmp_path, [annotation([SQUARE])], [PICTURE | {"file_name": name}])
    picture.save(tmp_path / "images" / name)
    image = CocoFolder(path)[0].image
    assert image.dtype == np.uint8 and np.array_equal(image, expected)


def marked(rng_seed: int = 0) -> np.ndarray:
    """A picture as it is looked at: noise, and a white object, no two corners alike."""
    pixels = np.random.default_rng(rng_seed).integers(0, 200, (H, W, 3), dtype=np.uint8)
    pixels[1:5, 2:6] = 255
    return pixels


# What has to be done to an upright picture to store it under each EXIF number.
LYING = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90,
         8: Image.Transpose.ROTATE_270, 2: Image.Transpose.FLIP_LEFT_RIGHT,
         5: Image.Transpose.TRANSPOSE, 7: Image.Transpose.TRANSVERSE}


def store(path: Path, upright: np.ndarray, number: int) -> np.ndarray:
    """Save a picture as a camera does; returns its pixels as they are stored."""
    exif = Image.Exif()
    exif[0x0112] = number
    stored = Image.fromarray(upright).transpose(LYING[number])
    stored.save(path, exif=exif)
    with Image.open(path) as saved:
        assert np.array_equal(np.asarray(ImageOps.exif_transpose(saved)), upright)
    return np.asarray(stored)


def sample_of(folder: Path, seen: np.ndarray, number: int) -> Any:
    """Store the picture, annotate its white object on `seen`, read both back."""
    white = (seen == 255).all(axis=2)
    h, w = white.shape
    listed = PICTURE | {"height": h, "width": w}
    path = write(folder, [annotation(compressed(white))], [listed])
    store(folder / "images" / "a.png", marked(), number)
    return CocoFolder(path)[0]


@pytest.mark.parametrize("number", [5, 6, 7, 8])
@pytest.mark.parametrize("drawn_on", ["turned", "stored"])
def test_exif_turns_the_picture_into_the_frame_its_masks_were_drawn_in(
    tmp_path: Path, number: int, drawn_on: str
) -> None:
    stored = store(tmp_path / "once.png", marked(), number)
    seen = marked() if drawn_on == "turned" else stored
    sample = sample_of(tmp_path, seen, number)
    assert np.array_equal(sample.image, seen)
    assert (sample.image[sample.masks[0]] == 255).all()
    assert sample.masks[0].sum() == 16


@pytest.mark.parametrize("number", [2, 3])
def test_where_sizes_do_not_decide_both_are_taken_as_stored(
    tmp_path: Path, number: int
) -> None:
    stored = store(tmp_path / "once.png", marked(), number)
    sample = sample_of(tmp_path, stored, number)
    assert np.array_equal(sample.image, stored)
    assert (sample.image[sample.masks[0]] == 255).all()


def test_a_set_without_objects_opens_and_says_that_it_has_none(tmp_path: Path) -> None:
    folder = CocoFolder(write(tmp_path, []))
    assert folder.objects == 0 and len(folder[0].masks) == 0
    crowd = CocoFolder(write(tmp_path, [annotation([SQUARE], iscrowd=1)]))
    assert crowd.objects == 0 and crowd[0].crowd.sum() == 16


def given(*line: str, command: str = "evaluate") -> Any:
    out = ["--out", "x"] if command == "train" else []
    return parse([command, *line, *out])


def test_data_is_named_by_its_file_or_by_name_and_folder(tmp_path: Path) -> None:
    path = write(tmp_path, [annotation([SQUARE])], name="instances_val.json")
    for line in (["--annotations", str(path)],
                 ["--dataset", "coco", "--data", str(tmp_path)]):
        assert len(load_data(given(*line))) == 1
    assert len(load_data(given("--dataset", "scenes"))) == 100
    assert len(load_data(given("--dataset", "scenes", command="train"))) == 2000


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "no data named; give --annotations FILE, or --dataset NAME"),
        ("--dataset sbd --images x", "--images belongs to --annotations"),
        ("--annotations a.json --data x", "--data and --names belong to --dataset"),
        ("--annotations a.json --names x", "--data and --names belong to --dataset"),
        ("--dataset coco", "coco needs the folder it lies in"),
        ("--dataset coco --data x --names y", "names is for voc2012 and sbd"),
    ],
)
def test_options_of_two_kinds_of_data_are_not_mixed(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        load_data(given(*line.split(), command="train"))
