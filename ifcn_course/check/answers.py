"""What a function answers to a case, be it an array or an error, and what explains it.

A learner's function may write into its arguments, hand out the same array again and
again, print, warn or raise: nothing of that reaches the next case.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from copy import deepcopy
from io import StringIO
from typing import NamedTuple

import numpy as np

from ifcn_course.check.values import NUMBERS, array_of, close, same
from ifcn_course.museum.specimen import Specimen

Function = Callable[..., object]
Agree = Callable[[np.ndarray, np.ndarray], bool]


class Case(NamedTuple):
    """One call and what it should return.

    Args:
        what: its name: "k = 1, m = 1".
        args: the arguments.
        expected: what a right function returns.
        hint: one sentence for who fails here.
        parts: (k, unit), where value // unit is the number of one of k * k score maps;
            the picture then has their colours.
    """

    what: str
    args: tuple[object, ...]
    expected: object
    hint: str = ""
    parts: tuple[int, int] | None = None


class Unfit(TypeError):
    """What came back is of another kind than what is asked for; says so in a sentence.
    """


class Answer(NamedTuple):
    """What came back: an array, or None and perhaps the error that was raised."""

    values: np.ndarray | None
    error: BaseException | None = None


def call(function: Function, *args: object) -> object:
    """The way most checks run a function.

    >>> call(max, 2, 3)
    3
    """
    return function(*args)


def each_of(function: Function, given: object, *args: object) -> object:
    """A run over a list of first arguments, so that one case asks for all of them.

    >>> each_of(pow, 3, 2), each_of(pow, [1, 2, 3], 2)
    (9, [1, 4, 9])
    """
    if isinstance(given, list):
        return [function(each, *args) for each in given]
    return function(given, *args)


SIZES = ((1, 2), (2, 2), (2, 5), (3, 4), (3, 7), (3, 10), (4, 9), (4, 14), (5, 5),
         (5, 7), (5, 21), (6, 22), (7, 24))
"""Pairs (k, m) at which, together, no rule is right by accident of all that a search
through short formulas found."""


def answer_of(function: Function, case: Case, run: Function = call) -> Answer:
    """Run a function on a case, once.

    Only what stops the whole notebook on purpose, an interrupt, goes through.

    >>> answer_of(lambda x: x / 0, Case("x = 1", (1,), 2)).error
    ZeroDivisionError('division by zero')
    """
    try:
        returned = run(function, *deepcopy(case.args))
    except (Exception, SystemExit) as error:  # a learner's code may raise anything
        return Answer(None, error)
    return Answer(None) if returned is None else _fitting(returned, case)


def _fitting(returned: object, case: Case) -> Answer:
    """An answer whose values can be compared: numbers with numbers, text with text."""
    expected = array_of(case.expected)
    numbers = [expected.dtype.kind in NUMBERS]
    try:
        values = array_of(returned)
        numbers.append(values.dtype.kind in NUMBERS)
    except Exception:  # objects may raise anything, whatever they are asked
        numbers.append(not numbers[0])
    if numbers[0] == numbers[1]:
        return Answer(values)
    shape = f"numbers of shape {expected.shape}" if expected.ndim else "a number"
    return Answer(None, Unfit(
        f"your function returned a value of type {type(returned).__name__} for "
        f"{case.what}; expected is {shape if numbers[0] else 'a text'}."))


def alike(a: Answer, b: Answer) -> bool:
    """Whether two functions answer alike: the same kind of error, or equal arrays.

    Where there is a number with a point, rounding is forgiven.

    >>> alike(Answer(np.array(0.3)), Answer(np.array(0.1 + 0.2)))
    True
    >>> alike(Answer(None, KeyError(1)), Answer(None, IndexError(2)))
    False
    """
    if a.values is None or b.values is None:
        return a.values is b.values and type(a.error) is type(b.error)
    kinds = {a.values.dtype.kind, b.values.dtype.kind}
    agree = close if "f" in kinds else same
    return agree(a.values, b.values)


def explanation(
    specimens: Sequence[Specimen],
    function: Function,
    cases: Sequence[Case],
    failed: tuple[int, Answer],
    agree: Agree = same,
    run: Function = call,
    rule: str = "",
) -> str:
    """What may be said of a wrong function: only what explains every case that fails.

    Args:
        specimens: those that concern the exercise.
        function: the learner's; it runs once on each case after the failed one.
        cases: all cases of the check.
        failed: the number of the first case that failed, and the answer there. Before
            it the function was right.
        agree: what the check calls right.
        run: how the check calls a function.
        rule: what is asked, in a sentence that accuses nobody.

    Returns:
        The mistake and the advice of a specimen that answers alike in every case. Else
        the hint that all cases have that fail; else the rule.
    """
    at, answer = failed
    with silence():
        later = [answer_of(function, case, run) for case in cases[at + 1 :]]
        told = list(zip(cases[at:], [answer, *later], strict=True))
        for each in specimens:
            if all(alike(answer_of(each.function, case, run), yours)
                   for case, yours in told) \
                    and all(right(each.function, case, agree, run)
                            for case in cases[:at]):
                return f"{each.mistake}\n{each.advice}"
        return common(case.hint for case, yours in told
                      if not correct(yours, case, agree)) or rule


def common(hints: Iterable[str]) -> str:
    """The hint that all failing cases have; none where they differ.

    >>> common(["Add.", "Add."]), common(["Add.", "Off the map stands fill."])
    ('Add.', '')
    """
    several = set(hints)
    return several.pop() if len(several) == 1 else ""


def correct(answer: Answer, case: Case, agree: Agree) -> bool:
    """Whether an answer is what the case expects.

    >>> correct(Answer(np.array(2)), Case("x = 1", (1,), 2), same)
    True
    """
    return answer.values is not None and agree(answer.values, array_of(case.expected))


def right(function: Function, case: Case, agree: Agree, run: Function = call) -> bool:
    """Whether a function gives what the case expects.

    >>> right(lambda x: 2 * x, Case("x = 1", (1,), 2), same)
    True
    """
    return correct(answer_of(function, case, run), case, agree)


@contextmanager
def silence() -> Iterator[None]:
    """Nothing that is printed or warned in here is seen."""
    with (
        warnings.catch_warnings(), np.errstate(all="ignore"),
        redirect_stdout(StringIO()), redirect_stderr(StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
