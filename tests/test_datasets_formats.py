"""Each data set's own format is read as it was written; what is wrong is named."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from format_cases import (
    CLASSES,
    NAMES,
    OWN,
    TRAIN,
    VAL,
    scenes,
    write_coco,
    write_nuclei,
    write_pedestrians,
    write_sbd,
    write_voc,
)
from PIL import Image

from ifcn_lab.data import Sample
from ifcn_lab.data.catalogue import open_dataset
from ifcn_lab.data.coco import CocoFolder
from ifcn_lab.data.dsb2018 import Dsb2018
from ifcn_lab.data.instance_maps import read_map, separate
from ifcn_lab.data.pennfudan import PennFudan
from ifcn_lab.data.voc import Sbd, Voc2012

WRITERS: dict[str, Callable[[Path, list[Sample]], Path]] = {
    "voc2012": write_voc, "sbd": write_sbd, "dsb2018": write_nuclei,
    "pennfudan": write_pedestrians, "coco": write_coco,
}
KINDS = {"voc2012": Voc2012, "sbd": Sbd, "dsb2018": Dsb2018, "pennfudan": PennFudan}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("formats")
    return {name: write(place / name, scenes()) for name, write in WRITERS.items()}


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_scenes_in_every_format_give_the_same_samples(
    written: dict[str, Path], name: str
) -> None:
    by_name = {sample.name: sample for sample in scenes()}
    seen = []
    for split in ("train", "val"):
        for sample in open_dataset(name, written[name], split):
            expected = by_name[sample.name.removesuffix(".jpg")]
            assert np.array_equal(sample.masks, expected.masks)
            assert tuple(id % OWN for id in sample.ids) == expected.ids
            lossy = name in ("voc2012", "sbd", "coco")
            close = np.abs(sample.image.astype(int) - expected.image).mean()
            assert close < 8 if lossy else np.array_equal(sample.image, expected.image)
            seen.append(expected.name)
    assert sorted(seen) == NAMES


@pytest.mark.parametrize("name", ["voc2012", "sbd", "coco"])
def test_categories_and_pixels_to_ignore_are_kept_where_the_format_has_them(
    written: dict[str, Path], name: str
) -> None:
    for sample, expected in zip(open_dataset(name, written[name]), scenes()[:4],
                                strict=True):
        assert sample.categories == expected.categories
        assert np.array_equal(sample.crowd, expected.crowd)
        assert sample.image_id == int(expected.name.replace("_", ""))
        assert not (sample.masks & sample.crowd).any()


@pytest.mark.parametrize("name", ["dsb2018", "pennfudan"])
def test_without_a_split_of_the_publisher_every_fifth_is_validation(
    written: dict[str, Path], name: str
) -> None:
    train = open_dataset(name, written[name], "train")
    val = open_dataset(name, written[name], "val")
    assert [s.name for s in train] == [*NAMES[:4], NAMES[5]]
    assert [s.image_id for s in train] == [1, 2, 3, 4, 6]
    assert [(s.name, s.image_id) for s in val] == [(NAMES[4], 5)]
    kind = KINDS[name]
    assert len(kind(written[name], "all")) == 6
    with pytest.raises(ValueError, match="split 'test'; expected"):
        kind(written[name], "test")


@pytest.mark.parametrize("name", WRITERS)
def test_a_data_set_is_cut_pickled_and_shown(
    written: dict[str, Path], name: str
) -> None:
    samples = open_dataset(name, written[name])
    part = samples[1:3]
    assert type(part) is type(samples) and len(part) == 2
    again = pickle.loads(pickle.dumps(part))
    assert again[0].name == samples[1].name == part[-2].name
    assert np.array_equal(again[1].masks, samples[2].masks)
    assert "2 images" in repr(part) and type(samples).__name__ in repr(part)
    assert set(samples[0].categories) <= (set(samples.categories) or {1, 3, 15, 20})
    with pytest.raises(IndexError):
        samples[len(samples)]


@pytest.mark.parametrize("name", KINDS)
def test_pictures_are_read_only_when_taken(tmp_path: Path, name: str) -> None:
    root = WRITERS[name](tmp_path, scenes())
    for path in (p for p in root.rglob("*") if p.suffix in (".jpg", ".png", ".mat")):
        path.write_bytes(path.read_bytes()[:30])
    samples = KINDS[name](root)
    with pytest.raises(ValueError, match=f"{NAMES[0]}.*cannot be read"):
        samples[0]


@pytest.mark.parametrize("place", ["", "VOCdevkit", "VOCdevkit/VOC2012"])
def test_voc_is_found_from_any_folder_above(
    written: dict[str, Path], place: str
) -> None:
    assert len(Voc2012(written["voc2012"] / place, "val")) == len(VAL)


def test_a_list_of_names_may_be_given(written: dict[str, Path], tmp_path: Path) -> None:
    listed = tmp_path / "sds.txt"
    listed.write_text(f"{NAMES[5]}\n\n{NAMES[0]} 1\n")
    for kind, name in ((Sbd, "sbd"), (Voc2012, "voc2012")):
        samples = kind(written[name], names=str(listed))
        assert [s.name for s in samples] == [NAMES[5], NAMES[0]]
        assert [s.name for s in kind(written[name], names=[NAMES[2]])] == [NAMES[2]]
        assert len(open_dataset(name, written[name], names=listed)) == 2
    listed.write_text(f"{NAMES[5]}\n{NAMES[5]}")
    with pytest.raises(ValueError, match=f"sds.txt: lists {NAMES[5]} twice"):
        Sbd(written["sbd"], names=listed)
    listed.write_text("2008_999999")
    with pytest.raises(ValueError, match=r"img: 1 of the 1 files .* 2008_999999\.jpg"):
        Sbd(written["sbd"], names=listed)
    for content, said in ((b"\n", "lists no names"), (b"\xff\xfe\x00", "no readable")):
        listed.write_bytes(content)
        with pytest.raises(ValueError, match=f"sds.txt: .*{said}"):
            Sbd(written["sbd"], names=listed)


def turned(path: Path) -> None:
    """Store the picture lying, with the EXIF mark that turns it upright again."""
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = Image.open(path).convert("RGB")
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)


@pytest.mark.parametrize("name", ["dsb2018", "pennfudan", "voc2012"])
def test_exif_turns_the_picture_to_fit_its_masks(tmp_path: Path, name: str) -> None:
    root = WRITERS[name](tmp_path, scenes())
    before = open_dataset(name, root)[0]
    folder = {"dsb2018": "images", "pennfudan": "PNGImages"}.get(name, "JPEGImages")
    path = next(p for p in root.rglob(f"{NAMES[0]}.*") if p.parent.name == folder)
    turned(path)
    with Image.open(path) as stored:
        assert stored.size == (64, 80)  # lying; the masks are 64 high, 80 wide
    after = open_dataset(name, root)[0]
    assert after.image.shape == before.image.shape == (64, 80, 3)
    assert np.array_equal(after.masks, before.masks)
    close = np.abs(after.image.astype(int) - before.image).mean()
    assert close < 4 if name == "voc2012" else close == 0


def test_what_the_exif_of_a_map_says_is_not_looked_at(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.eye(4, 6, dtype=np.uint8)).save(tmp_path / "m.png", exif=exif)
    assert (read_map(tmp_path / "m.png") == np.eye(4, 6)).all()
    with pytest.raises(ValueError, match="none.png: there is no such file"):
        read_map(tmp_path / "none.png")


def test_separate_agrees_with_one_comparison_an_id() -> None:
    numbers = np.random.default_rng(0).integers(0, 9, (20, 30))
    masks, ignored, ids = separate(numbers, ignore=4)
    assert ids == (1, 2, 3, 5, 6, 7, 8)
    for mask, id in zip(masks, ids, strict=True):
        assert (mask == (numbers == id)).all()
    assert (ignored == (numbers == 4)).all()
    assert separate(np.zeros((3, 4), int))[0].shape == (0, 3, 4)


def test_coco_of_2014_and_2017_open_as_they_unpack(tmp_path: Path) -> None:
    for year in (2014, 2017):
        root = write_coco(tmp_path / str(year), scenes(), year)
        assert isinstance(open_dataset("coco", root), CocoFolder)
        assert len(open_dataset("coco", root, "train")) == len(TRAIN)
        assert len(open_dataset("coco", root, "val")[:1]) == 1
    inner = root / "images"
    inner.mkdir()
    (root / "train2017").rename(inner / "train2017")
    assert len(open_dataset("coco", root)) == len(TRAIN)
    (root / "annotations" / "instances_train2014.json").write_text("{}")
    with pytest.raises(ValueError, match="train2014.json, .*train2017.json; name one"):
        open_dataset("coco", root)


def test_a_coco_folder_may_be_opened_as_nuclei(tmp_path: Path) -> None:
    root = write_coco(tmp_path, scenes())
    assert isinstance(open_dataset("dsb2018", root, "val"), CocoFolder)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("cifar", "."), "no data set 'cifar'; there are scenes, coco"),
        (("sbd", None), "sbd needs the folder it lies in"),
        (("coco", ".", "test"), "split 'test'; expected 'train' or 'val'"),
        (("coco", "nowhere"), "nowhere: there is no such annotation file or"),
        (("coco", "."), "holds no annotation file instances_train"),
    ],
)
def test_what_cannot_be_opened_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: tuple, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=said):
        open_dataset(*given)
    with pytest.raises(ValueError, match="names is for voc2012 and sbd, not for coco"):
        open_dataset("coco", ".", names="list.txt")


def test_the_classes_of_the_scenes_are_vocs() -> None:
    assert set(CLASSES) <= set(Voc2012.categories) == set(range(1, 21))
    assert Voc2012.categories[15] == "person"
