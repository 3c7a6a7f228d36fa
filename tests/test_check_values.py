"""Right answers in other clothes count, in checks and marks; wrong ones never do."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from ifcn_course.assignment.agreement import agrees
from ifcn_course.assignment.values import decode, encode
from ifcn_course.check import training, whole_functions
from ifcn_course.check.values import array_of, plain
from tests.museum_cases import solutions, verdict


class Yes:
    """Says that it is equal to everything, and an array of whatever is asked."""

    __eq__ = __ge__ = __le__ = lambda self, other: True  # type: ignore[assignment]
    __hash__ = lambda self: 0  # type: ignore[assignment]  # noqa: E731
    shape, dtype, ndim = (), np.dtype(float), 0

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise AssertionError("nobody asks for it")


class YesArray(np.ndarray):
    """An array that is equal to everything."""

    def __eq__(self, other: object) -> Any:
        return np.bool_(True)

    def __array_function__(self, *args: Any, **kwargs: Any) -> Any:
        return True


def holding(shape: tuple[int, ...]) -> object:
    """An array of such objects; of shape () one of them."""
    return np.frompyfunc(lambda _: Yes(), 1, 1)(np.zeros(shape))


def numbers(value: object) -> np.ndarray:
    return np.asarray(plain(value))


def each(kind: Callable[[float], object], value: object) -> np.ndarray:
    """An array of objects; what is no finite number stays."""
    return np.vectorize(lambda x: kind(x) if math.isfinite(x) else x, [object])(
        numbers(value).astype(float))


CLOTHES: dict[str, Callable[[Any], Any]] = {
    "list": lambda v: numbers(v).tolist(),
    "tuple": lambda v: v if numbers(v).ndim == 0 else tuple(numbers(v).tolist()),
    "tuple of rows": lambda v: v if numbers(v).ndim == 0 else tuple(numbers(v)),
    "longdouble": lambda v: numbers(v).astype(np.longdouble),
    "objects": lambda v: numbers(v).astype(object),
    "tensor": lambda v: torch.from_numpy(np.array(numbers(v), order="C")),
    "fractions": lambda v: each(Fraction, v),
    "decimals": lambda v: each(Decimal, v),
}


WHOLE = {"mask_loss": whole_functions.loss_of_masks}


def right(name: str) -> Callable[..., Any]:
    return WHOLE[name] if name in WHOLE else solutions()[name].made()


ASKED = sorted({*solutions(), *WHOLE} - {"copy_one", "copy_all", "assemble_whole"})
"""Without those that return nothing, or whose lines are counted."""


@pytest.mark.parametrize("clothes", CLOTHES)
@pytest.mark.parametrize("name", ASKED)
def test_every_check_takes_right_answers_in_other_clothes(
    name: str, clothes: str
) -> None:
    solved = right(name)

    def dressed(*args: Any) -> object:
        answer = solved(*args)
        return CLOTHES[clothes](answer) if is_numeric(answer) else answer

    assert "correct" in verdict(name, dressed)


def is_numeric(answer: object) -> bool:
    return array_of(answer).size > 0 and array_of(answer).dtype.kind in "biuf"


WRONG: dict[str, Callable[[Any], Any]] = {
    "a vast number": lambda v: np.full(np.shape(v), complex(1.7e308, 1.7e308)),
    "infinity": lambda v: np.full(np.shape(v), np.inf),
    "minus infinity": lambda v: np.full(np.shape(v), -np.inf),
    "no number": lambda v: np.full(np.shape(v), np.nan),
    "words": lambda v: repr(v) if np.ndim(v) == 0 else numbers(v).astype(str),
    "the whole in words": lambda v: repr(numbers(v).tolist()),
    "equal to everything": lambda v: Yes(),
    "an array of such": lambda v: holding(np.shape(v)),
    "an array that is": lambda v: (numbers(v) + 1.5).view(YesArray),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", ASKED)
def test_no_check_takes_wrong_answers(name: str, wrong: str) -> None:
    solved = right(name)
    assert "correct" not in verdict(name, lambda *args: WRONG[wrong](solved(*args)))


@pytest.mark.parametrize("clothes", CLOTHES)
def test_marks_are_given_for_right_answers_in_other_clothes(clothes: str) -> None:
    for expected in (0.5, 3, [1, 2], (0.5, 1.5), np.arange(6).reshape(2, 3)):
        back = decode(encode(CLOTHES[clothes](expected)))
        assert agrees(expected, back) and agrees(expected, back, "close")


@pytest.mark.parametrize(("expected", "returned"), [
    ("Otsu", np.str_("Otsu")), ("Otsu", np.array("Otsu")), (["a"], np.array(["a"])),
    ([0, 1, 2], range(3)), ([1, 2], deque([1, 2])), (["a"], {"a": 1}.keys()),
    ([1], {"a": 1}.values()), ({"a": 1}, OrderedDict(a=np.int8(1))),
    ({"a": 1}, {np.str_("a"): 1}), (True, np.bool_(True)), (1, True), (3, 3.0),
    (3, Fraction(3)), (0.1, Decimal("0.1")), (0.1, np.longdouble(1) / 10),
    ([[1], [2, 3]], (np.array([1]), (2, Fraction(3)))),
    ([(1, 0.5)], [[torch.tensor(1), torch.tensor(0.5)]]),
])
def test_marks_are_given_whatever_carries_the_value(
    expected: object, returned: object
) -> None:
    assert agrees(expected, decode(encode(returned)))
    assert agrees(expected, returned)  # as nbgrader's cells ask


@pytest.mark.parametrize("how", ["exact", "close"])
@pytest.mark.parametrize("returned", [
    complex(1.7e308, 1.7e308), math.inf, -math.inf, math.nan, "3", b"3", np.str_("3"),
    np.complex64(complex(math.inf, math.nan)), Decimal("Infinity"), Decimal("NaN"),
    Fraction(10**400), np.longdouble("1e400"), Yes(), {3}, [3], np.array([3]),
    holding((1,)), np.array(7).view(YesArray), 10**400,
])
def test_marks_are_not_given_for_wrong_values(returned: object, how: str) -> None:
    try:
        told = decode(encode(returned))
    except (TypeError, ValueError, OverflowError):
        told = None  # the page says that it cannot be compared
    assert not agrees(3, told, how)
    assert not agrees(3, returned, how)


def test_a_diagnosis_may_be_words_of_numpy_and_no_object_that_is_equal_to_all() -> None:
    from ifcn_course.check.bug_museum import LETTERS

    names = {letter: np.str_(name) for letter, (name, _) in LETTERS.items()}
    assert "correct" in verdict("diagnosis", lambda: names)
    assert "correct" not in verdict("diagnosis", lambda: dict.fromkeys(names, Yes()))


def test_trials_take_tensors_and_no_array_that_is_equal_to_everything() -> None:
    image, masks = training.flags()
    assert training.parted((torch.from_numpy(image), torch.from_numpy(masks))) is None
    assert "correct" not in verdict("halve", lambda image: image.view(YesArray))
