"""Which back ends there are, which can be used here, and which one is best."""

from __future__ import annotations

import os
from collections import defaultdict
from importlib import import_module
from importlib.util import find_spec
from math import prod
from types import ModuleType
from typing import Any

import numpy as np
from jaxtyping import Int

from ifcn_lab.assembling import arguments

MODULES = {
    "loop": "loop",
    "numpy": "numpy_",
    "view": "view",
    "numba": "numba_",
    "torch": "torch_",
    "cuda": "cuda",
    "cuda-reference": "cuda_reference",
}
NUMBA_FROM = 20_000_000
"""Scores to copy from which on numba pays: NumPy needs about 0.1 s for so many, and to
load numba with a compiled kernel takes a quarter of a second, once."""
REPEATED_FROM = 1_000_000
"""Scores of a call that counts towards `NUMBA_FROM`. Below, waiting for all cores can
take longer than NumPy does: on busy ones a hundredth of a second and more."""

_copied: dict[tuple[int, int], int] = defaultdict(int)
"""Scores of arrays that counted, by channels and m: there is a kernel for each."""
_numba_in: set[int] = set()
"""The process that was told numba; one forked from it must not start numba again, as
GNU OpenMP ends it."""


def backends() -> dict[str, str | None]:
    """Every back end by name: None if it can be used here, else the reason it cannot.

    The answer is found by loading torch and numba, which takes seconds the first time.
    "cuda" can be used wherever numba can: without a GPU it runs on numba's simulator,
    at about 0.15 s for a window of 21 x 21. `ifcn_lab.assembling.device.device_name()`
    tells which of the two it is.

    >>> backends()["loop"] is None
    True
    """
    return {name: _why_not(name) for name in MODULES}


def best(score_maps: Any, places: Int[np.ndarray, "N 3"] | None, m: int) -> str:
    """The back end that "auto" stands for, which this counts as a call.

    >>> best(np.zeros((25, 8, 8)), None, m=21)
    'numpy'
    """
    tensor = arguments.is_tensor(score_maps)
    if tensor and (score_maps.requires_grad or score_maps.device.type != "cpu"):
        return "torch"
    *front, channels, H, W = score_maps.shape
    windows = prod(front) * H * W if places is None else len(places)
    scores = windows * m * m
    if not tensor and scores >= REPEATED_FROM:
        _copied[channels, m] += scores
        scores = _copied[channels, m]
    if scores >= NUMBA_FROM and find_spec("numba") and _numba_in <= {os.getpid()}:
        _numba_in.add(os.getpid())
        return "numba"
    return "torch" if tensor else "numpy"


def load(backend: str) -> ModuleType:
    """The module of a back end.

    Raises:
        ValueError: there is none of that name, or it cannot be used here.
    """
    reason = "is unknown" if backend not in MODULES else _why_not(backend)
    if reason is None:
        return import_module(f"{__package__}.{MODULES[backend]}")
    known = [
        f"{name!r}" + (f" (not here: {why})" if why else "")
        for name, why in backends().items()
    ]
    raise ValueError(
        f"backend {backend!r} cannot be used: {reason}. "
        f"Choose 'auto' or one of {', '.join(known)}.")


def _why_not(backend: str) -> str | None:
    try:
        import_module(f"{__package__}.{MODULES[backend]}")
    except (ImportError, OSError) as error:  # OSError: a shared library is missing
        return str(error)
    return None
