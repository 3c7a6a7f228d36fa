"""The same scenes written as every data set's publisher would pack them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from coco_cases import compressed
from PIL import Image
from scipy.io import savemat

from ifcn_lab.data import Sample
from ifcn_lab.data.scenes import SceneSet

NAMES = [f"2008_{number:06d}" for number in range(1, 7)]
CLASSES = [15, 3, 20, 1]  # of an image's objects, in turn
OWN = 1000  # so many ids of annotations an image
TRAIN, VAL = NAMES[:4], NAMES[4:]


def scenes() -> list[Sample]:
    """Small scenes with categories of VOC and a border of one pixel to ignore."""
    return [with_border(sample, number)
            for number, sample in enumerate(SceneSet(6, size=(64, 80), sizes=(14, 34)))]


def with_border(sample: Sample, number: int) -> Sample:
    crowd = np.zeros_like(sample.crowd)
    crowd[:2] = crowd[:, 70:73] = True
    masks = sample.masks & ~crowd
    masks = masks[masks.any((1, 2))]
    count = len(masks)
    return sample._replace(
        masks=masks, crowd=crowd, ids=tuple(range(1, count + 1)), name=NAMES[number],
        categories=tuple(CLASSES[i % 4] for i in range(count)),
    )


def map_of(sample: Sample, values: Sequence[int] | None = None) -> np.ndarray:
    """One number a pixel: an object's id, or its value; 255 where to ignore."""
    numbers = np.zeros(sample.crowd.shape, np.uint8)
    for mask, value in zip(sample.masks, values or sample.ids, strict=True):
        numbers[mask] = value
    numbers[sample.crowd] = 255
    return numbers


def save_palette(path: Path, numbers: np.ndarray) -> None:
    """A palette picture, as VOC's are: the colours mean nothing."""
    picture = Image.fromarray(numbers.astype(np.uint8)).convert("P")
    picture.putpalette(np.random.default_rng(0).bytes(768))
    picture.save(path)


def folders(root: Path, *names: str) -> list[Path]:
    made = [root / name for name in names]
    for folder in made:
        folder.mkdir(parents=True)
    return made


def save_jpeg(folder: Path, sample: Sample) -> None:
    Image.fromarray(sample.image).save(folder / f"{sample.name}.jpg", quality=95)


def write_voc(root: Path, samples: Sequence[Sample]) -> Path:
    top = root / "VOCdevkit" / "VOC2012"
    pictures, objects, classes, lists = folders(
        top, "JPEGImages", "SegmentationObject", "SegmentationClass",
        "ImageSets/Segmentation")
    for sample in samples:
        save_jpeg(pictures, sample)
        save_palette(objects / f"{sample.name}.png", map_of(sample))
        values = map_of(sample, sample.categories)
        save_palette(classes / f"{sample.name}.png", values)
    write_lists(lists)
    return root


def write_lists(folder: Path) -> None:
    (folder / "train.txt").write_text("\n".join(TRAIN) + "\n")
    (folder / "val.txt").write_text("\n".join(VAL) + "\n")


def write_sbd(root: Path, samples: Sequence[Sample]) -> Path:
    top = root / "benchmark_RELEASE" / "dataset"
    pictures, instances = folders(top, "img", "inst")
    for sample in samples:
        save_jpeg(pictures, sample)
        truth = {"Segmentation": map_of(sample), "Boundaries": np.zeros((2, 2)),
                 "Categories": np.array(sample.categories, np.uint8)[:, None]}
        savemat(instances / f"{sample.name}.mat", {"GTinst": truth},
                do_compression=True)
    write_lists(top)
    return root


def write_nuclei(root: Path, samples: Sequence[Sample]) -> Path:
    for sample in samples:
        pictures, masks = folders(root / sample.name, "images", "masks")
        rgba = np.dstack([sample.image, np.full(sample.crowd.shape, 255, np.uint8)])
        Image.fromarray(rgba).save(pictures / f"{sample.name}.png")
        for number, mask in enumerate(sample.masks):
            path = masks / f"{number:03d}c0ffee.png"
            Image.fromarray(mask.astype(np.uint8) * 255).save(path)
    return root


def write_pedestrians(root: Path, samples: Sequence[Sample]) -> Path:
    pictures, maps = folders(root / "PennFudanPed", "PNGImages", "PedMasks")
    for sample in samples:
        Image.fromarray(sample.image).save(pictures / f"{sample.name}.png")
        numbers = np.where(sample.crowd, 0, map_of(sample)).astype(np.uint8)
        Image.fromarray(numbers).save(maps / f"{sample.name}_mask.png")
    return root


def write_coco(root: Path, samples: Sequence[Sample], year: int = 2014) -> Path:
    """As COCO unpacks: annotations/, train2014/ and val2014/."""
    (root / "annotations").mkdir(parents=True)
    for split, names in (("train", TRAIN), ("val", VAL)):
        part = [sample for sample in samples if sample.name in names]
        (root / f"{split}{year}").mkdir()
        for sample in part:
            save_jpeg(root / f"{split}{year}", sample)
        path = root / "annotations" / f"instances_{split}{year}.json"
        path.write_text(json.dumps(document(part)))
    return root


def document(samples: Sequence[Sample]) -> dict:
    images, annotations = [], []
    for sample in samples:
        h, w = sample.crowd.shape
        number = int(sample.name.replace("_", ""))
        images.append({"id": number, "file_name": f"{sample.name}.jpg", "height": h,
                       "width": w})
        known = {"image_id": number, "iscrowd": 0}
        annotations += [
            known | {"id": OWN * number + id, "category_id": kind,
                     "segmentation": compressed(mask)}
            for id, kind, mask in zip(sample.ids, sample.categories, sample.masks,
                                      strict=True)]
        annotations.append(known | {"id": OWN * number + 99, "category_id": 1,
                                    "iscrowd": 1,
                                    "segmentation": compressed(sample.crowd)})
    return {"images": images, "annotations": annotations}
