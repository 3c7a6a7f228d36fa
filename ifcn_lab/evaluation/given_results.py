"""A result file of any tool, read image by image."""

from __future__ import annotations

import json
import math
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ifcn_lab.evaluation.entries import Found
from ifcn_lab.evaluation.given_masks import checked_run_lengths

__all__ = ["ResultFile", "entries_of"]

_CHUNK = 1 << 20
_SPACE, _BYTE_ORDER_MARK = " \t\r\n", "\xef\xbb\xbf"


class ResultFile:
    """The results in a COCO result file, found by image and read when asked for.

    Opening it goes through the file once and keeps where the entries of each image lie,
    24 bytes each. An entry needs ``image_id``, ``score``, and ``segmentation`` (run
    lengths or polygons) or ``bbox``; without ``category_id`` it is of category 1. Other
    fields are ignored. The area of an entry that has both a mask and a box is its
    mask's where masks are compared (pycocotools' ``loadRes`` takes the box's).

    ``masks`` and ``boxes`` say whether all entries have them, ``kinds`` which
    categories there are.

    Raises ValueError, naming the file and the entry, for what is no result, and if only
    some entries have masks.

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

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._places: dict[int, array[int]] = defaultdict(lambda: array("q"))
        self.count, self.masks, self.boxes, self.kinds = 0, True, True, set()
        for entry, start, end in entries_of(self.path):
            self.count += 1
            image_id = self._image_of(entry)
            self._note_form(entry)
            self._places[image_id].extend((self.count, start, end))

    def check_images(self, known: Collection[int]) -> None:
        """Raise ValueError, naming an entry, if one is for an image not known."""
        strange = [i for i in self._places if i not in known]
        if strange:
            number = self._places[strange[0]][0]
            raise ValueError(
                f"{self.path}: result number {number} is for image {strange[0]}, which "
                "the annotations do not list"
            )

    def found(self, image_id: int, size: tuple[int, int]) -> Found:
        """Give the results of one image of ``size`` (h, w), the best first.

        Equal scores stay in COCOeval's order: by category, then as in the file. Raises
        ValueError, naming the entry, for a score that is no number and for an outline
        that is no polygon and no run lengths of that size.
        """
        entries, labels = self._read(image_id)
        for entry, label in zip(entries, labels, strict=True):
            _check(entry, label)
        rles = [
            checked_run_lengths(entry["segmentation"], size, label)
            for entry, label in zip(entries, labels, strict=True)
            if self.masks
        ]
        boxes = [entry["bbox"] for entry in entries if self.boxes]
        scores = np.array([entry["score"] for entry in entries], dtype=float)
        kinds = np.array([e.get("category_id", 1) for e in entries], dtype=int)
        order = np.lexsort((np.arange(len(kinds)), kinds, -scores))
        drawn = np.array(boxes, dtype=float).reshape(-1, 4) if self.boxes else None
        return Found(rles, scores, drawn, kinds).take(order)

    def _image_of(self, entry: Any) -> int:
        """Read which image an entry is for, or say which entry does not tell."""
        label = f"{self.path}: result number {self.count}"
        if not isinstance(entry, dict) or not isinstance(entry.get("image_id"), int):
            raise ValueError(f"{label} has no 'image_id' (int)")
        return entry["image_id"]

    def _note_form(self, entry: dict[str, Any]) -> None:
        """Note whether all have masks and whether all have boxes."""
        masks = bool(entry.get("segmentation"))
        if self.count > 1 and masks != self.masks:
            raise ValueError(
                f"{self.path}: of the results only some have a 'segmentation', number "
                f"{self.count} {'has one' if masks else 'has none'}; give it to all or "
                "to none"
            )
        self.masks = masks
        self.boxes = self.boxes and bool(entry.get("bbox"))
        self.kinds.add(entry.get("category_id", 1))

    def _read(self, image_id: int) -> tuple[list[dict[str, Any]], list[str]]:
        entries, labels = [], []
        places = self._places.get(image_id, array("q"))
        with open(self.path, "rb") as file:
            for number, start, end in zip(*[iter(places)] * 3, strict=True):
                file.seek(start)
                entries.append(json.loads(file.read(end - start)))
                labels.append(
                    f"{self.path}: result number {number} (image {image_id})"
                )
        return entries, labels


def entries_of(path: str | Path) -> Iterator[tuple[Any, int, int]]:
    """Go through a JSON list: each entry, and the bytes where it begins and ends.

    The list is never held as a whole. Raises ValueError, naming the file, for what is
    no JSON list or is cut short.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "list.json")
    >>> _ = path.write_text('[{"a": 1}, 23]')
    >>> list(entries_of(path))
    [({'a': 1}, 1, 9), (23, 11, 13)]
    >>> folder.cleanup()
    """
    try:
        with open(path, "rb") as file:
            yield from _entries(_Text(file))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read as a list of results ({error})") \
            from error


class _Text:
    """A file as text, a piece at a time; one letter for each byte.

    ``at`` is where in the piece one stands, ``before`` how many bytes lie before it.
    """

    def __init__(self, file: Any) -> None:
        self.file, self.text, self.at, self.before = file, "", 0, 0

    def more(self) -> bool:
        """Read on, and forget what was passed; False at the end of the file."""
        chunk = self.file.read(max(_CHUNK, len(self.text)))
        if not chunk:
            return False
        self.before += self.at
        self.text, self.at = self.text[self.at :] + chunk.decode("latin-1"), 0
        return True

    def skip(self, letters: str) -> str:
        """Go past these letters and return the next one, "" at the end."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in letters:
                self.at += 1
            if self.at < len(self.text) or not self.more():
                return self.text[self.at : self.at + 1]


def _entries(text: _Text) -> Iterator[tuple[Any, int, int]]:
    if text.skip(_SPACE + _BYTE_ORDER_MARK) != "[":
        raise ValueError("it does not begin with [")
    text.at += 1
    decoder, number = json.JSONDecoder(), 0
    while (letter := text.skip(_SPACE + ",")) != "]":
        number += 1
        if not letter:
            raise ValueError(f"it ends in result number {number}, before its last ]")
        value, end = _decoded(decoder, text, number)
        yield value, text.before + text.at, text.before + end
        text.at = end


def _decoded(decoder: json.JSONDecoder, text: _Text, number: int) -> tuple[Any, int]:
    """Decode the value that stands next, reading on as far as it goes."""
    while True:
        try:
            value, end = decoder.raw_decode(text.text, text.at)
            if end < len(text.text) or not text.more():  # a number may go on
                return value, end
        except ValueError as error:
            if not text.more():
                raise ValueError(f"result number {number}: {error}") from None


def _check(entry: dict[str, Any], label: str) -> None:
    score, kind = entry.get("score"), entry.get("category_id", 1)
    if not isinstance(score, int | float) or not math.isfinite(score):
        raise ValueError(f"{label} has the score {score!r}; expected a finite number")
    if not isinstance(kind, int) or kind < 0:
        raise ValueError(f"{label} has the category {kind!r}; expected an id from 0 up")
    if entry.get("bbox") and not _is_box(entry["bbox"]):
        raise ValueError(
            f"{label} has the bbox {entry['bbox']}; expected four numbers, x, y, width "
            "and height"
        )
    if not entry.get("segmentation") and not entry.get("bbox"):
        raise ValueError(f"{label} has no 'segmentation' and no 'bbox'")


def _is_box(box: Any) -> bool:
    return (
        isinstance(box, list)
        and len(box) == 4
        and all(isinstance(x, int | float) and math.isfinite(x) for x in box)
        and min(box[2:]) >= 0
    )
