"""Values as JSON and back: exact, bounded, and never more than numbers and strings."""

from __future__ import annotations

import inspect
import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ifcn_course.assignment.values import Limits, decode, encode


def round_trip(value: object) -> object:
    return decode(json.loads(json.dumps(encode(value))))


def same(one: Any, other: Any) -> bool:
    """Equal, of one type, bit for bit; the slow twin of what is promised."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray | np.generic):
        return (one.dtype, one.shape) == (other.dtype, other.shape) and \
            one.tobytes() == other.tobytes()
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, float):
        if one != one:
            return other != other  # Python shows every NaN as nan
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return one == other


NUMBERS = arrays.boolean_dtypes() | arrays.integer_dtypes() | \
    arrays.unsigned_integer_dtypes() | arrays.floating_dtypes(sizes=(16, 32, 64)) | \
    arrays.complex_number_dtypes(sizes=(64, 128))
ARRAYS = NUMBERS.flatmap(lambda kind: arrays.arrays(
    kind, arrays.array_shapes(min_dims=0, max_side=3, min_side=0)))
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers(
    allow_nan=False) | st.text(st.characters(codec=None), max_size=20)
KEYS = PLAIN.filter(lambda key: key == key) | st.tuples(st.integers(), st.text())
VALUES = st.recursive(PLAIN | ARRAYS, lambda inner: (
    st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple)
    | st.dictionaries(KEYS, inner, max_size=3)), max_leaves=8)


@settings(max_examples=300)
@given(VALUES)
def test_every_value_comes_back_bit_for_bit(value: object) -> None:
    assert same(round_trip(value), value)


@pytest.mark.parametrize("value", [
    float("nan"), -math.inf, -0.0, 2**4000, -(2**63), 2**63, np.float32(1 / 3),
    np.bool_(True), np.array(5), np.zeros((0, 3)), np.arange(6).reshape(2, 3).T,
    "\ud800",
])
def test_odd_values_come_back_bit_for_bit(value: object) -> None:
    assert same(round_trip(value), value)


def test_tensors_and_subclasses_become_their_plain_kin() -> None:
    tensor = torch.ones(2, 3, requires_grad=True)
    assert same(round_trip(tensor), np.ones((2, 3), np.float32))
    assert same(round_trip(tensor.bfloat16()), np.ones((2, 3), np.float32))
    assert same(round_trip(np.ma.masked_array([1, 2])), np.array([1, 2]))
    assert round_trip(type("Word", (str,), {})("a")) == "a"


@pytest.mark.parametrize(("value", "name"), [
    ({1}, "set"), (b"x", "bytes"), (len, "builtin_function"),
    ((i for i in [1]), "generator"), (object(), "object"),
    (np.array([object()]), "type object"), (np.array([b"a"]), r"dtype \|S1"),
    (torch.ones(2).to_sparse(), "tensor"),
])
def test_other_values_are_refused_by_name(value: Any, name: str) -> None:
    with pytest.raises(TypeError, match=name):
        encode(value)


LIMITS = Limits(items=100, bytes=1000, depth=5, keys=3)
LOOP: list = []
LOOP.append(LOOP)


@pytest.mark.parametrize("value", [
    [0] * 101, "x" * 1000, np.zeros(200), 1 << 10_000, [[[[[[1]]]]]], LOOP,
    ["x" * 60, *[0] * 80],
])
def test_what_is_too_large_is_refused_both_ways(value: object) -> None:
    with pytest.raises(ValueError, match="the value"):
        encode(value, LIMITS)
    if value is not LOOP:
        with pytest.raises(ValueError, match="the value"):
            decode(encode(value), LIMITS)


@pytest.mark.parametrize("made", [
    [1], {}, {"a": 1}, {"list": 1}, {"list": [], "tuple": []}, {"float": "1"},
    {"int": "zz"}, {"int": 5}, {"dict": [[1]]}, {"dict": [[{"list": []}, 1]]},
    {"dict": [[{"tuple": [{"list": []}]}, 1]]}, {"complex": [1]}, {"complex": ["a", 1]},
    {"array": 1}, {"array": ["<f8", [1], "!"]}, {"array": ["<f8", [2], "AAAA"]},
    {"array": ["|O", [1], "AAAAAAAAAAA="]}, {"array": ["<U9", [0], ""]},
    {"array": ["<f8", [-1], ""]}, {"array": ["<f8", [True], "AAAAAAAAAAA="]},
    {"array": ["<f8", [0, 2**60], ""]}, {"array": ["<f8", [1] * 40, "AAAAAAAAAAA="]},
    {"array": [["<f8"], [0], ""]}, {"scalar": ["<f8", [2], ""]},
    {"dict": [[i, 0] for i in range(3000)]},
])
def test_what_encode_never_made_is_refused(made: Any) -> None:
    with pytest.raises(ValueError):
        inspect.unwrap(decode)(made)
