"""Fields of JSON entries that others wrote, read with care."""

from __future__ import annotations

import math
import re
from typing import Any

from ifcn_lab.data.faults import Faults, Unreadable

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
