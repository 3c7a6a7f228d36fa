"""What was returned, whatever carries it: values as plain kinds, and whether two agree.

A task asks for values, never for the type that carries them: fractions, ranges, tensors
and NumPy's own words are as right as Python's. Nothing here asks a returned object
whether it is equal, nor for its own idea of an array.
"""

from __future__ import annotations

from collections import deque
from collections.abc import KeysView, ValuesView
from itertools import islice
from numbers import Complex, Integral, Number, Real

import numpy as np

_KNOWN = ("None, a truth value, a number, a string, a list, a tuple, a dict, an array "
          "or a tensor")
NUMBERS, _WORDS = "biufc", "UO"
_OWN = {str: str.__str__, bool: bool, int: int.__index__, float: float.__float__,
        complex: complex.__pos__}


def plain(value: object, most: int = 10**7) -> object:
    """The value as one of Python's own kinds or NumPy's; its items as they are.

    Args:
        value: anything.
        most: items of a range or a view that are taken, and one more.

    Raises:
        TypeError: a value of another type, which is named.

    >>> from decimal import Decimal
    >>> plain(Decimal("0.5")), plain(np.str_("a")), plain(range(3)), plain((1, 2))
    (0.5, 'a', [0, 1, 2], (1, 2))
    >>> plain({1})
    Traceback (most recent call last):
    TypeError: a value of type set cannot be compared; expected None, a truth value, ...
    """
    kind = type(value)
    if value is None or issubclass(kind, list | tuple | dict):
        return value
    if issubclass(kind, np.ndarray | np.generic) and not issubclass(kind, str):
        array = _array(np.asarray(value))
        return array[()] if issubclass(kind, np.generic) else array
    for own, base in _OWN.items():
        if issubclass(kind, own):
            return base(value)
    if issubclass(kind, Number):
        return _number(value)
    if issubclass(kind, range | deque | KeysView | ValuesView):
        return list(islice(value, most + 1))
    return _array(_of_tensor(value))


def _number(value: Number) -> complex:
    kind = type(value)
    if issubclass(kind, Integral):
        return int(value)
    return complex(value) if issubclass(kind, Complex) and not issubclass(kind, Real) \
        else float(value)


def _array(values: np.ndarray) -> object:
    """An array of numbers in the precision that everybody has; of words, as a list."""
    if values.dtype.kind in _WORDS:
        return values.tolist() if values.ndim else plain(values.item())
    if values.dtype.kind not in NUMBERS:
        raise TypeError(f"an array of dtype {values.dtype} cannot be compared; "
                        "expected numbers or truth values")
    common = {"g": float, "G": complex}.get(values.dtype.char, values.dtype)
    return values.astype(common, copy=False)


def _of_tensor(value: object) -> np.ndarray:
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "numpy"):
        half = str(getattr(value, "dtype", "")) == "torch.bfloat16"
        try:
            return np.asarray((value.float() if half else value).numpy(force=True))
        except (RuntimeError, AttributeError) as error:  # sparse, quantised, meta
            raise TypeError(f"this tensor cannot become an array: {error}") from None
    raise TypeError(f"a value of type {type(value).__name__} cannot be compared; "
                    f"expected {_KNOWN}")


def array_of(value: object) -> np.ndarray:
    """A value as an array of its own; uneven rows as their words.

    Raises:
        TypeError: something in it cannot be compared.

    >>> array_of([[1], [2, 3]]).item()
    '[[1], [2, 3]]'
    """
    whole = _whole(value)
    try:
        made = np.array(whole)
    except ValueError:  # ragged: compare what it prints
        made = np.array(None)
    if made.dtype.kind == "O":
        made = np.array(None)
        made[()] = _words(whole)
    return made


def _whole(value: object) -> object:
    """The value with all that is in it as plain kinds."""
    value = plain(value)
    if isinstance(value, dict):
        return {plain(k): _whole(item) for k, item in dict.items(value)}
    if isinstance(value, list | tuple):
        kind = list if isinstance(value, list) else tuple
        return [_whole(item) for item in kind.__iter__(value)]
    return value


def _words(value: object) -> str:
    value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k!r}: {_words(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_words, value))}]"
    return repr(int(value) if isinstance(value, int | float) and value % 1 == 0
                else value)


def same(yours: np.ndarray, expected: np.ndarray) -> bool:
    """Say whether two arrays have one shape and the same values, NaN included.

    >>> same(np.array([1.0, np.nan]), np.array([1.0, np.nan]))
    True
    """
    kinds = yours.dtype.kind, expected.dtype.kind
    if yours.shape != expected.shape or \
            (kinds[0] != kinds[1] and not set(kinds) <= set(NUMBERS)):
        return False
    nan = set(kinds) <= set("fc")
    return bool(np.array_equal(yours, expected, equal_nan=nan))


def close(yours: np.ndarray, expected: np.ndarray) -> bool:
    """Say whether two arrays have one shape and values within a millionth.

    >>> close(np.array(0.1 + 0.2), np.array(0.3))
    True
    >>> close(np.array(np.inf), np.array(0.3))
    False
    """
    kinds = yours.dtype.kind, expected.dtype.kind
    numbers = NUMBERS if kinds[1] == "c" else "biuf"
    if yours.shape != expected.shape or not set(kinds) <= set(numbers):
        return False
    with np.errstate(all="ignore"):  # what is expected comes last: it sets the bounds
        return bool(np.allclose(yours, expected, rtol=1e-6, atol=1e-6, equal_nan=True))
