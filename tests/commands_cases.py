"""A small COCO folder and quick options for the tests of the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from coco_cases import compressed
from PIL import Image

from ifcn_lab.data.scenes import SceneSet

SMALL = "--options k=2 m=7 --batch 2 --crop 48".split()


def write_folder(folder: Path, *, count: int = 3, objects: bool = True) -> Path:
    """A COCO folder of small scenes; returns the annotation file."""
    (folder / "images").mkdir(parents=True)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for index, sample in enumerate(SceneSet(count, size=(64, 80), sizes=(14, 34))):
        name = f"{index}.png"
        Image.fromarray(sample.image).save(folder / "images" / name)
        images.append({"id": index, "file_name": name, "height": 64, "width": 80})
        for mask in sample.masks if objects else ():
            number = len(annotations) + 1
            annotations.append({"id": number, "image_id": index, "category_id": 1,
                                "segmentation": compressed(mask), "iscrowd": 0})
    path = folder / "scenes.json"
    categories = [{"id": 1, "name": "disc"}]
    path.write_text(json.dumps({"images": images, "annotations": annotations,
                                "categories": categories}))
    return path
