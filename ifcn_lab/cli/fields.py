"""Options of the command line, made from the fields of a dataclass and their docs."""

from __future__ import annotations

import inspect
import json
import re
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Callable, Collection
from dataclasses import fields
from math import isfinite
from typing import Any

from ifcn_lab.cli.options import number

finite = number(float, "a finite number", isfinite)


def add_fields(
    group: ArgumentParser | Any, kind: type, leave_out: Collection[str] = ()
) -> None:
    """An option for every field of a dataclass; None where it is not given.

    The help is what the docstring says of the field under "Args:", with the default
    behind it.
    """
    said = documented(kind)
    for field in fields(kind):
        if field.name not in leave_out:
            group.add_argument(f"--{field.name.replace('_', '-')}", default=None,
                               help=said.get(field.name, ""), **reader(field.type))


def given_fields(given: Namespace, kind: type) -> dict[str, Any]:
    """The fields of a dataclass that were given as options."""
    found = {f.name: getattr(given, f.name, None) for f in fields(kind)}
    return {name: value if not isinstance(value, list) else
            dict(value) if isinstance(value[0], list) else tuple(value)
            for name, value in found.items() if value is not None}


def documented(kind: type) -> dict[str, str]:
    """What a docstring says of each name under "Args:", in one line.

    Example:
        >>> class Soup:
        ...     '''Soup.
        ...
        ...     Args:
        ...         salt: how much,
        ...             in grams.
        ...         pot, lid: of iron.
        ...     '''
        >>> documented(Soup)
        {'salt': 'how much, in grams.', 'pot': 'of iron.', 'lid': 'of iron.'}
    """
    text = inspect.getdoc(kind) or ""        # empty under python -OO
    _, _, after = text.partition("Args:\n")
    section = re.split(r"\n\n(?=\S)", after)[0]
    entries = re.findall(r"^    (\w[\w, ]*): (.*(?:\n {8,}.*)*)", section, re.MULTILINE)
    return {name.strip(): re.sub(r"\s+", " ", body).replace("%", "%%")
            for names, body in entries for name in names.split(",")}


def reader(annotation: str) -> dict[str, Any]:
    """How argparse reads a field of this type, as it is written in the source.

    Example:
        >>> sorted(reader("tuple[float, ...] | None"))
        ['metavar', 'nargs', 'type']
    """
    plain = annotation.removesuffix(" | None")
    if plain == "bool":
        return {"action": BooleanOptionalAction}
    if plain.startswith("tuple[float"):
        return {"type": finite, "nargs": "+", "metavar": "X"}
    if plain.startswith("Mapping[str, float"):
        return {"type": named(finite), "nargs": "+", "metavar": "NAME=X"}
    types: dict[str, Callable[[str], Any]] = {"int": int, "float": finite, "str": str}
    return {"type": types[plain],
            "metavar": {"int": "N", "float": "X"}.get(plain, "NAME")}


def named(value: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    """How argparse reads NAME=X, as name and value.

    >>> named(float)("mask=4"), named(anything)("frozen=true")
    (['mask', 4.0], ['frozen', True])
    """

    def read(text: str) -> list[Any]:
        name, equals, given = text.partition("=")
        if not (name and equals):
            raise ArgumentTypeError(f"expected NAME=X, such as mask=4, got {text}")
        return [name, value(given)]

    return read


def anything(text: str) -> Any:
    """A value in JSON; what is no JSON is text.

    >>> anything("14"), anything("small")
    (14, 'small')
    """
    try:
        return json.loads(text)
    except ValueError:
        return text
