"""No task of a handout is answered by one call of what ships."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from assignment_cases import code_of, made, namespace_of

from ifcn_course.assignment.agreement import agrees
from ifcn_course.assignment.key import KeyCase, KeyFunction
from ifcn_course.contents import LESSONS

MODULES = (
    "ifcn_course.assignment.agreement", "ifcn_course.assignment.numbering",
    "ifcn_course.assignment.scores", "ifcn_course.assignment.sheet", "ifcn_lab.grid",
    "ifcn_lab.assembling", "ifcn_lab.assembling.coherence", "ifcn_lab.data.masks",
    "ifcn_lab.data.run_lengths", "ifcn_lab.layers.nms", "ifcn_lab.windows.labels",
    "ifcn_lab.windows.oracle")
"""Those that know grids, windows, masks and boxes. The tasks themselves are left out:
TEACHING.md says that they hold the solutions."""
ADDED = ("K", "ORDER", "STEP")
READ: tuple[Callable[[Any, tuple], Any], ...] = (
    lambda found, args: found, lambda found, args: found[args[:2]],
    lambda found, args: found[0], lambda found, args: np.sum(found),
    lambda found, args: np.mean(found))
"""How an answer may be read from what a function returns."""


@cache
def functions() -> dict[str, tuple[Callable, int, int]]:
    """Public functions by name, with how many arguments they need and take."""
    found = {}
    for module in map(import_module, MODULES):
        for name, one in inspect.getmembers(module, inspect.isfunction):
            if one.__module__ != module.__name__ or name.startswith("_"):
                continue
            one = inspect.unwrap(one)
            asked = [p for p in inspect.signature(one).parameters.values()
                     if p.kind == p.POSITIONAL_OR_KEYWORD]
            least = sum(p.default is p.empty for p in asked)
            if least <= 6 and asked:
                found[f"{module.__name__}.{name}"] = one, least, len(asked)
    return found


def answers(
    function: Callable, least: int, most: int, case: KeyCase, more: list[object]
) -> set[tuple]:
    """The ways in which a function gives what a case expects."""
    ways = set()
    for added in (*range(-1, len(more)),):
        given = [*case.args, *more[added:added + 1][:added >= 0]]
        if not least <= len(given) <= most:
            continue
        orders = permutations(range(len(given))) if len(given) < 4 else \
            [tuple(range(len(given)))]
        for order in orders:
            returned = called(function, [given[n] for n in order])
            ways |= {(added, order, n) for n, read in enumerate(READ)
                     if fits(case, read, returned)}
    return ways


def called(function: Callable, args: list) -> object:
    try:
        return function(*(a.copy() if isinstance(a, np.ndarray) else a for a in args))
    except Exception:
        return None


def fits(case: KeyCase, read: Callable, returned: object) -> bool:
    try:
        return agrees(case.expected, read(returned, case.args), "close")
    except Exception:
        return False


def shortcuts(one: KeyFunction, more: list[object]) -> list[str]:
    """The functions that give all cases of a task, in one and the same way."""
    told = []
    for name, (function, least, most) in functions().items():
        ways: set[tuple] | None = None
        for case in one.cases:
            found = answers(function, least, most, case, more)
            ways = found if ways is None else ways & found
            if not ways:
                break
        if ways:
            told.append(f"{one.name}: {name}")
    return told


@pytest.mark.parametrize(("lesson", "seed"), product(LESSONS, (2027, 3)))
def test_no_public_function_answers_a_task(lesson: int, seed: int) -> None:
    assignment = made(lesson, seed)
    names = namespace_of(code_of(assignment.handout())[:1])
    more = [names[name] for name in ADDED if name in names]
    more += [assignment.variant.numbering]
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        told = [each for one in assignment.functions if one.cases[0].args
                for each in shortcuts(one, more)]
    assert told == []
