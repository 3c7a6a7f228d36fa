"""Run a learner's function on small cases and say calmly what came out.

>>> def part_of(i, k, m):
...     return i * m // k
>>> cases = [
...     Case("k = 1, m = 1", (0, 1, 1), 0),
...     Case("k = 2, m = 4", (3, 2, 4), 1, hint="Parts are m / k wide."),
... ]
>>> report("Exercise 3.1", part_of, cases)
Exercise 3.1: not yet right for k = 2, m = 4.
Yours:
6
Expected:
1
Parts are m / k wide.

Inside a check the answers are also compared with those of the bug museum: where a
specimen answers alike in every case, its mistake is named. Else a hint is given if all
cases that fail have it, and the rule of the exercise if not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from ifcn_course import museum, progress
from ifcn_course.check.answers import (
    Agree,
    Answer,
    Case,
    Unfit,
    answer_of,
    call,
    correct,
    explanation,
)
from ifcn_course.check.grids import grid
from ifcn_course.check.learner_errors import told
from ifcn_course.check.values import array_of, close, same

__all__ = ["Case", "close", "report", "same"]


def report(
    exercise: str,
    function: Callable[..., object],
    cases: Sequence[Case],
    *,
    agree: Agree = same,
    run: Callable[..., object] = call,
    rule: str = "",
    then: Callable[[], None] | None = None,
) -> None:
    """Try the cases in order, print the verdict and stop at the first that differs.

    Put the smallest case first: it is the one a learner can follow by hand. In a
    notebook a picture of both answers stands below the verdict.

    Args:
        exercise: its name: "Exercise 3.1".
        function: the learner's.
        cases: the smallest first.
        agree: compares two arrays: `same` (exact) or `close`.
        run: calls the function with a case's arguments: `run(function, *args)`.
        rule: what is asked, in a sentence, for whoever fails cases of several hints.
        then: what follows when all cases agree; None: it is said that they do.
    """
    for at, case in enumerate(cases):
        answer = answer_of(function, case, run)
        if isinstance(answer.error, NotImplementedError):
            print(f"{exercise}: not done yet.")
            return
        if not correct(answer, case, agree):
            print(f"{exercise}: {_verdict(answer, case)}")
            if answer.values is None and isinstance(answer.error, Unfit | None):
                return
            said = explanation(museum.concerning(asking()), function, cases,
                               (at, answer), agree, run, rule)
            print(said, end="\n" * bool(said))
            _show(answer, case)
            return
    if then:
        then()
        return
    count = "the case agrees" if len(cases) == 1 else f"all {len(cases)} cases agree"
    progress.right(exercise, count)


def asking() -> str:
    """The name of the check that is running, "" outside of checks."""
    from ifcn_course.check import _HOME

    frame = sys._getframe()
    while frame is not None:
        name, module = frame.f_code.co_name, frame.f_globals.get("__name__")
        if name in _HOME and module == f"ifcn_course.check.{_HOME[name]}":
            return name
        frame = frame.f_back
    return ""


def _verdict(answer: Answer, case: Case) -> str:
    if isinstance(answer.error, Unfit):
        return str(answer.error)
    if answer.error is not None:
        return told(case.what, answer.error)
    if answer.values is None:
        return f"your function returned nothing for {case.what}. Is there a `return`?"
    yours, expected = answer.values, array_of(case.expected)
    lines = [f"not yet right for {case.what}."]
    if yours.shape != expected.shape:
        lines.append(f"Yours has shape {yours.shape}, expected is {expected.shape}.")
    return "\n".join([*lines, *grid(yours, expected)])


def _show(answer: Answer, case: Case) -> None:
    """In a notebook, draw both answers side by side, where there is more than a number.

    Matplotlib is loaded here and not before.
    """
    expected = array_of(case.expected)
    if not in_notebook() or answer.values is None or expected.ndim == 0:
        return
    from ifcn_course.check.pictures import can_be_drawn, yours_and_expected
    from ifcn_lab.draw.picture import show

    if can_be_drawn(answer.values) and can_be_drawn(expected):
        show(yours_and_expected(answer.values, expected, parts=case.parts))


def in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel.

    >>> in_notebook()
    False
    """
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")
