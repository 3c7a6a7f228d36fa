"""Names of a package that load their module the first time they are used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def loaded_when_used(
    package: str, home: Mapping[str, str], kind: str
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """What a package calls `__getattr__` and `__dir__`.

    Args:
        package: its `__name__`.
        home: for each public name, the module that holds it; "" where it is one.
        kind: what its names are, for the error that lists them.

    >>> load, names = loaded_when_used("ifcn_lab.draw", {"part_colours": "palette"},
    ...                                "figure")
    >>> load("part_colours")(1)
    ['#537da6']
    >>> load("pie")
    Traceback (most recent call last):
    AttributeError: there is no figure 'pie'; there are: part_colours
    """

    def load(name: str) -> object:
        if name not in home:
            have = ", ".join(sorted(home))
            raise AttributeError(f"there is no {kind} {name!r}; there are: {have}")
        module = import_module(f"{package}.{home[name] or name}")
        return getattr(module, name) if home[name] else module

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *home})

    return load, names
