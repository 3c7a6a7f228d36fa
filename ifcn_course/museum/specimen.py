"""What a specimen of the bug museum is, and how a function becomes one."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from textwrap import dedent
from typing import NamedTuple, TypeVar

Answering = TypeVar("Answering", bound=Callable[..., object])
OPENING = "It looks as if "
SHELF: dict[str, Specimen] = {}
"""Every specimen of the files that are loaded, by its name."""


class Specimen(NamedTuple):
    """A real mistake as a small function.

    Args:
        name: the function's name.
        title: two to five words, for a label.
        mistake: one sentence to the learner; begins with "It looks as if ".
        advice: one sentence that says what to look at.
        function: takes what the learner's function takes.
        concerns: the names of the checks that should recognise it.
    """

    name: str
    title: str
    mistake: str
    advice: str
    function: Callable[..., object]
    concerns: tuple[str, ...]


def mistake(
    title: str, says: str, advice: str, *concerns: str
) -> Callable[[Answering], Answering]:
    """Put the function below on the shelf, under its own name.

    Args:
        title: two to five words.
        says: what it looks like, to the learner.
        advice: what to look at.
        concerns: the names of the checks that should recognise it.

    Raises:
        ValueError: the sentence begins otherwise, or the name is taken.

    >>> @mistake("Sum instead of mean", "The answers are added.", "Divide.", "mean")
    ... def summed(answers):
    ...     return sum(answers)
    Traceback (most recent call last):
    ValueError: a mistake begins with 'It looks as if ', got 'The answers are added.'
    """
    if not says.startswith(OPENING):
        raise ValueError(f"a mistake begins with {OPENING!r}, got {says!r}")

    def shelve(function: Answering) -> Answering:
        name = function.__name__
        known = SHELF.get(name)
        if known and known.function.__module__ != function.__module__:
            raise ValueError(f"there is a specimen {name!r} already; choose a new name")
        SHELF[name] = Specimen(name, title, says, advice, function, concerns)
        return function

    return shelve


def source(specimen: Specimen) -> str:
    """The code of a specimen, without what gives the mistake away.

    Decorator, docstring and annotations are left out.

    >>> def halved(x: int) -> float:
    ...     \"\"\"Half of it.\"\"\"
    ...     return x / 2
    >>> print(source(Specimen("halved", "", "", "", halved, ())))
    def halved(x):
        return x / 2
    """
    text = dedent(inspect.getsource(inspect.unwrap(specimen.function)))
    function = ast.parse(text).body[0]
    lines = text.splitlines()
    first = function.body[1 if ast.get_docstring(function) else 0]
    names = ", ".join(argument.arg for argument in function.args.args)
    return "\n".join([f"def {function.name}({names}):", *lines[first.lineno - 1 :]])
