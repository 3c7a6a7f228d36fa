"""Widgets: a figure that can be moved, one for each lesson at most.

`_HOME` says where a widget lives; ipywidgets is loaded when the first one is used.
"""

from __future__ import annotations

from importlib import import_module

_HOME = {
    "ShiftExplorer": "shift",
    "MapGrid": "mapgrid",
    "Assembler": "assembler",
    "TrainingMonitor": "monitor",
    "CoherenceExplorer": "coherence",
    "WindowSampler": "sampler",
    "ProposalExplorer": "explorer",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    """Load a widget the first time it is used."""
    if name not in _HOME:
        have = ", ".join(sorted(_HOME))
        raise AttributeError(f"there is no widget {name!r}; there are: {have}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """List every widget, loaded or not."""
    return sorted({*globals(), *_HOME})
