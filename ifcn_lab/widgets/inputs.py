"""What a widget may be given, and the sentence it shows otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import isqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Shaped, UInt8

from ifcn_lab.grid import whole_number

if TYPE_CHECKING:
    from ifcn_lab.models.instancefcn import InstanceFCN
    from ifcn_lab.segmenter import Segmenter


class Scores(NamedTuple):
    """Score maps and objectness of one image, as arrays of logits."""

    maps: Float[np.ndarray, "kk H W"]
    objectness: Float[np.ndarray, "H W"]


def image_array(value: Any) -> np.ndarray:
    """An array, wherever it comes from: a tensor is brought to the processor."""
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    return np.asarray(value)


def outputs(model: Segmenter, image: Any) -> list[np.ndarray]:
    """What the network says of an image at its own size; its mode stays as it was.

    The image goes to the network's device, and the answers come back from there.

    Raises:
        ValueError: there is no picture, or one that cannot be shown, or the network
            fails on it.
    """
    import torch

    from ifcn_lab.segmenter import to_tensor

    picture, was_training = to_tensor(needed_image(image)), model.training
    device = next(model.parameters(), picture).device
    try:
        with torch.no_grad(), failures_told():
            found = model.eval()(picture[None].to(device))
            return [image_array(each[0]) for each in found]
    finally:
        model.train(was_training)


def score_maps(model: InstanceFCN, image: Any) -> Scores:
    """A window model's maps and objectness; see `outputs`."""
    return Scores(*outputs(model, image))


@contextmanager
def failures_told() -> Iterator[None]:
    """A RuntimeError of a network becomes a sentence that a widget can show.

    Raises:
        ValueError: in its place.

    >>> with failures_told():
    ...     raise RuntimeError("out of memory")
    Traceback (most recent call last):
    ValueError: The network fails on this picture: out of memory.
    """
    try:
        yield
    except RuntimeError as error:
        said = (str(error).strip().splitlines() or ["nothing more is known"])[0]
        raise ValueError("The network fails on this picture: "
                         f"{said.rstrip('.')}.") from error


def checked_maps(
    maps: Any, m: int, k: int | None = None
) -> Shaped[np.ndarray, "kk H W"]:
    """Score maps that can be shown.

    Raises:
        TypeError: m is no whole number.
        ValueError: not (k*k, H, W), NaN or infinite, or m < k.

    >>> checked_maps(np.zeros((4, 2, 3)), m=2).shape
    (4, 2, 3)
    """
    maps, m = finite_maps(maps), whole_number("m", m)
    if isqrt(len(maps)) ** 2 != len(maps) or (k and k * k != len(maps)):
        raise ValueError(f"A k x k grid needs k*k score maps; these are {len(maps)}.")
    if m < isqrt(len(maps)):
        raise ValueError(f"A window of {m} x {m} has no room for {len(maps)} parts.")
    return maps


def finite_maps(maps: Any) -> Shaped[np.ndarray, "N H W"]:
    """Maps with a place at least and a number in each.

    Raises:
        ValueError: not (N, H, W), NaN or infinite.
    """
    maps = image_array(maps)
    if maps.ndim != 3 or 0 in maps.shape:
        raise ValueError(f"Score maps have three axes, (k*k, H, W), and at least one "
                         f"place; these have shape {maps.shape}.")
    if not np.isfinite(maps).all():
        raise ValueError("The score maps hold NaN or infinity; did training diverge?")
    return maps


def checked_image(image: Any) -> UInt8[np.ndarray, "h w 3"] | None:
    """A picture that can be shown, in colour; None stays None.

    Raises:
        ValueError: not (h, w) or (h, w, 3) of uint8.

    >>> checked_image(np.zeros((4, 5), np.uint8)).shape
    (4, 5, 3)
    """
    if image is None:
        return None
    image = image_array(image)
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or 0 in image.shape:
        raise ValueError(f"A picture is (h, w) or (h, w, 3) of uint8; this one is "
                         f"{image.shape} of {image.dtype}.")
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=2)
    return np.ascontiguousarray(image[..., :3])


def needed_image(image: Any) -> UInt8[np.ndarray, "h w 3"]:
    """A picture that a network can see.

    Raises:
        ValueError: there is none, or it cannot be shown.
    """
    if image is None:
        raise ValueError("A network needs a picture; there is none.")
    return checked_image(image)


def checked_stride(image: UInt8[np.ndarray, "h w 3"], H: int, W: int) -> int:
    """How many pixels a place of the maps is wide: the stride of maps and picture.

    Raises:
        ValueError: no whole stride makes maps of this size from the picture.

    >>> checked_stride(np.zeros((10, 12, 3), np.uint8), 5, 6)
    2
    """
    h, w = image.shape[:2]
    for stride in range(1, max(h, w) + 1):
        if (-(-h // stride), -(-w // stride)) == (H, W):
            return stride
    raise ValueError(f"The picture, {h} x {w} pixels, does not belong to maps of "
                     f"{H} x {W} places: no stride leads from one to the other.")
