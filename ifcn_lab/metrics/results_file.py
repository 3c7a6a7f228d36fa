"""COCO result files: of any tool read image by image, our own written as they come."""

from __future__ import annotations

import json
import math
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np

from ifcn_lab.atomic_write import replacing
from ifcn_lab.data import Sample
from ifcn_lab.data.faults import MOST, Unreadable, is_box, key_of, near, short
from ifcn_lab.data.picture_names import PictureNames
from ifcn_lab.data.segmentation import checked, rle_of
from ifcn_lab.metrics.regions import Detections, Found, found, paired

Image = tuple[int | str, str]
"""The image_id of results and their file_name, empty where they have none."""

Ids = dict[Image, int | str | None]

class ResultFile:
    """The results in COCO result files, whose masks are decoded when asked for.

    An entry needs ``image_id``, ``score``, and ``segmentation`` (run
    lengths or polygons) or ``bbox``; without ``category_id`` it is of category 1. Other
    fields are ignored. The area of an entry that has both a mask and a box is its
    mask's where masks are compared (pycocotools' ``loadRes`` takes the box's).

    ``masks`` and ``boxes`` say whether all entries have them. Several files are parts
    of one, each with images of its own.

    Raises ValueError, naming the file and the entry, for what is no result, if only
    some entries have masks, and if two files have results of one image.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "found.json")
    >>> square = {"size": [4, 6], "counts": [0, 24]}
    >>> one = {"image_id": 7, "category_id": 1, "segmentation": square, "score": 0.5}
    >>> _ = path.write_text(json.dumps([one, one | {"score": 0.9}]))
    >>> ResultFile(path).found(7, (4, 6)).scores.tolist()
    [0.9, 0.5]
    >>> folder.cleanup()
    """

    def __init__(self, path: str | Path, *more: str | Path) -> None:
        self._read: dict[Image, list[tuple[str, dict]]] = defaultdict(list)
        self.count, self.masks, self.boxes = 0, True, True
        for self.path in map(Path, (path, *more)):
            before = {image[0]: image for image in self._read}
            self._add(entries_in(self.path), before)
        self._sort({image: image[0] for image in self._read})

    def _add(self, entries: list, before: Mapping[int | str, Image]) -> None:
        """Add the entries of one more file."""
        for number, entry in enumerate(entries, start=1):
            place = f"{self.path}: result number {number}"
            try:
                image_id = self._note(entry, place)
            except Unreadable as fault:
                raise ValueError(f"{place} {fault}") from None
            if image_id in before:
                raise ValueError(f"{place} is for image {image_id!r}, of which another "
                                 "file has results; give each part once")

    def fit(self, names: Mapping[int | str, str]) -> None:
        """Bring the results to the ids of images whose file names are given.

        Where the results have file names (`ifcn-lab segment` writes them) that fit and
        ids that do not, the names decide, and a warning says so; results of names that
        are not listed are left out then. An id that is text may be a name. Raises
        ValueError, naming an entry, if one is for an image that is not listed, and if
        results of two images would become one image's.
        """
        known = PictureNames(names)
        # A number may stand as text in the annotations.
        ids = {image: next((key for key in (image[0], str(image[0])) if key in names),
                           None) for image in self._read}
        called = {image: image[1] or str(image[0]) * (key is None)
                  for image, key in ids.items()}
        meant = {image: known.all(name) for image, name in called.items()}
        wrong = any(keys and ids[image] not in keys for image, keys in meant.items())
        if wrong and all(called.values()):
            ids = self._by_name(ids, meant)
            out = len(self._read) - len(ids)
            left = f" ({out} images not listed are left out)" * (out > 0)
            self._warn(f"image ids are not those of the annotations{left}; matched by "
                       "file_name")
        elif wrong or any(image[1] and not keys for image, keys in meant.items()):
            self._warn("file names are not those of the annotations; matched by "
                       "image_id")
        for image, key in ids.items():
            if key is None:
                place = self._read[image][0][0]
                raise ValueError(f"{place} is for image {image[0]!r}, which the "
                                 "annotations do not list")
        self._sort(ids)

    def _by_name(self, ids: Ids, meant: Mapping[Image, set[int | str]]) -> Ids:
        """Give the id that each name means; of several, the results' own."""
        found: Ids = {}
        for image, keys in meant.items():
            sure = keys & {ids[image]} or keys
            if len(sure) > 1 or sure & {*found.values()}:
                raise ValueError(f"{self.path}: the image ids are not those of the "
                                 f"annotations, and {image[1] or image[0]} fits more "
                                 "than one image by name; correct the ids")
            if sure:
                found[image] = next(iter(sure))
        return found

    def _warn(self, words: str) -> None:
        warnings.warn(f"{self.path}: its {words}", stacklevel=3)

    def _sort(self, ids: Ids) -> None:
        """Sort the entries by the ids that their images have."""
        self._entries = defaultdict(list)
        for image, key in ids.items():
            self._entries[key] += self._read[image]

    def found(self, image_id: int | str, size: tuple[int, int]) -> Found:
        """Give the results of one image of ``size`` (h, w), the best first.

        Equal scores stay in COCOeval's order: by category, then as in the file. Raises
        ValueError, naming the entry, for an outline that is no polygon and no run
        lengths of that size.
        """
        rles, numbered = [], self._entries.get(image_id, [])
        entries = [entry for _, entry in numbered]
        for place, entry in numbered * self.masks:
            try:
                rles.append(rle_of(checked(entry["segmentation"], size), size))
            except Unreadable as fault:
                raise ValueError(f"{place} (image {image_id}): {fault}") from None
        scores = np.array([entry["score"] for entry in entries], dtype=float)
        kinds = np.array([e.get("category_id", 1) for e in entries], dtype=int)
        boxes = None
        if self.boxes:
            boxes = np.array([e["bbox"] for e in entries], dtype=float).reshape(-1, 4)
        order = np.lexsort((np.arange(len(kinds)), kinds, -scores))
        return Found(rles, scores, boxes, kinds).take(order)

    def _note(self, entry: Any, place: str) -> int | str:
        """Check an entry but for its outline, and sort it by its image; whose it is."""
        image_id = key_of(entry, "image_id")
        _check(entry)
        masks = bool(entry.get("segmentation"))
        if self.count and masks != self.masks:
            raise Unreadable(f"has {'a' if masks else 'no'} 'segmentation', unlike "
                             "those before; give it to all or to none")
        self.masks = masks
        self.boxes = self.boxes and bool(entry.get("bbox"))
        name = entry.get("file_name")
        image = image_id, name if isinstance(name, str) else ""
        self._read[image].append((place, entry))
        self.count += 1
        return image_id


