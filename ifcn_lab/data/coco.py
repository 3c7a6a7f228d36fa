"""Any folder of pictures with annotations in COCO's format."""

from __future__ import annotations

import copy
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from ifcn_lab.data import Sample
from ifcn_lab.data.packed import Packed
from ifcn_lab.data.pictures import read_image
from ifcn_lab.data.segmentation import Region

__all__ = ["CocoFolder", "annotation_file"]


class CocoFolder(Sequence[Sample]):
    """A sequence of samples read from COCO annotations and their pictures.

    ``annotations`` is the JSON file, or a folder that holds exactly one (in it or in
    its ``annotations`` folder; ``instances*.json`` goes before other names). Without
    ``images`` the pictures are looked for beside the annotations: in the same folder,
    in ``images``, in ``../images`` and, for ``instances_train2017.json``, in
    ``../train2017`` and ``../images/train2017``: as COCO 2014 and 2017 unpack.

    Polygons, polygons of several parts and run lengths (RLE), compressed or not, become
    masks. Crowd regions go to ``Sample.crowd`` and never to ``Sample.masks``. So do
    objects of fewer than ``min_area`` pixels: they are there, but not asked for. An
    object whose outline covers no pixel at all is left out.

    Annotations are checked at once, pictures and masks are decoded when a sample is
    taken. Till then the annotations are bytes in one array, which worker processes
    share. A slice is again a CocoFolder. An image without objects has masks of shape
    (0, h, w). ``categories`` maps ids to names, ``objects`` counts the annotations
    that are no crowd. Fields that COCO does not know are ignored.

    Where EXIF data say how to turn a picture, the sizes decide. Height and width of
    the picture as stored: the masks were drawn on it so, and both are taken so. Those
    of the turned picture: it is turned, and so fits its masks. If both have the same
    size (a square picture, a half turn or a mirror image) they are taken as stored, as
    pycocotools does. In every case results have the size that the file says.

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
        self.annotations = annotation_file(Path(annotations))
        document = _load(self.annotations)
        listed = _listed_images(document, self.annotations)
        self.images = _image_folder(self.annotations, images, listed)
        self.categories = _category_names(document)
        self.min_area = min_area
        self._check_pictures([image["file_name"] for image in listed])
        sorted_in = _sort_in(document, listed, self.annotations)
        self._records = Packed(_pop_records(sorted_in, listed))

    def __len__(self) -> int:
        """Count the images, with and without objects."""
        return len(self._records)

    @property
    def objects(self) -> int:
        """Count the annotated objects, crowd left out."""
        return sum(not one[2] for *_, found in self._records for one in found)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> CocoFolder: ...
    def __getitem__(self, index: int | slice) -> Sample | CocoFolder:
        """Read one image with its masks, or cut out a shorter CocoFolder."""
        if isinstance(index, slice):
            part = copy.copy(self)
            part._records = self._records[index]
            return part
        return self._read(*self._records[index])

    def __repr__(self) -> str:
        """Say what this is and how much of it there is."""
        return f"<CocoFolder {self.annotations.name}: {len(self)} images>"

    def _read(
        self, image_id: int, name: str, size: tuple[int, int], found: list[tuple]
    ) -> Sample:
        image = read_image(self.images / name, size)
        masks, crowd = [], np.zeros(size, dtype=bool)
        kept = []
        for region in (Region(*one[:3], size, one[3], name) for one in found):
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
            name=name,
            image_id=image_id,
        )

    def _check_pictures(self, names: list[str]) -> None:
        with os.scandir(self.images) as entries:  # one look instead of 100,000
            there = {entry.name for entry in entries if entry.is_file()}
        missing = [name for name in names
                   if name not in there and not (self.images / name).is_file()]
        if missing:
            raise ValueError(
                f"{self.annotations}: {len(missing)} of the {len(names)} pictures it "
                f"lists are not in {self.images}, {missing[0]} for one"
            )


def annotation_file(given: Path) -> Path:
    """Find the annotation file: the one given, or the one in a folder that is given.

    Raises ValueError if there is none or more than one to choose from.
    """
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
    above = here.parent
    tried = [here, here / "images", above / "images", above / split,
             above / "images" / split]
    for folder in tried:
        if (folder / images[0]["file_name"]).is_file():
            return folder
    raise ValueError(
        f"{path}: its picture {images[0]['file_name']} is in none of "
        f"{', '.join(map(str, tried))}; say where the pictures are with images="
    )


def _sort_in(
    document: dict[str, Any], images: list[dict[str, Any]], path: Path
) -> dict[int, list[tuple]]:
    """Check every annotation and sort them by image: what each is, without its size."""
    listed = {image["id"]: image for image in images}
    found: dict[int, list[tuple]] = defaultdict(list)
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
        one = Region.from_coco(annotation, size, label)
        found[image["id"]].append((one.id, one.category, one.crowd, one.segmentation))
    return found


def _pop_records(
    found: dict[int, list[tuple]], images: list[dict[str, Any]]
) -> Iterator[tuple]:
    """Yield what `CocoFolder._read` takes for each image, and let go of it."""
    for image in images:
        size = image["height"], image["width"]
        yield image["id"], image["file_name"], size, found.pop(image["id"], [])


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
