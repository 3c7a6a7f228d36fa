"""What a MapGrid holds: maps, perfect maps, windows, and what is wrong with them."""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np
from jaxtyping import Bool, Shaped, UInt8

from ifcn_lab.data.film import SCALE, Film
from ifcn_lab.draw.palette import part_colours
from ifcn_lab.widgets.explorable import png_bytes
from ifcn_lab.widgets.greys import rule_of
from ifcn_lab.widgets.inputs import (
    checked_image,
    checked_maps,
    checked_stride,
    finite_maps,
    image_array,
)
from ifcn_lab.widgets.model_maps import ModelMaps, model_maps
from ifcn_lab.windows.labels import mask_targets
from ifcn_lab.windows.oracle import coverage, object_centers, oracle_maps

NEUTRAL = "#56646b"  # the frame of a map that is no part
UNKNOWN = 2  # a window's pixel that lies off the map
FILM_HINT = ("Move back through the steps of training. Point at the picture or at a "
             "map: the same place is marked everywhere.")
WINDOWS = 3  # as many objects have their window shown


def part_names(k: int) -> list[str]:
    """What the parts of a k x k window are called, row by row.

    >>> part_names(2), part_names(5)[1]
    (['top left', 'top right', 'bottom left', 'bottom right'], 'top left, part (0, 1)')
    """
    rows, columns = (
        [a if 2 * n < k - 1 else b if 2 * n > k - 1 else "" for n in range(k)]
        for a, b in (("top", "bottom"), ("left", "right")))
    pairs = [f"{row} {column}" for row in rows for column in columns]
    names = [pair.strip() or "middle" for pair in pairs]
    if k == 1:
        return ["whole"]
    if k <= 3:
        return names
    return [f"{name}, part ({n // k}, {n % k})" for n, name in enumerate(names)]


def of_network(model: Any, image: Any, masks: Any, kind: int = 0) -> dict[str, Any]:
    """The state for what a network says of a picture."""
    try:
        found = model_maps(model, image, kind)
        if masks is not None and not found.m:
            raise ValueError(f"{type(model).__name__} assembles no windows to hold "
                             "against masks; leave the masks out.")
    except (TypeError, ValueError) as error:
        return {"problem": f"{error}"}
    if found.names is None:
        return of_maps(found.maps, image, masks, found.m or len(found.maps), "network")
    return of_maps(found.maps, image, None, 0, "network", found)


def of_maps(
    maps: Any, image: Any, masks: Any, m: int, source: str = "maps",
    named: ModelMaps | None = None,
) -> dict[str, Any]:
    """The state for these maps, or the sentence that says what is wrong with them.

    With `named` they are no parts of a grid, and have its names.
    """
    try:
        maps = finite_maps(maps) if named else checked_maps(maps, m)
        picture = checked_image(image)
        state = _map_traits(maps, named) | {
            "m": m, "sources": [source], "source": source}
        (_, H, W), stride = maps.shape, 1
        if picture is not None:
            stride = checked_stride(picture, H, W)
            state |= {"image": png_bytes(picture), "image_size": [*picture.shape[:2]]}
        if masks is not None:
            shape = (H, W) if picture is None else picture.shape[:2]
            every = _whole(masks, shape, (H * stride, W * stride))
            state |= _object_traits([every], stride, state["k"], m)
    except (TypeError, ValueError) as error:
        return {"problem": f"{error}"}
    if "perfect" in state:
        state["sources"] = [source, "perfect"]
    return state | {"y": H // 2, "x": W // 2}


def _map_traits(
    maps: Shaped[np.ndarray, "N H W"], named: ModelMaps | None = None
) -> dict[str, Any]:
    (count, H, W), k = maps.shape, isqrt(len(maps) - 1) + 1
    state = rule_of(maps)._asdict() | {
        "k": k, "H": H, "W": W, "reads": list(range(count)),
        "scores": maps.astype(np.float32).tobytes()}
    if named:
        return state | {"what": named.what, "names": named.names,
                        "colours": [NEUTRAL] * count}
    return state | {"names": part_names(k), "colours": part_colours(k)}


def _whole(
    masks: Any, shape: tuple[int, int], size: tuple[int, int]
) -> Bool[np.ndarray, "N H W"]:
    """The masks of objects that are there, filled up to a whole number of places.

    Raises:
        ValueError: masks that do not belong to the picture.
    """
    masks = image_array(masks).astype(bool)
    if masks.ndim != 3 or masks.shape[1:] != tuple(shape):
        raise ValueError(f"Masks are (N, {shape[0]}, {shape[1]}), as the picture; "
                         f"these have shape {masks.shape}.")
    below, right = (n - s for n, s in zip(size, shape, strict=True))
    whole = np.pad(masks, ((0, 0), (0, below), (0, right)))
    return whole[whole.any((1, 2))]


def _object_traits(
    scenes: list[Bool[np.ndarray, "_ h w"]], stride: int, k: int, m: int
) -> dict[str, Any]:
    """Perfect maps of each scene, and the windows of its first objects."""
    if not any(map(len, scenes)):
        return {}
    perfect, centers, truth = [], [], []
    for masks in scenes:
        places, at = coverage(masks, stride) > 0.5, object_centers(masks, stride, m)
        perfect.append(oracle_maps(places, at, k, m).astype(np.uint8).tobytes())
        centers.append(at[:WINDOWS].tolist())
        truth.append(_truth(places[:WINDOWS], at[:WINDOWS], m).tobytes())
    joined = {"perfect": b"".join(perfect), "truth": b"".join(truth)}
    return joined | {"centers": centers}


def _truth(
    places: Bool[np.ndarray, "N H W"], centers: np.ndarray, m: int
) -> UInt8[np.ndarray, "N m m"]:
    each = np.arange(len(places))
    wanted, known = mask_targets(places.astype(float), centers, each, m)
    return np.where(known, wanted > 0.5, UNKNOWN).astype(np.uint8)


def of_film(film: Film, run: str) -> dict[str, Any]:
    """The state for one run of a film; its scores stay packed, and nothing is lost."""
    count, reads = len(film.images), film.reads(run)
    scores = film.scores[film.runs.index(run)][:, :, reads]  # (F, S, k*k, H, W)
    state = _map_traits(np.zeros(scores.shape[2:], np.float32))
    masks = [film.masks(scene) for scene in range(count)]
    return state | _object_traits(masks, film.stride, film.k, film.m) | {
        "scores": np.ascontiguousarray(scores).tobytes(), "packed": float(SCALE),
        "limits": None, "half": 0.0, "m": film.m, "scenes": count,
        "steps": film.steps.tolist(), "reads": reads.tolist(),
        "sources": ["training", "perfect"], "source": "training",
        "image": png_bytes(np.concatenate(film.images)),
        "image_size": [*film.images.shape[1:3]],
        "y": state["H"] // 2, "x": state["W"] // 2, "frame": len(film.steps) - 1,
        "hint": FILM_HINT,
    }
