"""Checks of open problems: many answers are right, so a property or a bar is checked.

>>> from functools import partial
>>> def tried(function):
...     def fault(answer):
...         return None if answer % 2 == 0 else f"{answer} is odd."
...     yield Trial("n = 3", partial(function, 3), fault, "Double it.")
>>> judge("Exercise 1.9", tried(lambda n: 6 * n), "the number is even")
Exercise 1.9: correct, the number is even.
>>> judge("Exercise 1.9", tried(lambda n: n), "the number is even")
Exercise 1.9: not yet right for n = 3.
3 is odd.
Double it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ifcn_course import progress
from ifcn_course.check.learner_errors import told


class Trial(NamedTuple):
    """Something done with a learner's function, and what may be wrong with the outcome.

    `what` names it; `run` calls the function; `fault` takes what comes of it and says
    in a sentence what is wrong with it, or returns None; `hint` says what to look at.
    """

    what: str
    run: Callable[[], Any]
    fault: Callable[[Any], str | None]
    hint: str = ""


def judge(exercise: str, trials: Iterable[Trial], passed: str) -> None:
    """Try in order, print the verdict, and stop at the first trial that fails.

    `passed` says what holds of a right answer, without figures: they differ a little
    from machine to machine. Put the cheapest trial first: an exercise that is not begun
    stops there.
    """
    for trial in trials:
        problem = _problem(trial)
        if problem:
            print(f"{exercise}: {problem}")
            return
    progress.right(exercise, passed)


def _problem(trial: Trial) -> str | None:
    what = trial.what
    try:
        outcome = trial.run()
    except NotImplementedError:
        return "not done yet."
    except (Exception, SystemExit) as error:  # a learner's code may raise anything
        return _lines(told(what, error), trial.hint)
    if outcome is None:
        return f"your function returned nothing for {what}. Is there a `return`?"
    try:
        fault = trial.fault(outcome)
    except Exception:  # objects may raise anything, whatever they are asked
        return (f"your function returned a value of type {type(outcome).__name__} for "
                f"{what}; it cannot be judged.")
    return fault and _lines(f"not yet right for {what}.", fault, trial.hint)


def _lines(*lines: str) -> str:
    return "\n".join(filter(None, lines))
