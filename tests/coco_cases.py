"""Small COCO annotation files for the tests, and run lengths counted by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

H, W = 8, 12
SQUARE = [2, 1, 6, 1, 6, 5, 2, 5]
RIGHT = [8, 1, 11, 1, 11, 4, 8, 4]
PICTURE = {"id": 3, "file_name": "a.png", "height": H, "width": W}


def annotation(segmentation: Any, **more: Any) -> dict[str, Any]:
    known = {"id": 7, "image_id": 3, "category_id": 5}
    return known | {"segmentation": segmentation} | more


def write(
    folder: Path,
    annotations: list[Any],
    images: list[Any] | None = None,
    name: str = "instances_train.json",
) -> Path:
    """Write annotations, and a black picture for each image they list."""
    images = [PICTURE] if images is None else images
    (folder / "images").mkdir(exist_ok=True, parents=True)
    for image in images:
        if isinstance(image, dict) and "file_name" in image:
            target = folder / "images" / image["file_name"]
            Image.new("RGB", (W, H)).save(target)
    path = folder / name
    document = {"images": images, "annotations": annotations, "categories": []}
    path.write_text(json.dumps(document))
    return path


def rectangle(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros((H, W), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def uncompressed(mask: np.ndarray) -> dict[str, Any]:
    """Count runs down the columns, beginning with the background: slow and obvious."""
    counts, value = [0], False
    for pixel in mask.T.ravel():
        if pixel != value:
            counts, value = [*counts, 0], bool(pixel)
        counts[-1] += 1
    return {"size": list(mask.shape), "counts": counts}


def compressed(mask: np.ndarray) -> dict[str, Any]:
    rle = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": rle["size"], "counts": rle["counts"].decode()}