def entries_in(path: Path) -> list:
    """What a file of results lists, unchecked.

    Raises:
        ValueError: it cannot be read, or holds no list.
    """
    try:
        entries = json.loads(path.read_bytes().decode("utf-8-sig"))
        if not isinstance(entries, list):
            raise ValueError("it does not begin with [")
    except (OSError, ValueError, RecursionError) as error:
        at = "" if path.exists() else near(path)
        raise ValueError(f"{path}: cannot be read as a list of results, JSON in "
                         f"UTF-8 ({error}){at}") from error
    return entries


def _check(entry: dict[str, Any]) -> None:
    score, kind = entry.get("score"), entry.get("category_id", 1)
    if type(score) not in (int, float) or not abs(score) < math.inf:
        raise Unreadable("has no 'score' that is a finite number", short(score))
    if type(kind) is not int or not 0 <= kind <= MOST:
        raise Unreadable("has no 'category_id' that is a whole number from 0 up",
                         short(kind))
    if entry.get("bbox") and not is_box(entry["bbox"]):
        raise Unreadable("has a 'bbox' that is not four numbers, x, y, width and "
                         "height", short(entry["bbox"]))
    if not entry.get("segmentation") and not entry.get("bbox"):
        raise Unreadable("has no 'segmentation' and no 'bbox'")


def to_coco_results(
    proposals: Iterable[Detections], samples: Iterable[Sample]
) -> list[dict[str, Any]]:
    """List proposals, one set for each sample, as COCO results, ready for JSON.

    Masks are compressed run lengths; the best score of an image goes first. Instances
    without categories get category 1. Raises ValueError for a score that is NaN and for
    masks that are not of the image's size.

    >>> from types import SimpleNamespace
    >>> masks = np.ones((1, 2, 2), bool)
    >>> sample = Sample(None, masks, ~masks[0], (1,), (1,), "one object", 7)
    >>> to_coco_results([SimpleNamespace(masks=masks, scores=[0.5])], [sample])[0]
    {'image_id': 7, 'category_id': 1, 'segmentation': ..., 'score': 0.5}
    """
    return [row for each, sample in paired(proposals, samples)
            for row in rows(found(each, sample.crowd.shape), sample.image_id)]


def rows(best: Found, image_id: int | str, category: int = 1) -> list[dict[str, Any]]:
    """List the answers of one image as COCO results, ready for JSON.

    ``category`` is for answers that have none of their own.

    >>> from ifcn_lab.data.overlap import encode
    >>> best = Found(encode(np.ones((1, 2, 2), bool)), np.array([0.5]))
    >>> rows(best, image_id=7)
    [{'image_id': 7, 'category_id': 1, 'segmentation': ..., 'score': 0.5}]
    """
    kinds = [category] * len(best) if best.categories is None \
        else best.categories.tolist()
    return [
        {"image_id": image_id, "category_id": kind,
         "segmentation": {"size": [*rle["size"]], "counts": _text(rle["counts"])},
         "score": score}
        for rle, kind, score in zip(best.rles, kinds, best.scores.tolist(), strict=True)
    ]


def _text(counts: bytes | str) -> str:
    return counts if isinstance(counts, str) else counts.decode("ascii")


@contextmanager
def writing_results(path: str | Path) -> Iterator[Callable[[list[dict]], None]]:
    """Write a COCO result file by the function given, image by image, holding nothing.

    The file gets its name when all is written, and nothing is left of it if the
    ``with`` block ends by an error. Raises OSError where it cannot be written.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "found.json")
    >>> with writing_results(path) as write:
    ...     write([{"image_id": 1}])
    ...     write([{"image_id": 2}, {"image_id": 2}])
    >>> len(json.loads(path.read_text()))
    3
    >>> folder.cleanup()
    """
    with replacing(path) as new, open(new, "w", encoding="utf-8") as file:
        before = chain(["[\n"], repeat(",\n"))

        def write(results: list[dict]) -> None:
            file.writelines(next(before) + json.dumps(each) for each in results)

        yield write
        file.write("\n]\n" if next(before) == ",\n" else "[]\n")
