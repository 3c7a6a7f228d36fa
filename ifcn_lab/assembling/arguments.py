"""What a caller may give to `assemble`, and what is said to them otherwise."""

from __future__ import annotations

import sys
from functools import lru_cache
from math import inf, isqrt
from numbers import Real
from typing import Any

import numpy as np
from jaxtyping import Int, Integer


def is_tensor(value: object) -> bool:
    """Whether the value is a torch tensor; torch is not imported to find out.

    >>> is_tensor(np.zeros(3))
    False
    """
    # Who has a tensor has imported torch, all of it.
    tensor = getattr(sys.modules.get("torch"), "Tensor", ())
    return isinstance(value, tensor)


def parts_per_side(score_maps: Any) -> int:
    """The k of k * k score maps (k * k, H, W), or of a batch (B, k * k, H, W).

    Raises:
        TypeError: no NumPy array and no tensor, or not of real numbers.
        ValueError: not three or four axes, or a channel count that is no square.

    >>> parts_per_side(np.zeros((25, 8, 8)))
    5
    """
    if not isinstance(score_maps, np.ndarray) and not is_tensor(score_maps):
        raise TypeError(
            f"score_maps is a {type(score_maps).__name__}; "
            "give a NumPy array or a torch tensor of shape (k*k, H, W).")
    _limits(score_maps.dtype)
    if len(score_maps.shape) not in (3, 4):
        raise ValueError(
            f"score_maps has shape {tuple(score_maps.shape)}; expected three axes, "
            "(k*k, H, W), or four for a batch, (B, k*k, H, W).")
    channels = score_maps.shape[-3]
    k = isqrt(channels)
    if k < 1 or k * k != channels:
        raise ValueError(
            f"score_maps has {channels} channels; a k x k grid needs k*k of them: "
            "1, 4, 9, 16, 25, ... Put the channels third from last.")
    return k


def checked_places(
    centers: Any, shape: tuple[int, ...]
) -> Int[np.ndarray, "N 3"] | None:
    """Centers as an array (image, y, x) of int64 of their own, every one on the map.

    Raises:
        TypeError: no integers.
        ValueError: not (N, 2), for a batch (N, 3), or beyond the maps of that shape.

    >>> checked_places([(0, 7)], (25, 8, 8))
    array([[0, 0, 7]])
    """
    if centers is None:
        return None
    places = np.asarray(centers.detach().cpu() if is_tensor(centers) else centers)
    columns = "(y, x)" if len(shape) == 3 else "(image, y, x)"
    wanted = len(shape) - 1
    if places.ndim != 2 or places.shape[1] != wanted:
        raise ValueError(
            f"centers has shape {places.shape}; expected (N, {wanted}), one row "
            f"{columns} for each window. For no window at all give "
            f"np.empty((0, {wanted}), int).")
    if places.dtype.kind not in "iu":
        raise TypeError(
            f"centers has dtype {places.dtype}; expected integers, "
            f"positions {columns} in places of the feature map.")
    limits = (*shape[:-3], *shape[-2:])  # (H, W), or (B, H, W)
    _refuse_outside(places, limits, columns)
    checked = np.zeros((len(places), 3), np.int64)  # image 0 of one
    checked[:, 3 - wanted :] = places
    return checked


def _refuse_outside(
    places: Integer[np.ndarray, "N axes"], limits: tuple[int, ...], columns: str
) -> None:
    outside = (places < 0) | (places >= limits)  # (N, axes)
    if outside.any():
        n = int(outside.any(axis=1).argmax())
        row = ", ".join(map(str, places[n].tolist()))
        expected = " and ".join(f"0 <= {name} < {limit}" for name, limit in zip(
            columns.strip("()").split(", "), limits, strict=True))
        raise ValueError(
            f"centers[{n}] is {columns} = ({row}), outside the map of {limits[-2]} "
            f"rows and {limits[-1]} columns; expected {expected}.")


def check_out(out: Any, shape: tuple[int, ...], score_maps: Any) -> None:
    """Refuse an array to write into that does not fit.

    Raises:
        TypeError: not of the kind of the score maps.
        ValueError: another shape, dtype or device, not writeable, or in the maps'
            memory.
    """
    if is_tensor(out) != is_tensor(score_maps) or not hasattr(out, "dtype"):
        raise TypeError(
            f"out is a {type(out).__name__} and score_maps a "
            f"{type(score_maps).__name__}; give arrays of one kind.")
    if tuple(out.shape) != shape or out.dtype != score_maps.dtype:
        raise ValueError(
            f"out has shape {tuple(out.shape)} and dtype {out.dtype}; expected shape "
            f"{shape} and dtype {score_maps.dtype}.")
    if is_tensor(out) and (out.device != score_maps.device or out.requires_grad):
        raise ValueError(
            f"out must be on {score_maps.device} and want no gradient; make it with "
            "torch.empty.")
    if isinstance(out, np.ndarray) and not out.flags.writeable:
        raise ValueError("out is read-only; give an array that can be written.")
    if _share_memory(out, score_maps):
        raise ValueError("out shares memory with score_maps; give it its own.")


def _share_memory(a: Any, b: Any) -> bool:
    """Whether two arrays of one kind and device may lie in the same memory."""
    if not is_tensor(a):
        return np.may_share_memory(a, b)
    first, second = (x.untyped_storage().data_ptr() for x in (a, b))
    return first == second != 0  # nothing, and "meta", is at 0


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
            f"{lowest} to {highest}. Choose another fill or convert the score maps.")
    return int(fill) if whole else float(fill)


def refuse_gradient(score_maps: Any, backend: str) -> None:
    """Say so where autograd would record what the back end has no gradient of.

    Raises:
        ValueError: the tensor requires a gradient and gradients are switched on.
    """
    if score_maps.requires_grad and sys.modules["torch"].is_grad_enabled():
        raise ValueError(
            f"backend {backend!r} has no gradient and score_maps requires one; "
            "choose backend='torch', or give score_maps.detach().")


@lru_cache(maxsize=64)  # NumPy takes longer to look them up than a small copy takes
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
            "expected booleans, integers or floating-point numbers of up to 64 bits.")
    if kind == "b":
        return 0, 1, True
    limits = info.finfo(dtype) if kind == "f" else info.iinfo(dtype)
    number = float if kind == "f" else int
    return number(limits.min), number(limits.max), kind != "f"
