"""Assembling: windows put together from score maps, by one of several back ends.

One public function, `assemble`, over one file for each implementation:

- `loop`: the definition, pixel by pixel;
- `numpy`: k * k block copies;
- `torch`: one gather, with gradients;
- `cuda`: a numba-CUDA kernel, on a GPU or on numba's simulator.

All of them copy and none calculates, so they agree bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from numbers import Real
from types import ModuleType
from typing import Any

import numpy as np
from jaxtyping import Int, Shaped

from ifcn_lab.assembling import given
from ifcn_lab.grid import Grid

_MODULES = {"loop": "loop", "numpy": "numpy_", "torch": "torch_", "cuda": "cuda"}

__all__ = ["assemble", "backends"]


def assemble(
    score_maps: Shaped[Any, "kk H W"],
    m: int | np.integer,
    *,
    centers: Shaped[Any, "N 2"] | Sequence | None = None,
    backend: str = "auto",
    fill: Real = 0.0,
) -> Shaped[Any, "H W {m} {m}"] | Shaped[Any, "N {m} {m}"]:
    """Assemble windows of m x m scores from k * k score maps.

    The window at (y, x) covers rows y - m//2 ... y - m//2 + m - 1 of the feature map,
    and columns likewise. Its pixel (i, j) is a copy of the score at that place in map
    number `Grid(k, m).channel[i, j]`. Nothing is averaged and nothing is judged: NaN
    and infinity are copied like any other score. Maps without a single position
    (H = 0 or W = 0) give a result without a single window.

    Source: Dai et al., ECCV 2016, "Instance assembling module".

    Args:
        score_maps: (k * k, H, W), a NumPy array or a torch tensor of booleans,
            integers or floating-point numbers. k follows from the channel count.
        m: window side in feature-map cells, at least k.
        centers: (N, 2) integers (y, x), positions on the map. None: every position.
        backend: one of `backends()`. "auto": "torch" for a tensor, else "numpy".
        fill: the score outside the map.

    Returns:
        (H, W, m, m), or (N, m, m) for chosen centers; of the kind, the dtype and on
        the device of `score_maps`. Gradients flow through the "torch" back end.

    Raises:
        TypeError: score maps, m, centers or fill are of a type that cannot serve.
        ValueError: a shape or value is wrong: k * k channels, m >= k, centers on the
            map, a fill that the dtype can hold, a back end that is there, and no
            gradients asked of a back end that has none.

    >>> maps = np.arange(4).reshape(4, 1, 1) * np.ones((4, 5, 5), int)
    >>> assemble(maps, 4, centers=[(2, 2)])
    array([[[0, 0, 1, 1],
            [0, 0, 1, 1],
            [2, 2, 3, 3],
            [2, 2, 3, 3]]])
    >>> assemble(maps, 4).shape
    (5, 5, 4, 4)
    """
    grid = Grid(given.cells_per_side(score_maps), m)
    places = given.checked_centers(centers, score_maps.shape)
    fill = given.checked_fill(fill, score_maps.dtype)
    if not given.is_tensor(score_maps):
        module = _load("numpy" if backend == "auto" else backend)
        return _assemble_array(module, score_maps, grid, places, fill)
    if backend in ("auto", "torch"):
        return _load("torch").assemble_tensor(score_maps, grid, places, fill)
    module = _load(backend)
    given.refuse_gradient(score_maps, backend)
    through = _load("torch").assemble_through_numpy
    return through(module.assemble, score_maps, grid, places, fill)


def backends() -> dict[str, str | None]:
    """Every back end by name: None if it can be used here, else the reason it cannot.

    The answer is found by loading torch and numba, which takes seconds the first time.
    "cuda" can be used wherever numba can: without a GPU it runs on numba's simulator,
    at about 0.15 s for a window of 21 x 21. `ifcn_lab.assembling.cuda.device_name()`
    tells which of the two it is.

    >>> backends()["loop"] is None
    True
    """
    return {name: _why_not(name) for name in _MODULES}


def _assemble_array(
    module: ModuleType,
    score_maps: Shaped[np.ndarray, "kk H W"],
    grid: Grid,
    centers: Int[np.ndarray, "N 2"] | None,
    fill: int | float,
) -> Shaped[np.ndarray, "*places m m"]:
    """Hand the bits to a back end as integers: every dtype and every NaN survives."""
    dtype = score_maps.dtype
    bits = np.dtype(f"i{dtype.itemsize}")
    fill_bits = np.array(fill, dtype).view(bits).item()
    maps = np.asarray(score_maps).view(bits)  # (k*k, H, W)
    return module.assemble(maps, grid, centers, fill_bits).view(dtype)


def _load(backend: str) -> ModuleType:
    reason = "is unknown" if backend not in _MODULES else _why_not(backend)
    if reason is None:
        return import_module(f"{__name__}.{_MODULES[backend]}")
    known = [
        f"{name!r}" + (f" (not here: {why})" if why else "")
        for name, why in backends().items()
    ]
    raise ValueError(
        f"backend {backend!r} cannot be used: {reason}. "
        f"Choose 'auto' or one of {', '.join(known)}."
    )


def _why_not(backend: str) -> str | None:
    try:
        import_module(f"{__name__}.{_MODULES[backend]}")
    except (ImportError, OSError) as error:  # OSError: a shared library is missing
        return str(error)
    return None
