"""What is wrong with a file that others wrote, all of it, and fields read with care."""

from __future__ import annotations

import math
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any

TOLD = 10  # so many places of each kind are told


class Unreadable(ValueError):
    """Something in a file that cannot be read: what is wrong, and what was given."""

    def __init__(self, what: str, given: str = "") -> None:
        super().__init__(f"{what} ({given})" if given else what)
        self.what, self.given = what, given


class Faults:
    """Collects all that is wrong with a file while it is read, by kind.

    ``place`` is what is being read. ``refused`` counts what had to be left out,
    ``count`` that and what was understood all the same.

    >>> faults = Faults(Path("objects.json"))
    >>> for faults.place in ("annotation 3", "annotation 5"):
    ...     faults.note("has no category", "None")
    >>> print(faults)
    objects.json: annotation 3 (None), annotation 5 (None): has no category
    """

    def __init__(self, path: Path) -> None:
        self.path, self.place = path, ""
        self.count = self.refused = 0
        self._kinds: dict[str, tuple[int, list[str]]] = {}

    def note(self, what: str, given: str = "") -> None:
        """Note a fault that did not keep the place from being understood."""
        self.count += 1
        count, places = self._kinds.get(what, (0, []))
        if count < TOLD:
            places = [*places, f"{self.place} ({given})" if given else self.place]
        self._kinds[what] = count + 1, places

    def refuse(self, fault: Unreadable) -> None:
        """Note a fault for which something was left out."""
        self.refused += 1
        self.note(fault.what, fault.given)

    def lines(self) -> list[str]:
        """Give a line for each kind of fault."""
        return [
            f"{', '.join(places)}{f' and {count - TOLD} more' * (count > TOLD)}: {what}"
            for what, (count, places) in self._kinds.items()
        ]

    def __str__(self) -> str:
        """All kinds, with the file's name."""
        return f"{self.path}: {'; '.join(self.lines())}"


def near(path: Path) -> str:
    """Say what is there of nearly the name of a path that is not; else nothing.

    >>> near(Path(__file__).with_name("fautls.py"))
    '; faults.py is there'
    """
    first = path.absolute()  # the first part of the path that is missing
    while not first.parent.is_dir():
        first = first.parent
    names = [each.name for each in first.parent.iterdir()]
    return "".join(f"; {n} is there" for n in get_close_matches(first.name, names, 1))


def absent(path: Path, what: str) -> ValueError:
    """Make the error for a path that is not there; it names the nearest one that is.

    >>> str(absent(Path("nosuchfolder/x"), "file"))
    'nosuchfolder/x: there is no such file'
    """
    return ValueError(f"{path}: there is no such {what}{near(path)}")


MOST = 2**31 - 1
"""The most pixels of an image, and the largest category: pycocotools has 32 bits."""


def key_of(entry: Any, name: str) -> int | str:
    """Read an id of an entry, a whole number or text.

    Raises Unreadable for anything else.

    >>> key_of({"id": 7.0}, "id"), key_of({"id": "7"}, "id")
    (7, '7')
    """
    value = entry.get(name) if isinstance(entry, dict) else None
    number = None if isinstance(value, bool) else whole(value)
    if number is None and not (isinstance(value, str) and value):
        raise Unreadable(f"has no {name!r} that is a whole number or text",
                         short(value))
    return value if isinstance(value, str) else number


def number_of(
    entry: dict[str, Any], name: str, faults: Faults, *, low: int = 0,
    high: int = MOST, missing: int | None = None,
) -> int:
    """Read a whole number, also one that is text or 3.0, which is noted.

    ``missing`` stands for null. Raises Unreadable for what cannot be read.
    """
    value = entry.get(name)
    number = missing if value is None else whole(value)
    if number is None or not low <= number <= high:
        raise Unreadable(f"has no {name!r} that is a whole number from {low} to {high}",
                         short(value))
    if type(value) is not int:
        faults.note(f"has no {name!r} that is a whole number, but is understood",
                    f"{short(value)} as {number}")
    return number


def whole(value: Any) -> int | None:
    """Read a whole number, also one that is text or 3.0; None for anything else.

    >>> whole("12"), whole(3.0), whole("x")
    (12, 3, None)
    """
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value.strip()):
        return int(value)
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return None


def is_box(box: Any) -> bool:
    """Say whether this is COCO's (x, y, width, height), with a size from 0 up.

    >>> is_box([1, 2, 3, 4.5]), is_box([1, 2, 3])
    (True, False)
    """
    return (
        isinstance(box, list)
        and len(box) == 4
        and all(type(x) in (int, float) and abs(x) < math.inf for x in box)
        and min(box[2:]) >= 0
    )


def short(value: Any) -> str:
    """Show what was given, cut short.

    >>> short([1, None])
    '[1, None]'
    """
    return "none" if value is None else repr(value)[:40]
