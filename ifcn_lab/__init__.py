"""Instance-sensitive fully convolutional networks, to read, move and train.

Importing the package is instant: torch, numba and matplotlib are loaded only when
a name that needs them is used.

>>> import ifcn_lab
>>> ifcn_lab.Grid(k=3, m=6).part_of.tolist()
[0, 0, 1, 1, 2, 2]
"""

from __future__ import annotations

import os

from ifcn_lab.lazy import loaded_when_used

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
_ROOMS = dict.fromkeys(
    "grid assembling scenes data views segmenter layers windows models training "
    "metrics league draw widgets cli".split(), "")

__all__ = ["__version__", *sorted(_HOME)]
__getattr__, __dir__ = loaded_when_used(__name__, _ROOMS | _HOME, "name")
