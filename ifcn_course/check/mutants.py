"""Tests of assembling, tried on wrong assemblers: which are killed, which survive.

A learner's test is a function `test(assemble)`. It calls `assemble(score_maps, m,
centers, fill)` and returns True where it finds nothing wrong. A wrong assembler, a
mutant, is killed by a test that returns False for it, or that it makes stop.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ifcn_course import museum
from ifcn_course.museum import Specimen

Test = Callable[[Callable[..., Any]], object]


class Outcome(NamedTuple):
    """What a test said: `passes`, or why not; how many scores it looked at."""

    passes: bool
    reason: str
    scores: int
    nothing: bool = False


def answer(test: Test, assemble: Callable[..., Any]) -> Outcome:
    """Run a test on one assembler, right or wrong.

    `centers` and `score_maps` may be lists; `fill` may be left out and is 0 then.
    A test passes if it returns True, or nothing at all, as one with `assert` does.

    Raises:
        NotImplementedError: the test is not written yet.

    >>> def test(assemble):
    ...     return assemble([[[7]]], 1, [(0, 0)])[0, 0, 0] == 7
    >>> from ifcn_course.check.rewrites import by_definition
    >>> answer(test, by_definition)
    Outcome(passes=True, reason='', scores=1, nothing=False)
    """
    seen = [0]

    def given(score_maps: Any, m: int, centers: Any, fill: float = 0) -> Any:
        maps = np.array(score_maps)
        seen[0] += maps.size
        places = np.array(centers, int).reshape(-1, 2)
        return assemble(maps, m, places, fill)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            said = test(given)
            passes = said is None or bool(np.all(said))
    except NotImplementedError:
        raise
    except Exception as error:  # an assert of the test, or the assembler itself
        return Outcome(False, f"{type(error).__name__}: {error}".rstrip(": "), seen[0])
    return Outcome(passes, "" if passes else "it returned False", seen[0], said is None)


def mutants() -> tuple[Specimen, ...]:
    """The museum's wrong assemblers.

    >>> len(mutants()) > 20
    True
    """
    return museum.concerning("assemble")


def survivors(test: Test) -> list[Specimen]:
    """The wrong assemblers in which a test finds nothing wrong.

    >>> len(survivors(lambda assemble: True)) == len(mutants())
    True
    >>> survivors(lambda assemble: False)
    []
    """
    return [each for each in mutants() if answer(test, each.function).passes]
