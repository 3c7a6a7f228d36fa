"""COCO annotation files: the one reader, for training, checking and evaluation."""

from __future__ import annotations

import copy
import json
import warnings
from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from pycocotools import mask as coco_mask

from ifcn_lab.data.faults import (
    MOST,
    Faults,
    Unreadable,
    absent,
    is_box,
    key_of,
    number_of,
    short,
    whole,
)
from ifcn_lab.data.packed_records import PackedRecords
from ifcn_lab.data.segmentation import checked, covers_nothing, rle_of


class Annotation(NamedTuple):
    """One region of an image as it was understood.

    ``area`` and ``box``, (x, y, width, height), are None where the file has none.
    """

    id: int | str
    category: int
    crowd: bool
    segmentation: list | dict[str, Any]
    area: float | None
    box: list[float] | None


class AnnotatedImage(NamedTuple):
    """An image of the file: its name there, its size (h, w) and its annotations."""

    id: int | str
    name: str
    size: tuple[int, int]
    annotations: list[Annotation]


class AnnotationFile(Sequence[AnnotatedImage]):
    """The images of a COCO annotation file with their annotations, in its order.

    ``path`` is the JSON file, or a folder that holds exactly one, see
    ``annotation_file``. ``categories`` maps ids to names. A slice is again an
    AnnotationFile. The annotations are bytes in one array, which processes share.

    Every entry is checked, and ``faults`` has all that is wrong. Some of it can be read
    all the same: numbers written as text, a missing category (it is 1), an area that
    cannot be (the mask's is taken), one polygon where a list of them is expected, an id
    given twice. Text ids stay text. An outline without a pixel in the image stays: it
    is an object nobody can find. What cannot be read is left out; ``check`` refuses
    the file then.

    Raises ValueError, naming the file, for what is no COCO annotation file at all.

    >>> import tempfile
    >>> image = {"id": 7, "file_name": "a.png", "height": 4, "width": "6"}
    >>> square = {"id": 1, "image_id": 7, "category_id": 3,
    ...           "segmentation": [[1, 0, 4, 0, 4, 3, 1, 3]]}
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "objects.json")
    >>> document = {"images": [image], "annotations": [square, {"id": 2}]}
    >>> _ = path.write_text(json.dumps(document))
    >>> file = AnnotationFile(path)
    >>> file[0].size, file.objects, file.faults.count, file.faults.refused
    ((4, 6), 1, 2, 1)
    >>> folder.cleanup()
    """

    def __init__(self, path: str | Path) -> None:
        self.path = annotation_file(Path(path))
        self.faults = Faults(self.path)
        document = _load(self.path)
        self.categories = _category_names(document.get("categories"), self.faults)
        images = _images(document.pop("images"), self.faults)
        found = _annotations(document.pop("annotations"), images, self.faults)
        self.records = PackedRecords(
            image._replace(annotations=found.pop(image.id, []))
            for image in images.values() if image
        )

    def __len__(self) -> int:
        """Count the images, with and without objects."""
        return len(self.records)

    def __getitem__(self, index: int | slice) -> AnnotatedImage | AnnotationFile:
        """Give one image, or a shorter file."""
        if isinstance(index, int):
            return self.records[index]
        return self.those(range(len(self))[index])

    def those(self, places: Sequence[int]) -> AnnotationFile:
        """Give a file of the images at these places."""
        part = copy.copy(self)
        part.records = PackedRecords(self.records[place] for place in places)
        return part

    @property
    def names_by_id(self) -> dict[int | str, str]:
        """The images' file names by their ids."""
        return {image.id: image.name for image in self}

    @property
    def objects(self) -> int:
        """Count the annotated objects, crowd left out."""
        return sum(not one.crowd for image in self for one in image.annotations)

    def as_document(self) -> dict[str, Any]:
        """Give what was understood as a COCO document; ids given twice get new ones."""
        images, annotations, names = [], [], dict(self.categories)
        used: set[int | str] = set()
        new = count(1 + max((one.id for image in self for one in image.annotations
                             if isinstance(one.id, int)), default=0))
        for image in self:
            h, w = image.size
            images.append({"id": image.id, "file_name": image.name, "height": h,
                           "width": w})
            for one in image.annotations:
                key = next(new) if one.id in used else one.id
                used.add(key)
                annotations.append(_entry(one, key, image))
                names.setdefault(one.category, str(one.category))
        categories = [{"id": key, "name": name} for key, name in names.items()]
        return {"images": images, "annotations": annotations, "categories": categories}

    def check(self) -> None:
        """Raise ValueError with all faults if something was left out; else warn."""
        if self.faults.refused:
            raise ValueError(f"{self.faults}; `ifcn-lab data check` counts what is "
                             "left without that, and its --fix writes it")
        if self.faults.count:
            warnings.warn(str(self.faults), stacklevel=3)


def annotation_file(
    given: Path, patterns: Sequence[str] = ("instances*.json", "*.json")
) -> Path:
    """Find the annotation file: the one given, or the one in a folder that is given.

    It lies there or in `annotations`; names of the first pattern go before others.

    Raises ValueError if there is none or more than one to choose from.
    """
    if given.is_file():
        return given
    if not given.is_dir():
        raise absent(given, "annotation file or folder")
    for pattern in patterns:
        found = sorted({*given.glob(pattern), *given.glob(f"annotations/{pattern}")})
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(str(path.relative_to(given)) for path in found)
            raise ValueError(f"{given}: holds {names}; name one of them")
    raise ValueError(f"{given}: holds no annotation file {patterns[-1]}, neither there "
                     "nor in annotations")


