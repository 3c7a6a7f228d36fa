"""What a caller may give to `assemble`, and what is said to them otherwise."""

from __future__ import annotations

import sys
from math import inf, isqrt
from numbers import Real
from typing import Any

import numpy as np
from jaxtyping import Int


def is_tensor(value: object) -> bool:
    """Whether the value is a torch tensor; torch is not imported to find out.

    >>> is_tensor(np.zeros(3))
    False
    """
    # Who has a tensor has imported torch, all of it.
    tensor = getattr(sys.modules.get("torch"), "Tensor", ())
    return isinstance(value, tensor)


def cells_per_side(score_maps: Any) -> int:
    """The k of k * k score maps (k * k, H, W).

    Raises:
        TypeError: no NumPy array and no tensor, or not of real numbers.
        ValueError: not three axes, or a channel count that is no square.

    >>> cells_per_side(np.zeros((25, 8, 8)))
    5
    """
    if not isinstance(score_maps, np.ndarray) and not is_tensor(score_maps):
        raise TypeError(
            f"score_maps is a {type(score_maps).__name__}; "
            "give a NumPy array or a torch tensor of shape (k*k, H, W)."
        )
    _limits(score_maps.dtype)
    if score_maps.ndim != 3:
        raise ValueError(
            f"score_maps has shape {tuple(score_maps.shape)}; expected three axes, "
            "(k*k, H, W). Of a batch, assemble one image at a time."
        )
    channels = score_maps.shape[0]
    k = isqrt(channels)
    if k < 1 or k * k != channels:
        raise ValueError(
            f"score_maps has {channels} channels; a k x k grid needs k*k of them: "
            "1, 4, 9, 16, 25, ... Put the channels on the first axis."
        )
    return k


def checked_centers(
    centers: Any, shape: tuple[int, ...]
) -> Int[np.ndarray, "N 2"] | None:
    """Centers as an array of int64 of their own, every one on the map.

    Raises:
        TypeError: no integers.
        ValueError: not (N, 2), or a center beyond the map of the given shape.

    >>> checked_centers([(0, 7)], (25, 8, 8))
    array([[0, 7]])
    """
    if centers is None:
        return None
    places = np.asarray(centers.detach().cpu() if is_tensor(centers) else centers)
    if places.ndim != 2 or places.shape[1] != 2:
        raise ValueError(
            f"centers has shape {places.shape}; expected (N, 2), one row (y, x) for "
            "each window. For no window at all give np.empty((0, 2), int)."
        )
    if places.dtype.kind not in "iu":
        raise TypeError(
            f"centers has dtype {places.dtype}; expected integers, "
            "positions (y, x) in feature-map cells."
        )
    return _on_the_map(places.astype(np.int64), shape)


def _on_the_map(
    places: Int[np.ndarray, "N 2"], shape: tuple[int, ...]
) -> Int[np.ndarray, "N 2"]:
    _, H, W = shape
    outside = ((places < 0) | (places >= (H, W))).any(axis=1)  # (N,)
    if outside.any():
        n = int(outside.argmax())
        y, x = places[n].tolist()
        raise ValueError(
            f"centers[{n}] is (y, x) = ({y}, {x}), outside the map of {H} rows and "
            f"{W} columns; expected 0 <= y < {H} and 0 <= x < {W}."
        )
    return places


def checked_fill(fill: Any, dtype: Any) -> int | float:
    """The fill value as a Python number that the dtype can hold.

    Raises:
        TypeError: no real number.
        ValueError: the dtype cannot hold it, as uint8 cannot hold 0.5, NaN or 300.

    >>> checked_fill(0.0, np.dtype("uint8"))
    0
    """
    if not isinstance(fill, Real):
        raise TypeError(f"fill is {fill!r} ({type(fill).__name__}); give a number.")
    lowest, highest, whole = _limits(dtype)
    special = not whole and (fill != fill or abs(fill) == inf)
    if not special and not (lowest <= fill <= highest and not (whole and fill % 1)):
        kind = "whole numbers" if whole else "numbers"
        raise ValueError(
            f"fill is {fill!r}, which {dtype} cannot hold: it holds {kind} from "
            f"{lowest} to {highest}. Choose another fill or convert the score maps."
        )
    return int(fill) if whole else float(fill)


def refuse_gradient(score_maps: Any, backend: str) -> None:
    """Say so where a gradient is wanted and the back end has none.

    Raises:
        ValueError: the tensor requires a gradient and gradients are switched on.
    """
    if score_maps.requires_grad and sys.modules["torch"].is_grad_enabled():
        raise ValueError(
            f"backend {backend!r} has no gradient and score_maps requires one; "
            "choose backend='torch', or give score_maps.detach()."
        )


def _limits(dtype: Any) -> tuple[int | float, int | float, bool]:
    """The lowest and highest number of a dtype, and whether it holds integers only."""
    if isinstance(dtype, np.dtype):
        kind, info = dtype.kind, np
        wrong = kind not in "biuf" or dtype.itemsize > 8
    else:
        info, wrong = sys.modules["torch"], dtype.is_complex
        kind = "f" if dtype.is_floating_point else "b" if dtype == info.bool else "i"
    if wrong:
        raise TypeError(
            f"score_maps has dtype {dtype}; "
            "expected booleans, integers or floating-point numbers of up to 64 bits."
        )
    if kind == "b":
        return 0, 1, True
    limits = info.finfo(dtype) if kind == "f" else info.iinfo(dtype)
    number = float if kind == "f" else int
    return number(limits.min), number(limits.max), kind != "f"
