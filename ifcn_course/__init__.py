"""What a class needs beside the library: checks, the bug museum, questions, grading.

It imports `ifcn_lab`, which never looks back.
"""

from __future__ import annotations

from importlib import import_module

_ROOMS = ("assignment", "check", "film", "grading", "inventory", "museum",
          "predict")


def __getattr__(name: str) -> object:
    """Load a room of the package the first time it is used."""
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"ifcn_course has no {name!r}; it has {', '.join(_ROOMS)}")


def __dir__() -> list[str]:
    """List the rooms, loaded or not."""
    return sorted({*globals(), *_ROOMS})
