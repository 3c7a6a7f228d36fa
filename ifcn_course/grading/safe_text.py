"""Text of a submission, made safe to print, to keep and to read."""

from __future__ import annotations

import unicodedata

import numpy as np

_MANY = 60


def clean(text: object, longest: int = 400) -> str:
    """One line without control characters, invisible marks and half characters.

    >>> clean("a\\x1b[31mb\\u202ec" + "d" * 9, 9)
    'a [31mb c…'
    """
    kept = "".join(
        " " if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        else c for c in str(text)[:4 * longest]
    )
    line = " ".join(kept.split())
    return line if len(line) <= longest else line[:longest] + "…"


def side_by_side(yours: object, expected: object) -> tuple[str, ...]:
    """Lines that show what was returned and what was expected, as grids of digits."""
    from ifcn_course.check.grids import grid

    try:
        one, other = np.asarray(yours), np.asarray(expected)
        if one.dtype.kind in "biufc" and other.dtype.kind in "biufc":
            return tuple(grid(one, other)[:_MANY])
    except (ValueError, TypeError, OverflowError):
        pass  # uneven rows, words, very large numbers: shown as Python writes them
    return ("Yours:", _written(yours), "Expected:", _written(expected))


def _written(value: object) -> str:
    try:
        return clean(repr(value))
    except ValueError:  # Python refuses to write out a number of thousands of digits
        return "(too large to show)"


def difference(yours: object, expected: object) -> str:
    """Why these two do not agree, in a few words."""
    if yours is None:
        return "returned nothing; is there a `return`?"
    try:
        one, other = np.shape(yours), np.shape(expected)
    except ValueError:  # uneven rows
        return "differs"
    if one != other:
        return f"has shape {one}, expected is {other}"
    return "differs"
