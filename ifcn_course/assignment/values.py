"""Values as JSON and back, exactly: what a key holds and what a graded call returns.

No pickle anywhere: to decode is to read numbers and strings, never to run code.

>>> encode((1, 0.5, [None, True, "ab"]))
{'tuple': [1, 0.5, {'list': [None, True, 'ab']}]}
>>> decode(encode({"g": np.eye(2, dtype=np.int8)}))
{'g': array([[1, 0],
       [0, 1]], dtype=int8)}
>>> encode({1, 2})
Traceback (most recent call last):
    ...
TypeError: a value of type set cannot be compared; expected None, a truth value, ...
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass

import numpy as np

from ifcn_course.check.values import plain

_PLAIN = 2**63  # larger whole numbers travel as hexadecimal text
_DTYPES = frozenset(
    [np.dtype(bool).str]
    + [np.dtype(c).newbyteorder(o).str for c in "bhilqBHILQefdFD" for o in "<>"]
)
_DIMENSIONS = 32


@dataclass(frozen=True)
class Limits:
    """How large a value may be: all items together, bytes of arrays, levels.

    A dict has a limit of its own, since keys can be chosen that make it slow.
    """

    items: int = 200_000
    bytes: int = 16 * 2**20
    depth: int = 32
    keys: int = 2_000


def encode(value: object, limits: Limits = Limits()) -> object:
    """The JSON form of a value; scalars stay themselves, the rest gets a tag.

    Subclasses become their base: a named tuple a tuple, a matrix an array. Tensors
    become arrays. Arrays keep every bit; a float that is no number becomes nan.

    Raises:
        TypeError: a value of another type, which is named.
        ValueError: larger than the limits, or deeper: a list within itself, for one.
    """
    return _Encoder(limits).one(value, 0)


def decode(value: object, limits: Limits = Limits()) -> object:
    """The value that `encode` made this JSON of.

    Raises:
        ValueError: not what `encode` makes, or larger than the limits.
    """
    return _Decoder(limits).one(value, 0)


class _Budget:
    """Counts items and bytes against the limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.items = self.bytes = self.longest = 0

    def spend(self, depth: int, count: int = 0) -> None:
        """Take one item, `count` bytes and a level."""
        self.items, self.bytes = self.items + 1, self.bytes + count
        if depth > self.limits.depth:
            raise ValueError(f"the value is deeper than {self.limits.depth} levels")
        if self.items > self.limits.items:
            raise ValueError(f"the value has more than {self.limits.items} items")
        if self.bytes > self.limits.bytes:
            raise ValueError(f"the value is larger than {self.limits.bytes} bytes")
        if 4 * self.longest * self.items > 16 * self.limits.bytes:
            raise ValueError("the value holds a text that is too long among many items")

    def text(self, value: str, depth: int) -> str:
        """Take a text; an array of texts gives each the room of the longest."""
        self.longest = max(self.longest, len(value))
        self.spend(depth, 4 * len(value))
        return str.__str__(value)


class _Encoder(_Budget):
    def one(self, value: object, depth: int) -> object:
        self.spend(depth)
        value = plain(value, self.limits.items)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, np.generic):
            return {"scalar": self.array(np.asarray(value), depth)}
        if isinstance(value, str):
            return self.text(value, depth)
        if isinstance(value, int):
            return self.whole(value, depth)
        if isinstance(value, float):
            return _real(value)
        return self.many(value, depth)

    def whole(self, value: int, depth: int) -> object:
        number = int.__index__(value)
        self.spend(depth, number.bit_length() // 4)
        return number if -_PLAIN <= number < _PLAIN else {"int": hex(number)}

    def many(self, value: object, depth: int) -> object:
        if isinstance(value, list | tuple):
            kind = "list" if isinstance(value, list) else "tuple"
            return {kind: [self.one(item, depth + 1) for item in value]}
        if isinstance(value, dict):
            pairs = dict.items(value)
            return {"dict": [[self.one(k, depth + 1), self.one(v, depth + 1)]
                             for k, v in pairs]}
        if isinstance(value, complex):
            return {"complex": [_real(value.real), _real(value.imag)]}
        return {"array": self.array(value, depth)}

    def array(self, values: np.ndarray, depth: int) -> list[object]:
        self.spend(depth, values.nbytes)
        content = base64.b64encode(values.tobytes()).decode("ascii")
        return [values.dtype.str, list(values.shape), content]


def _real(value: float) -> object:
    number = float.__float__(value)
    return number if math.isfinite(number) else {"float": str(number)}


class _Decoder(_Budget):
    def one(self, value: object, depth: int) -> object:
        self.spend(depth)
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value, depth)
        if not isinstance(value, dict) or len(value) != 1:
            raise ValueError("not an encoded value: expected a scalar or one tag")
        [(tag, content)] = value.items()
        if tag in ("list", "tuple", "dict", "complex"):
            return self.many(tag, content, depth)
        return self.tagged(tag, content, depth)

    def many(self, tag: str, content: object, depth: int) -> object:
        if not isinstance(content, list):
            raise ValueError(f"a {tag} without a list of its items")
        if tag == "dict":
            return self.mapping(content, depth)
        items = [self.one(item, depth + 1) for item in content]
        if tag == "complex":
            return _complex(items)
        return items if tag == "list" else tuple(items)

    def mapping(self, content: list[object], depth: int) -> dict[object, object]:
        if len(content) > self.limits.keys:
            raise ValueError(f"a dict of more than {self.limits.keys} keys")
        pairs = [p for p in content if isinstance(p, list) and len(p) == 2]
        if len(pairs) != len(content):
            raise ValueError("a dict whose items are no pairs")
        made = {}
        for key, item in pairs:
            name = self.one(key, depth + 1)
            try:
                hash(name)
            except TypeError as error:
                raise ValueError(f"the key of a dict: {error}") from None
            made[name] = self.one(item, depth + 1)
        return made

    def tagged(self, tag: str, content: object, depth: int) -> object:
        if tag == "float" and content in ("nan", "inf", "-inf"):
            return float(str(content))
        if tag == "int" and isinstance(content, str):
            self.spend(depth, len(content))
            return int(content, 16)
        if tag == "array":
            return self.array(content, depth)
        if tag == "scalar":
            return self.array(content, depth)[()]
        raise ValueError(f"not an encoded value: the tag is {tag[:40]!r}")

    def array(self, content: object, depth: int) -> np.ndarray:
        if not isinstance(content, list) or len(content) != 3:
            raise ValueError("an array without its dtype, shape and content")
        kind, shape, text = content
        if not isinstance(kind, str) or kind not in _DTYPES:
            raise ValueError(f"an array of an unknown dtype: {str(kind)[:40]!r}")
        if not isinstance(text, str) or not _is_shape(shape):
            raise ValueError("an array whose shape is no list of whole numbers")
        self.spend(depth, len(text) * 3 // 4)
        data = base64.b64decode(text, validate=True)
        dtype = np.dtype(kind)
        if math.prod(shape) * dtype.itemsize != len(data):
            raise ValueError(f"an array of shape {tuple(shape)} from {len(data)} bytes")
        return np.frombuffer(bytearray(data), dtype).reshape(shape)


def _is_shape(shape: object) -> bool:
    return (isinstance(shape, list) and len(shape) <= _DIMENSIONS
            and all(type(n) is int and 0 <= n < 2**40 for n in shape))


def _complex(items: list[object]) -> complex:
    if len(items) != 2 or not all(type(i) in (int, float) for i in items):
        raise ValueError("a complex number without its two parts")
    return complex(*items)
