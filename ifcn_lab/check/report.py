"""Run a learner's function on small cases and say calmly what came out.

>>> def cell_of(i, k, m):
...     return i * m // k
>>> cases = [
...     Case("k = 1, m = 1", (0, 1, 1), 0),
...     Case("k = 2, m = 4", (3, 2, 4), 1, hint="Cells are m / k wide."),
... ]
>>> report("Exercise 3.1", cell_of, cases)
Exercise 3.1: not yet right for k = 2, m = 4.
Yours:
6
Expected:
1
Cells are m / k wide.
"""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ifcn_lab.check.grids import grid

_FOREIGN = frozenset(
    [Path(__file__).parent.parent]
    + [Path(sysconfig.get_path(kind)) for kind in ("stdlib", "purelib", "platlib")]
)
Agree = Callable[[np.ndarray, np.ndarray], bool]


class Case(NamedTuple):
    """One call and what it should return; `what` names it: "k = 1, m = 1"."""

    what: str
    args: tuple[object, ...]
    expected: object
    hint: str = ""


def same(yours: np.ndarray, expected: np.ndarray) -> bool:
    """Say whether two arrays have one shape and the same values, NaN included.

    >>> same(np.array([1.0, np.nan]), np.array([1.0, np.nan]))
    True
    """
    if yours.shape != expected.shape:
        return False
    nan = yours.dtype.kind == "f" and expected.dtype.kind == "f"
    return bool(np.array_equal(yours, expected, equal_nan=nan))


def close(yours: np.ndarray, expected: np.ndarray) -> bool:
    """Say whether two arrays have one shape and values within a millionth.

    >>> close(np.array(0.1 + 0.2), np.array(0.3))
    True
    """
    if yours.shape != expected.shape or yours.dtype.kind not in "biuf":
        return False
    return bool(np.allclose(yours, expected, rtol=1e-6, atol=1e-6, equal_nan=True))


def report(
    exercise: str,
    function: Callable[..., object],
    cases: Sequence[Case],
    *,
    agree: Agree = same,
) -> None:
    """Try the cases in order, print the verdict and stop at the first that differs.

    Put the smallest case first: it is the one a learner can follow by hand.
    `agree` compares two arrays: `same` (exact) or `close`.
    """
    for case in cases:
        problem = _problem(function, case, agree)
        if problem:
            print(f"{exercise}: {problem}")
            return
    count = "the case agrees" if len(cases) == 1 else f"all {len(cases)} cases agree"
    print(f"{exercise}: correct, {count}.")


def _problem(function: Callable[..., object], case: Case, agree: Agree) -> str | None:
    try:
        returned = function(*deepcopy(case.args))
    except NotImplementedError:
        return "not done yet."
    except Exception as error:  # a learner's code may raise anything
        return _raised(error, case)
    if returned is None:
        return f"your function returned nothing for {case.what}. Is there a `return`?"
    yours, expected = _array(returned), _array(case.expected)
    return None if agree(yours, expected) else _differs(yours, expected, case)


def _array(value: object) -> np.ndarray:
    """Return arrays, tensors, sequences and numbers as arrays; anything else as is."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    try:
        return np.asarray(value)
    except ValueError:  # ragged: compare what it prints
        return np.asarray(repr(value))


def _raised(error: Exception, case: Case) -> str:
    where = _line(error)
    place = f" in line {where} of your cell" if where else ""
    lines = [f"stopped for {case.what}{place}.", f"{type(error).__name__}: {error}"]
    return "\n".join([*lines, *filter(None, [case.hint])])


def _line(error: Exception) -> int | None:
    """Return the line of the learner's own code that raised, if any did."""
    frames = traceback.extract_tb(error.__traceback__)
    own = (f.lineno for f in reversed(frames) if not _foreign(Path(f.filename)))
    return next(own, None)


def _foreign(file: Path) -> bool:
    return not _FOREIGN.isdisjoint(file.parents)


def _differs(yours: np.ndarray, expected: np.ndarray, case: Case) -> str:
    lines = [f"not yet right for {case.what}."]
    if yours.shape != expected.shape:
        lines.append(f"Yours has shape {yours.shape}, expected is {expected.shape}.")
    lines += [*grid(yours, expected), *filter(None, [case.hint])]
    return "\n".join(lines)
