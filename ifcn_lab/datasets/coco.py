"""Any folder of pictures with annotations in COCO's format."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from ifcn_lab.datasets import Sample
from ifcn_lab.datasets.pictures import read_image
from ifcn_lab.datasets.segmentation import Region

__all__ = ["CocoFolder"]


class CocoFolder(Sequence[Sample]):
    """A sequence of samples read from COCO annotations and their pictures.

    ``annotations`` is the JSON file, or a folder that holds exactly one (in it or in
    its ``annotations`` folder; ``instances*.json`` goes before other names). Without
    ``images`` the pictures are looked for beside the annotations: in the same folder,
    in ``images``, in ``../images`` and in ``../train2017`` for
    ``instances_train2017.json``.

    Polygons, polygons of several parts and run lengths (RLE), compressed or not, become
    masks. Crowd regions go to ``Sample.crowd`` and never to ``Sample.masks``. So do
    objects of fewer than ``min_area`` pixels: they are there, but not asked for. An
    object whose outline covers no pixel at all is left out.

    Annotations are checked at once, pictures and masks are decoded when a sample is
    taken. A slice is again a CocoFolder. An image without objects has masks of shape
    (0, h, w). ``categories`` maps ids to names. Fields that COCO does not know are
    ignored.

    Raises ValueError, naming the file and the annotation's id, for annotations of an
    image that is not listed, pictures that are missing, polygons of fewer than three
    points, and run lengths of another size than the image's; on taking a sample, for a
    picture that cannot be read or has another size than the annotations say.
    """

    def __init__(
        self,
        annotations: str | Path,
        images: str | Path | None = None,
        *,
        min_area: int = 0,
    ) -> None:
        self.annotations = _annotation_file(Path(annotations))
        document = _load(self.annotations)
        self._images = _listed_images(document, self.annotations)
        self.images = _image_folder(self.annotations, images, self._images)
        self._regions = _regions(document, self._images, self.annotations)
        self.categories = _category_names(document)
        self.min_area = min_area
        self._check_pictures()

    def __len__(self) -> int:
        """Count the images, with and without objects."""
        return len(self._images)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> CocoFolder: ...
    def __getitem__(self, index: int | slice) -> Sample | CocoFolder:
        """Read one image with its masks, or cut out a shorter CocoFolder."""
        if isinstance(index, slice):
            part = copy.copy(self)
            part._images = self._images[index]
            return part
        return self._read(self._images[index])

    def __repr__(self) -> str:
        """Say what this is and how much of it there is."""
        return f"<CocoFolder {self.annotations.name}: {len(self)} images>"

    def _read(self, record: dict[str, Any]) -> Sample:
        size = record["height"], record["width"]
        image = read_image(self.images / record["file_name"], size)
        masks, crowd = [], np.zeros(size, dtype=bool)
        kept = []
        for region in self._regions.get(record["id"], []):
            mask = region.mask()
            if region.crowd or mask.sum() < self.min_area:
                crowd |= mask
            elif mask.any():
                masks.append(mask)
                kept.append(region)
        return Sample(
            image=image,
            masks=np.array(masks, dtype=bool).reshape(-1, *size),
            crowd=crowd,
            ids=tuple(region.id for region in kept),
            categories=tuple(region.category for region in kept),
            name=record["file_name"],
            image_id=record["id"],
        )

    def _check_pictures(self) -> None:
        names = [record["file_name"] for record in self._images]
        missing = [name for name in names if not (self.images / name).is_file()]
        if missing:
            raise ValueError(
                f"{self.annotations}: {len(missing)} of the {len(names)} pictures it "
                f"lists are not in {self.images}, {missing[0]} for one"
            )


def _annotation_file(given: Path) -> Path:
    if given.is_file():
        return given
    if not given.is_dir():
        raise ValueError(f"{given}: there is no such annotation file or folder")
    for pattern in ("instances*.json", "*.json"):
        found = sorted({*given.glob(pattern), *given.glob(f"annotations/{pattern}")})
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(str(path.relative_to(given)) for path in found)
            raise ValueError(f"{given}: holds {names}; name the one to use")
    raise ValueError(f"{given}: holds no annotation file (.json)")


def _load(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(document, dict):
        raise ValueError(f"{path}: holds a list, no COCO annotations (an object)")
    for key in ("images", "annotations"):
        if not isinstance(document.get(key), list):
            raise ValueError(f"{path}: has no list {key!r}, so it is not COCO's format")
    return document


def _listed_images(document: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    images = document["images"]
    if not images:
        raise ValueError(f"{path}: lists no images")
    for image in images:
        _check_image(image, path)
    if len({image["id"] for image in images}) < len(images):
        raise ValueError(f"{path}: lists an image id twice; ids must differ")
    return images


def _check_image(image: Any, path: Path) -> None:
    kinds = {"id": int, "file_name": str, "height": int, "width": int}
    for key, kind in kinds.items():
        if not isinstance(image, dict) or not isinstance(image.get(key), kind):
            raise ValueError(f"{path}: image {image} has no {key!r} ({kind.__name__})")
    if image["height"] < 1 or image["width"] < 1:
        raise ValueError(f"{path}: image {image} has no pixels")


def _category_names(document: dict[str, Any]) -> dict[int, str]:
    """Read the names, which are for the reader only: what is no category is skipped."""
    listed = document.get("categories") or []
    named = [c for c in listed if isinstance(c, dict) and isinstance(c.get("id"), int)]
    return {c["id"]: str(c.get("name", c["id"])) for c in named}


def _image_folder(
    path: Path, given: str | Path | None, images: list[dict[str, Any]]
) -> Path:
    if given is not None:
        if not Path(given).is_dir():
            raise ValueError(f"{given}: there is no such folder of pictures")
        return Path(given)
    here, split = path.parent, path.stem.removeprefix("instances_")
    tried = [here, here / "images", here.parent / "images", here.parent / split]
    for folder in tried:
        if (folder / images[0]["file_name"]).is_file():
            return folder
    raise ValueError(
        f"{path}: its picture {images[0]['file_name']} is in none of "
        f"{', '.join(map(str, tried))}; say where the pictures are with images="
    )


def _regions(
    document: dict[str, Any], images: list[dict[str, Any]], path: Path
) -> dict[int, list[Region]]:
    """Check every annotation and sort them by image."""
    listed = {image["id"]: image for image in images}
    regions: dict[int, list[Region]] = defaultdict(list)
    for number, annotation in enumerate(document["annotations"]):
        _check_annotation(annotation, number, path)
        label = f"{path}: annotation {annotation['id']}"
        image = listed.get(annotation["image_id"])
        if image is None:
            raise ValueError(
                f"{label} is for image {annotation['image_id']}, which is not listed"
            )
        size = image["height"], image["width"]
        label += f" (image {image['file_name']})"
        regions[image["id"]].append(Region.from_coco(annotation, size, label))
    return regions


def _check_annotation(annotation: Any, number: int, path: Path) -> None:
    for key in ("id", "image_id"):
        if not isinstance(annotation, dict) or not isinstance(annotation.get(key), int):
            raise ValueError(f"{path}: annotation number {number} has no {key!r} (int)")
    category = annotation.get("category_id", 1)
    if not isinstance(category, int):
        raise ValueError(
            f"{path}: annotation {annotation['id']} has the category {category!r}; "
            "a category_id is a whole number"
        )
