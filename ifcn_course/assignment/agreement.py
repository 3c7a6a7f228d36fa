"""Whether what a function returned is what was expected: one rule for key and grader.

Lists, tuples and arrays of the same numbers agree, and so do 3 and 3.0, True and 1:
a task asks for values, never for the type that carries them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ifcn_course.check.values import array_of, close, plain, same

WAYS = ("exact", "close")
"""How values are compared: equal, or within a millionth."""


def agrees(expected: object, returned: object, how: str = "exact") -> bool:
    """Whether a returned value agrees with the expected one.

    Args:
        expected: a scalar, a string, None, or lists, tuples, dicts and arrays of them.
        returned: anything; what cannot be compared does not agree.
        how: "exact" (equal, NaN equals NaN) or "close" (within a millionth).

    Raises:
        ValueError: `how` is neither.

    >>> agrees((1, 2), np.array([1, 2])), agrees(0.3, 0.1 + 0.2)
    (True, False)
    >>> agrees(0.3, 0.1 + 0.2, "close"), agrees("Otsu", 3), agrees(1, None)
    (True, False, False)
    """
    if how not in WAYS:
        raise ValueError(f"values are compared {how!r}; expected one of {WAYS}")
    try:
        returned = plain(returned)
    except (ValueError, TypeError, OverflowError):
        return False
    if expected is None or returned is None:
        return expected is None and returned is None
    if isinstance(expected, dict):
        return _dicts_agree(expected, returned, how)
    if isinstance(expected, str) or isinstance(returned, str):
        return _strings_agree(expected, returned)
    if _mixed(expected):
        return _sequences_agree(expected, returned, how)
    return _numbers_agree(expected, returned, how)


def _strings_agree(expected: object, returned: object) -> bool:
    both = isinstance(expected, str) and isinstance(returned, str)
    return both and str(expected) == str(returned)


def _dicts_agree(expected: dict, returned: object, how: str) -> bool:
    if not isinstance(returned, dict) or expected.keys() != returned.keys():
        return False
    return all(agrees(expected[key], returned[key], how) for key in expected)


def _mixed(value: object) -> bool:
    """Whether this is a sequence that is no array: strings, None, uneven rows."""
    return isinstance(value, list | tuple) and _array(value) is None


def _sequences_agree(expected: Sequence, returned: object, how: str) -> bool:
    if not isinstance(returned, list | tuple | np.ndarray):
        return False
    if isinstance(returned, np.ndarray) and returned.ndim == 0:
        return False
    if len(expected) != len(returned):
        return False
    return all(agrees(a, b, how) for a, b in zip(expected, returned, strict=True))


def _numbers_agree(expected: object, returned: object, how: str) -> bool:
    if isinstance(expected, int) and isinstance(returned, int):  # however large
        return expected == returned
    one, other = _array(expected), _array(returned)
    if one is None or other is None:
        return False
    return (close if how == "close" else same)(other, one)


def _array(value: object) -> np.ndarray | None:
    """The value as an array of numbers or truth values; None if it is none."""
    try:
        array = array_of(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return array if array.dtype.kind in "biufc" else None
