"""Instance-sensitive fully convolutional networks, to read, move and train.

Importing the package is instant: torch, numba and matplotlib are loaded only when
a name that needs them is used.

>>> import ifcn_lab
>>> ifcn_lab.Grid(k=3, m=6).cell_of.tolist()
[0, 0, 1, 1, 2, 2]
"""

from __future__ import annotations

import os
from importlib import import_module

# torch's threads wait for each other after every layer. On a busy machine they must
# sleep while they wait: spinning made a training step ten times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"

_HOME = {
    "Grid": "grid",
    "assemble": "assembling",
    "Instances": "segmenter",
    "Segmenter": "segmenter",
    "InstanceFCN": "models.instancefcn",
    "ScoreMaps": "windows.losses",
    "load": "models",
    "propose": "windows.proposals",
    "Recipe": "training",
    "train": "training",
    "average_recall": "metrics",
    "CocoFolder": "data.coco",
}
_ROOMS = frozenset(
    "grid assembling scenes data views segmenter layers windows models training "
    "metrics league draw widgets cli".split()
)

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> object:
    """Load a public name, or a room of the package, the first time it is used."""
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"ifcn_lab has no {name!r}; see dir(ifcn_lab) for what it has")


def __dir__() -> list[str]:
    """List the public names and rooms, loaded or not."""
    return sorted({*globals(), *__all__, *_ROOMS})
