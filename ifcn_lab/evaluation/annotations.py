"""The objects of a COCO annotation file, without its pictures: what COCOeval goes by.

A ``Sample`` has masks. The file has more: an area of its own for each object, by which
COCO tells small from large, a box that is not the mask's, and crowd regions one by one
with their categories. Figures that shall be pycocotools' take the objects from here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from ifcn_lab.data.coco import annotation_file
from ifcn_lab.evaluation.entries import Objects, areas_of, boxes_of
from ifcn_lab.evaluation.given_masks import checked_run_lengths

__all__ = ["AnnotationFile"]


class AnnotationFile:
    """What is to be found in each image of a COCO annotation file.

    ``sizes`` holds (h, w) by image id, in the file's order; ``categories`` holds names
    by id. Areas and boxes are the file's where it has them, else the masks'. Equal
    objects stay in the order that COCOeval has: by category, then as in the file.

    Raises ValueError, naming the file and the entry, for a file that is not COCO's and
    for an outline that is no polygon and no run lengths of its image.

    >>> import tempfile
    >>> image = {"id": 7, "file_name": "a.png", "height": 4, "width": 6}
    >>> square = {"id": 1, "image_id": 7, "category_id": 3, "area": 9,
    ...           "segmentation": [[1, 0, 4, 0, 4, 3, 1, 3]]}
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "objects.json")
    >>> document = {"images": [image], "annotations": [square]}
    >>> _ = path.write_text(json.dumps(document))
    >>> AnnotationFile(path).objects(7).areas.tolist()
    [9.0]
    >>> folder.cleanup()
    """

    def __init__(self, path: str | Path) -> None:
        self.path = annotation_file(Path(path))
        document = _load(self.path)
        self.sizes = {
            image["id"]: (image["height"], image["width"])
            for image in document["images"]
        }
        self._entries: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for entry in document["annotations"]:
            self._entries[entry["image_id"]].append(entry)
        listed = document.get("categories") or []
        self.categories = {c["id"]: str(c.get("name", c["id"])) for c in listed}
        for entries in self._entries.values():
            entries.sort(key=lambda entry: entry.get("category_id", 1))

    def __len__(self) -> int:
        """Count the images."""
        return len(self.sizes)

    def objects(self, image_id: int) -> Objects:
        """Give what is to be found in one image.

        Raises KeyError for an image that is not listed.
        """
        size = self.sizes[image_id]
        entries = self._entries.get(image_id, [])
        rles = [self._run_lengths(entry, size) for entry in entries]
        areas, boxes = areas_of(rles), boxes_of(rles)
        for i, entry in enumerate(entries):
            areas[i] = areas[i] if entry.get("area") is None else entry["area"]
            boxes[i] = entry.get("bbox") or boxes[i]
        return Objects(
            rles,
            areas,
            boxes,
            np.array([bool(entry.get("iscrowd", 0)) for entry in entries], dtype=bool),
            np.array([entry.get("category_id", 1) for entry in entries], dtype=int),
        )

    def _run_lengths(
        self, entry: dict[str, Any], size: tuple[int, int]
    ) -> dict[str, Any]:
        label = f"{self.path}: annotation {entry.get('id')}"
        return checked_run_lengths(entry.get("segmentation"), size, label)


def _load(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read as JSON ({error})") from error
    try:
        for image in document["images"]:
            image["id"], image["height"], image["width"]
        known = {image["id"] for image in document["images"]}
        strange = {a["image_id"] for a in document["annotations"]} - known
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: is not COCO's format, which has lists `images` (each with id, "
            f"height, width) and `annotations` ({_lack(error)})"
        ) from error
    if strange:
        raise ValueError(f"{path}: image {min(strange)} has objects but is not listed")
    return document


def _lack(error: Exception) -> str:
    """What stopped the reading: a missing entry by its name."""
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)
