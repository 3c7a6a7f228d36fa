"""A small folder in COCO's format, written on the spot, with all that real ones hold.

Lesson 7 uses it where no real pictures are given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image

from ifcn_lab import scenes
from ifcn_lab.atomic_write import write_whole
from ifcn_lab.data.overlap import encode
from ifcn_lab.data.run_lengths import lengths_of
from ifcn_lab.scenes.measure import touching

CROWDED, LYING = 5, 6
"""Picture 5, 13, 21, ... has a crowd region; picture 6, 14, 22, ... is stored lying."""


def practice_folder(
    folder: str | Path, pictures: int = 48, *, seed: int = 70_000
) -> Path:
    """Write pictures and `instances.json` to a folder; return where the JSON is.

    The pictures are drawn: bright things on a dark ground, as under a microscope. In
    every other picture some of them touch. Objects are annotated in all three ways that
    COCO knows, in turn: polygons, run lengths, and run lengths as text. One picture in
    eight has a crowd region, a heap nobody took apart, and one in eight is a JPEG file
    that a camera held upright would have stored lying, with a note in its EXIF data.

    The same seed gives the same annotations, and the same pixels but for JPEG files.

    >>> import tempfile
    >>> from ifcn_lab.data.coco import CocoFolder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(CocoFolder(practice_folder(folder, 2)))
    <CocoFolder instances.json: 2 images>
    """
    folder = Path(folder)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for number, scene in enumerate(islice(cell_scenes(seed), pictures)):
        h, w = scene.image.shape[:2]
        name = _save(scene.image, folder / "images", number)
        images.append({"id": number, "file_name": name, "height": h, "width": w})
        annotations += _annotations(scene.masks, number)
    for identity, annotation in enumerate(annotations, start=1):
        annotation["id"] = identity
    document = {
        "info": {"description": "drawn by ifcn_lab.data.practice"},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "cell"}],
    }
    path = folder / "instances.json"
    write_whole(path, json.dumps(document))
    return path


def cell_scenes(seed: int) -> Iterator[scenes.Scene]:
    """Yield grey scenes of bright things on a dark ground, of 160 x 200 pixels.

    Things stand alone in the first, touch in the second, and so on in turn.

    >>> apart, heap = islice(cell_scenes(70_000), 2)
    >>> touching(apart.masks).any(), touching(heap.masks).any()
    (np.False_, np.True_)
    """
    numbers, met = count(seed), False
    while True:
        scene = scenes.make(next(numbers), size=(160, 200), sizes=(18, 60),
                            objects=(5, 12) if met else (5, 9), style="wild",
                            touching=float(met))
        if _like_cells(*scene) and touching(scene.masks).any() == met:
            yield scene
            met = not met


def _like_cells(
    image: UInt8[np.ndarray, "h w 3"], masks: Bool[np.ndarray, "N h w"]
) -> bool:
    inside, grey = masks.any(0), image.mean(2)
    ground = np.median(grey[~inside])
    bright = ground < 60 and grey[inside].mean() > grey[~inside].mean() + 40
    return bool(bright and np.ptp(image, axis=2).mean() < 30 and len(masks) >= 4)


def _save(image: UInt8[np.ndarray, "h w 3"], folder: Path, number: int) -> str:
    """Write the picture; one in eight turned, as a camera stores it."""
    picture = Image.fromarray(image)
    if number % 8 != LYING:
        name = f"picture_{number:02d}.png"
        picture.save(folder / name)
        return name
    name = f"picture_{number:02d}.jpg"
    note = Image.Exif()
    note[0x0112] = 6  # orientation: turn it to the right by a quarter to see it upright
    picture.transpose(Image.Transpose.ROTATE_90).save(
        folder / name, exif=note, quality=95, subsampling=0)
    return name


def _annotations(masks: Bool[np.ndarray, "N h w"], image_id: int) -> list[dict]:
    """The objects of one picture; in one picture of eight a heap of them as a crowd."""
    heap = np.zeros(len(masks), bool)
    if image_id % 8 == CROWDED:
        near = touching(masks)                                        # (N, N)
        met = np.where(near.any(1), near.sum(1), len(masks))
        first = met.argmin()  # with few neighbours, so that objects are left
        heap = near[first]
        heap[first] = True
    single = masks[~heap]
    found = [_annotation(mask, n) for n, mask in enumerate(single, image_id)]
    if heap.any():
        found.append(_annotation(masks[heap].any(0), 1) | {"iscrowd": 1})
    return [each | {"image_id": image_id} for each in found]


def _annotation(mask: Bool[np.ndarray, "h w"], number: int) -> dict[str, Any]:
    """One annotation: a polygon, run lengths or their text, by the number."""
    from pycocotools import mask as coco_mask

    text = encode(mask[None])[0]
    rle = {"size": text["size"], "counts": text["counts"].decode()}
    numbers = rle | {"counts": lengths_of(rle["counts"]).tolist()}
    segmentation = (polygons(mask), numbers, rle)[number % 3]
    if isinstance(segmentation, list):  # a drawn outline has an area of its own
        text = coco_mask.merge(coco_mask.frPyObjects(segmentation, *mask.shape))
    return {"category_id": 1, "iscrowd": 0, "segmentation": segmentation,
            "area": float(coco_mask.area(text)),
            "bbox": coco_mask.toBbox(text).tolist()}


def polygons(mask: Bool[np.ndarray, "h w"], step: int = 4) -> list[list[float]]:
    """Outlines of a mask, as somebody would draw them: a point every few pixels.

    Coordinates are x, y, x, y, ..., in pixels, (0, 0) the picture's corner. An object
    in several pieces has several outlines; holes are filled.

    >>> square = np.zeros((9, 9), bool)
    >>> square[2:6, 2:6] = True
    >>> polygons(square, step=4)[0]
    [2.0, 2.5, 5.5, 2.0, 6.0, 5.5, 2.5, 6.0]
    """
    from contourpy import contour_generator
    from scipy.ndimage import binary_fill_holes

    filled = np.pad(binary_fill_holes(mask), 1).astype(float)
    outlines = []
    for line in contour_generator(z=filled).lines(0.5):
        every = min(step, max(1, (len(line) - 1) // 4))
        points = line[:-1:every] - 0.5  # the pad's pixel, and a pixel's middle at 0.5
        outlines.append(np.round(points, 1).ravel().tolist())
    return outlines
