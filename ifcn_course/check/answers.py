"""What a function answers to a case, be it an array or an error, and who else does.

A learner's function may write into its arguments, hand out the same array again and
again, print, warn or raise: nothing of that reaches the next case.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from copy import deepcopy
from io import StringIO
from typing import NamedTuple

import numpy as np

from ifcn_course.check.values import array_of, close, same
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
        cells: (k, unit), where value // unit is the number of one of k * k score maps;
            the picture then has their colours.
    """

    what: str
    args: tuple[object, ...]
    expected: object
    hint: str = ""
    cells: tuple[int, int] | None = None


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


def answer_of(function: Function, case: Case, run: Function = call) -> Answer:
    """Run a function on a case, once.

    Only what stops the whole notebook on purpose, an interrupt, goes through.

    >>> answer_of(lambda x: x / 0, Case("x = 1", (1,), 2)).error
    ZeroDivisionError('division by zero')
    """
    try:
        returned = run(function, *deepcopy(case.args))
        return Answer(None if returned is None else array_of(returned))
    except (Exception, SystemExit) as error:  # a learner's code may raise anything
        return Answer(None, error)


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


class Suspicion(NamedTuple):
    """A specimen that answers as the learner does, in all cases or in one."""

    specimen: Specimen
    certain: bool


def suspected(
    specimens: Sequence[Specimen],
    function: Function,
    cases: Sequence[Case],
    failed: tuple[int, Answer],
    agree: Agree = same,
    run: Function = call,
) -> Suspicion | None:
    """The specimen whose answers a wrong function gives.

    Args:
        specimens: those that concern the exercise.
        function: the learner's; it runs once on each case after the failed one, and
            not at all if no specimen fits so far.
        cases: all cases of the check.
        failed: the number of the first case that failed, and the answer there. Before
            it the function was right.
        agree: what the check calls right.
        run: how the check calls a function.

    Returns:
        A specimen that answers alike in every case: certain. Else the one specimen
        that is right before the failed case and answers alike there: not certain. None
        where there is no such specimen, or more than one.
    """
    at, answer = failed
    with silence():
        fits = [each for each in specimens
                if alike(answer_of(each.function, cases[at], run), answer)
                and all(right(each.function, case, agree, run) for case in cases[:at])]
        sure = fits
        for case in cases[at + 1 :]:
            yours = answer_of(function, case, run) if sure else None
            sure = [each for each in sure
                    if alike(answer_of(each.function, case, run), yours)]
    if sure:
        return Suspicion(sure[0], certain=True)
    return Suspicion(fits[0], certain=False) if len(fits) == 1 else None


def right(function: Function, case: Case, agree: Agree, run: Function = call) -> bool:
    """Whether a function gives what the case expects.

    >>> right(lambda x: 2 * x, Case("x = 1", (1,), 2), same)
    True
    """
    values = answer_of(function, case, run).values
    return values is not None and agree(values, array_of(case.expected))


@contextmanager
def silence() -> Iterator[None]:
    """Nothing that is printed or warned in here is seen."""
    with (
        warnings.catch_warnings(), np.errstate(all="ignore"),
        redirect_stdout(StringIO()), redirect_stderr(StringIO()),
    ):
        warnings.simplefilter("ignore")
        yield