def _load(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: cannot be read as JSON in UTF-8 ({error})") \
            from error
    if not isinstance(document, dict):
        raise ValueError(f"{path}: holds a {type(document).__name__}, no COCO "
                         "annotations (an object)")
    for key in ("images", "annotations"):
        if not isinstance(document.get(key), list):
            raise ValueError(f"{path}: has no list {key!r}, so it is not COCO's format")
    if not document["images"]:
        raise ValueError(f"{path}: lists no images")
    return document


def _category_names(listed: Any, faults: Faults) -> dict[int, str]:
    """Read the names, which are for the reader only: what is no category is noted."""
    names: dict[int, str] = {}
    faults.place = "the list of categories"
    if listed and not isinstance(listed, list):
        faults.note("is no list, so names are not known")
        return names
    for number, category in enumerate(listed or [], start=1):
        faults.place = f"category number {number}"
        key = whole(category.get("id")) if isinstance(category, dict) else None
        if key is None or key in names:
            faults.note("has no id that is a whole number and its own")
        else:
            names[key] = str(category.get("name", key))
    return names


Images = dict[int | str, AnnotatedImage | None]


def _images(listed: list[Any], faults: Faults) -> Images:
    """Check the images; those that cannot be read are None."""
    images: Images = {}
    for number, image in enumerate(listed, start=1):
        faults.place = f"image number {number}"
        try:
            key = key_of(image, "id")
            faults.place = f"image {key}"
            if key in images:
                raise Unreadable("is listed twice; ids must differ")
            images[key] = None
            images[key] = _image(image, key, faults)
        except Unreadable as fault:
            faults.refuse(fault)
    return images


def _image(image: dict[str, Any], key: int | str, faults: Faults) -> AnnotatedImage:
    name = image.get("file_name")
    if not isinstance(name, str) or not name:
        raise Unreadable("has no 'file_name' that is text", short(name))
    h, w = (number_of(image, side, faults, low=1) for side in ("height", "width"))
    if h * w > MOST:
        raise Unreadable(f"has more than {MOST} pixels", f"{h} x {w}")
    if isinstance(key, str):
        faults.note("has an id that is text, and keeps it")
    return AnnotatedImage(key, name, (h, w), [])


def _annotations(
    listed: list[Any], images: Images, faults: Faults
) -> dict[int | str, list[Annotation]]:
    """Check every annotation and sort them by image."""
    found: dict[int | str, list[Annotation]] = defaultdict(list)
    known: set[int | str] = set()
    for number, entry in enumerate(listed, start=1):
        faults.place = f"annotation number {number}"
        try:
            key = key_of(entry, "id")
            faults.place = f"annotation {key}"
            image = _image_of(entry, images, faults)
            if image is not None:  # else the image is a fault itself
                found[image.id].append(_annotation(entry, key, image.size, faults))
        except Unreadable as fault:
            faults.refuse(fault)
            continue
        if isinstance(key, str):
            faults.note("has an id that is text, and keeps it")
        if key in known:
            faults.note("is listed twice; both are taken")
        known.add(key)
    return found


def _image_of(
    entry: dict[str, Any], images: Images, faults: Faults
) -> AnnotatedImage | None:
    key = key_of(entry, "image_id")
    # An id may be a number in one place and text in the other.
    other = next((k for k in (key, whole(key), str(key)) if k in images), None)
    if other is None:
        raise Unreadable("is for an image that is not listed", f"image {key}")
    if other != key:
        faults.note("has the image_id in another form than the image", short(key))
    return images[other]


def _annotation(
    entry: dict[str, Any], key: int | str, size: tuple[int, int], faults: Faults
) -> Annotation:
    category = number_of(entry, "category_id", faults, missing=1)
    crowd = number_of(entry, "iscrowd", faults, high=1, missing=0) \
        if "iscrowd" in entry else 0
    area = entry.get("area")
    if area is not None and not (
        type(area) in (int, float) and 0 <= area <= 2 * size[0] * size[1]
    ):
        faults.note("has an area that cannot be; the mask's is taken", short(area))
        area = None
    box = entry.get("bbox") or None
    if box is not None and not is_box(box):
        raise Unreadable("has a bbox that is not four numbers, x, y, width and height, "
                         "the last two from 0 up", short(box))
    outline = _outline(entry, size, faults)
    return Annotation(key, category, bool(crowd), outline, area, box)


def _outline(
    entry: dict[str, Any], size: tuple[int, int], faults: Faults
) -> list | dict[str, Any]:
    outline = entry.get("segmentation")
    flat = isinstance(outline, list) and outline and not isinstance(outline[0], list)
    outline = checked([outline] if flat else outline, size)
    if flat:
        faults.note("has one polygon where a list of polygons is expected; it is read")
    if covers_nothing(outline, size):
        faults.note("covers no pixel: its outline is flat or outside the image; "
                    "training leaves it out, evaluation looks for it")
    return outline


def _entry(one: Annotation, key: int | str, image: AnnotatedImage) -> dict[str, Any]:
    area, box = one.area, one.box
    if area is None or box is None:
        rle = rle_of(one.segmentation, image.size)
        area = float(coco_mask.area(rle)) if area is None else area
        box = coco_mask.toBbox(rle).tolist() if box is None else box
    return {"id": key, "image_id": image.id, "category_id": one.category,
            "iscrowd": int(one.crowd), "area": area, "bbox": box,
            "segmentation": one.segmentation}
