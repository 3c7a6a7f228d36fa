"""What is wrong with a data set's own files is said, by the name of the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from format_cases import (
    NAMES,
    map_of,
    save_palette,
    scenes,
    write_nuclei,
    write_pedestrians,
    write_sbd,
    write_voc,
)
from PIL import Image
from scipy.io import savemat

from ifcn_lab.data.dsb2018 import Dsb2018
from ifcn_lab.data.pennfudan import PennFudan
from ifcn_lab.data.voc import Sbd, Voc2012


def voc(tmp_path: Path) -> Path:
    return write_voc(tmp_path, scenes()[:5]) / "VOCdevkit" / "VOC2012"


def only(top: Path) -> Voc2012:
    return Voc2012(top, names=[NAMES[0]])


def test_an_object_of_voc_has_the_class_of_most_of_its_pixels(tmp_path: Path) -> None:
    top, sample = voc(tmp_path), scenes()[0]
    values = map_of(sample, sample.categories)
    values[tuple(np.argwhere(sample.masks[0])[0])] = 7
    save_palette(top / "SegmentationClass" / f"{NAMES[0]}.png", values)
    assert only(top)[0].categories == sample.categories
    for wrong, said in ((0, "has no category"), (21, "has category 21; VOC's")):
        values[sample.masks[0]] = wrong
        save_palette(top / "SegmentationClass" / f"{NAMES[0]}.png", values)
        with pytest.raises(ValueError, match=rf"{NAMES[0]}\.png: object 1 {said}"):
            only(top)[0]


def many(count: int, side: int = 64) -> np.ndarray:
    return np.where(np.arange(side * side) <= count, np.arange(side * side), 0).reshape(
        side, side)


def test_voc_holds_254_objects_an_image_and_says_so_of_300(tmp_path: Path) -> None:
    top = voc(tmp_path)
    path = top / "SegmentationObject" / f"{NAMES[0]}.png"
    Image.new("RGB", (64, 64)).save(top / "JPEGImages" / f"{NAMES[0]}.jpg")
    save_palette(top / "SegmentationClass" / f"{NAMES[0]}.png", np.ones((64, 64)))
    save_palette(path, many(254))
    sample = only(top)[0]
    assert sample.ids == tuple(range(1, 255)) and len(sample.masks) == 254
    Image.fromarray(many(300).astype(np.uint16)).save(path)
    with pytest.raises(ValueError, match=r"\.png: has 16 bits .* 300 ids.* most 254"):
        only(top)[0]


def test_maps_of_16_bits_are_read_right_where_the_format_has_them(
    tmp_path: Path,
) -> None:
    numbers = many(300)
    root = write_pedestrians(tmp_path / "a", scenes()[:1]) / "PennFudanPed"
    Image.new("RGB", (64, 64)).save(root / "PNGImages" / f"{NAMES[0]}.png")
    deep = Image.fromarray(numbers.astype(np.uint16))
    deep.save(root / "PedMasks" / f"{NAMES[0]}_mask.png")
    sbd = write_sbd(tmp_path / "b", scenes()[:1]) / "benchmark_RELEASE" / "dataset"
    Image.new("RGB", (64, 64)).save(sbd / "img" / f"{NAMES[0]}.jpg")
    truth = {"Segmentation": numbers.astype(np.uint16), "Categories": np.ones(300)}
    savemat(sbd / "inst" / f"{NAMES[0]}.mat", {"GTinst": truth})
    for samples in (PennFudan(root), Sbd(sbd, names=[NAMES[0]])):
        sample = samples[0]
        assert sample.ids == tuple(range(1, 301)) and not sample.crowd.any()
        assert all(mask.sum() == 1 for mask in sample.masks)
        assert (sample.masks[254] == (numbers == 255)).all()


def test_a_map_of_colours_is_refused(tmp_path: Path) -> None:
    top = voc(tmp_path)
    path = top / "SegmentationObject" / f"{NAMES[0]}.png"
    Image.open(path).convert("RGB").save(path)
    with pytest.raises(ValueError, match=r"\.png: holds colours \(mode RGB\)"):
        only(top)[0]


@pytest.mark.parametrize("folder", ["SegmentationClass", "JPEGImages"])
def test_sizes_that_differ_are_named(tmp_path: Path, folder: str) -> None:
    top = voc(tmp_path)
    path = next((top / folder).glob(f"{NAMES[0]}.*"))
    Image.new("L" if folder == "SegmentationClass" else "RGB", (20, 10)).save(path)
    with pytest.raises(ValueError, match=f"{path.name}: .*10 x 20.* 64 x 80"):
        only(top)[0]


@pytest.mark.parametrize("folder", ["SegmentationObject", "JPEGImages"])
def test_missing_files_and_folders_are_named_on_opening(
    tmp_path: Path, folder: str
) -> None:
    top = voc(tmp_path)
    next((top / folder).glob(f"{NAMES[3]}.*")).unlink()
    with pytest.raises(ValueError, match=rf"{folder}: 1 of the 4 files .*{NAMES[3]}"):
        Voc2012(top)
    (top / folder).rename(top / "gone")
    with pytest.raises(ValueError, match="holds no SegmentationObject and JPEGImages"):
        Voc2012(top)
    with pytest.raises(ValueError, match="nowhere: there is no such folder"):
        Voc2012(tmp_path / "nowhere")


SBD_PROBLEMS = {
    "no GTinst": {"GTcls": {"Segmentation": np.ones((64, 80))}},
    "cannot be read as GTinst": {"GTinst": {"Categories": [1]}},
    "the id 2, but categories for 1": {
        "GTinst": {"Segmentation": np.full((64, 80), 2), "Categories": [1]}},
    "the category 21": {
        "GTinst": {"Segmentation": np.ones((64, 80)), "Categories": [21]}},
    "expected height and width": {
        "GTinst": {"Segmentation": np.ones((4, 4, 4)), "Categories": [1]}},
}


@pytest.mark.parametrize("said", SBD_PROBLEMS)
def test_what_is_wrong_with_a_file_of_sbd_is_said(tmp_path: Path, said: str) -> None:
    root = write_sbd(tmp_path, scenes()[:1])
    path = root / "benchmark_RELEASE" / "dataset" / "inst" / f"{NAMES[0]}.mat"
    savemat(path, SBD_PROBLEMS[said])
    with pytest.raises(ValueError, match=rf"{NAMES[0]}\.mat: .*{said}"):
        Sbd(root, names=[NAMES[0]])[0]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95])
def test_a_mat_file_cut_short_is_named(tmp_path: Path, share: float) -> None:
    root = write_sbd(tmp_path, scenes()[:1])
    path = root / "benchmark_RELEASE" / "dataset" / "inst" / f"{NAMES[0]}.mat"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(ValueError, match=rf"{NAMES[0]}\.mat: "):
        Sbd(root, names=[NAMES[0]])[0]


def nucleus(tmp_path: Path) -> Path:
    return write_nuclei(tmp_path / "nuclei", scenes()[:1]) / NAMES[0]


def test_masks_of_nuclei_may_overlap_and_empty_ones_are_left_out(
    tmp_path: Path,
) -> None:
    folder = nucleus(tmp_path)
    for old in (folder / "masks").iterdir():
        old.unlink()
    masks = np.zeros((3, 64, 80), np.uint8)
    masks[0, 5:20, 5:20] = masks[2, 10:30, 10:30] = 255
    for name, mask in zip("abc", masks, strict=True):
        Image.fromarray(mask).save(folder / "masks" / f"{name}.png")
    (folder / "masks" / "._a.png").write_bytes(b"what a Mac leaves behind")
    sample = Dsb2018(folder.parent)[0]
    assert np.array_equal(sample.masks, masks[[0, 2]] > 0)
    assert (sample.ids, sample.categories) == ((1, 3), (1, 1))


def test_nuclei_without_masks_pictures_or_with_odd_sizes_are_named(
    tmp_path: Path,
) -> None:
    folder = nucleus(tmp_path)
    odd = folder / "masks" / "000a.png"
    Image.new("L", (64, 80)).save(odd)
    with pytest.raises(ValueError, match=r"c0ffee\.png: is 64 x 80 .* 80 x 64"):
        Dsb2018(folder.parent)[0]
    (folder / "masks").rename(folder / "gone")
    with pytest.raises(ValueError, match=f"{NAMES[0]}: has no folder masks"):
        Dsb2018(folder.parent)
    (folder / "images" / f"{NAMES[0]}.png").unlink()
    with pytest.raises(ValueError, match=rf"holds no images/{NAMES[0]}\.png"):
        Dsb2018(folder.parent)
    with pytest.raises(ValueError, match="looked there and in stage1_train"):
        Dsb2018(tmp_path / "none")
