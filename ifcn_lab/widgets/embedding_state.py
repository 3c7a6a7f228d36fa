"""What the EmbeddingExplorer starts from: a network, vectors at hand, or a recording.

Vectors travel as whole numbers of `unit`, so Python and the browser compute the same
distances to the last digit.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, Int16, UInt8

from ifcn_lab.widgets.explorable import png_bytes
from ifcn_lab.widgets.inputs import checked_image, failures_told, needed_image

if TYPE_CHECKING:
    from ifcn_lab.layers.embedding import EmbeddingModel

NAME = "film/embedding.npz"
MOST = 32_000


class Recording(NamedTuple):
    """Runs with each of the eight choices of three terms, in the order of `run_of`.

    `vectors` are those of the places that are `there`; `own` says whose each is, 0 for
    background; `losses` are the three terms, unweighted.
    """

    image: UInt8[np.ndarray, "h w 3"]
    vectors: Int16[np.ndarray, "R F n D"]
    unit: float
    steps: Int[np.ndarray, " F"]
    losses: Float[np.ndarray, "R F 3"]
    own: UInt8[np.ndarray, "H W"]


def run_of(pull: bool, push: bool, norm: bool) -> int:
    """The number of the run with these terms.

    >>> run_of(False, False, False), run_of(True, True, False)
    (0, 6)
    """
    return 4 * pull + 2 * push + norm


def save(recording: Recording, path: str | Path) -> Path:
    """Write a recording; the file is a plain archive of arrays."""
    from io import BytesIO

    from ifcn_lab.atomic_write import write_whole

    buffer = BytesIO()
    np.savez_compressed(buffer, **recording._asdict())
    write_whole(path, buffer.getvalue())
    return Path(path)


def load(path: str | Path | None = None) -> Recording:
    """Read a recording; None: the one that ships.

    Raises:
        FileNotFoundError: there is no such file.

    >>> load().vectors.shape[::3]
    (8, 2)
    """
    from ifcn_lab.data import shipped

    with np.load(shipped.path(NAME) if path is None else path) as kept:
        found = {name: kept[name] for name in Recording._fields}
    return Recording(**found | {"unit": float(found["unit"])})


def quantised(
    vectors: Float[np.ndarray, "*N D"]
) -> tuple[Int16[np.ndarray, "*N D"], float]:
    """Vectors as whole numbers of a unit, and that unit.

    >>> quantised(np.array([[0.0, 3.2], [-1.6, 0.0]]))[0].tolist()
    [[0, 32000], [-16000, 0]]
    """
    unit = float(np.abs(vectors).max(initial=0)) / MOST or 1.0
    return np.round(vectors / unit).astype(np.int16), unit


def of_recording(recording: Recording) -> dict[str, Any]:
    """The traits of a recording."""
    own = recording.own
    return {
        **picture(recording.image), **plane(recording.vectors, recording.unit),
        "H": own.shape[0], "W": own.shape[1], "steps": recording.steps.tolist(),
        "losses": np.round(recording.losses, 4).tolist(),
        "there": (own > 0).astype(np.uint8).tobytes(), "own": own.tobytes(),
    }


def of_network(model: EmbeddingModel, image: Any, masks: Any) -> dict[str, Any]:
    """The traits of what a network says of a picture, or why there are none."""
    import torch

    from ifcn_lab.models.discriminative import Vectors
    from ifcn_lab.segmenter import to_tensor

    try:
        shown = needed_image(image)
        with failures_told(), torch.no_grad():
            out = model.eval()(to_tensor(shown)[None].to(model.device))
    except ValueError as error:
        return {"problem": f"{error}"}
    there = None
    if isinstance(out, Vectors):
        there = (out.kind[0].argmax(0) > 0).cpu().numpy()
    vectors = out.vectors[0].float().cpu().numpy()
    return of_vectors(vectors, shown, there, owners(masks, model.stride))


def of_vectors(
    vectors: Any, image: Any, there: Any, own: Any
) -> dict[str, Any]:
    """The traits of vectors (D, H, W) at hand, or why there are none."""
    try:
        vectors, shown = checked_vectors(vectors), checked_image(image)
        there = np.ones(vectors.shape[1:], bool) if there is None else there
        own = np.zeros(vectors.shape[1:]) if own is None else own
        for name, each in (("there", there), ("own", own)):
            if np.shape(each) != vectors.shape[1:]:
                raise ValueError(f"{name} is (H, W) as the vectors, "
                                 f"{vectors.shape[1:]}; it is {np.shape(each)}.")
        if not np.any(there):
            raise ValueError("No place is foreground, so there is no vector to group; "
                             "has the network been trained?")
    except ValueError as error:
        return {"problem": f"{error}"}
    whole, unit = quantised(vectors[:, np.asarray(there, bool)].T)   # (n, D)
    pictured = {} if shown is None else picture(shown)
    return {
        **pictured, **plane(whole[None, None], unit),
        "H": vectors.shape[1], "W": vectors.shape[2], "steps": [], "losses": [],
        "there": np.asarray(there).astype(np.uint8).tobytes(),
        "own": np.asarray(own).astype(np.uint8).tobytes(),
    }


def checked_vectors(vectors: Any) -> Float64[np.ndarray, "D H W"]:
    """Vectors that can be shown.

    Raises:
        ValueError: not (D, H, W) with D of 2 or more, or NaN or infinite.
    """
    vectors = np.asarray(vectors, np.float64)
    if vectors.ndim != 3 or 0 in vectors.shape or len(vectors) < 2:
        raise ValueError("Vectors are (D, H, W) with D of 2 or more; these are "
                         f"{vectors.shape}.")
    if not np.isfinite(vectors).all():
        raise ValueError("The vectors hold NaN or infinity; did training diverge?")
    return vectors


def picture(image: UInt8[np.ndarray, "h w 3"]) -> dict[str, Any]:
    """The picture as a file."""
    return {"image": png_bytes(image), "image_size": [*image.shape[:2]]}


def owners(masks: Any, stride: int) -> UInt8[np.ndarray, "H W"] | None:
    """The object, from 1, that covers half of each place or more; None without masks.

    >>> owners(np.ones((1, 4, 8), bool), 4).tolist()
    [[1, 1]]
    """
    from ifcn_lab.windows.oracle import coverage

    if masks is None or len(masks) == 0:
        return None
    below, right = (-side % stride for side in np.shape(masks)[1:])
    covered = coverage(np.pad(masks, ((0, 0), (0, below), (0, right))), stride)
    return np.where(covered.max(0) >= 0.5, covered.argmax(0) + 1, 0).astype(np.uint8)


def plane(vectors: Int16[np.ndarray, "R F n D"], unit: float) -> dict[str, Any]:
    """Vectors, the plane that they are drawn on, and how much of their spread it shows.

    Two dimensions are the plane itself; of more it is that of the first two principal
    axes. `span` is the least x and y, and the side of a square that holds all dots.
    """
    D = vectors.shape[3]
    real = vectors.reshape(-1, D) * unit
    middle, axes, share = np.zeros(D), np.eye(D)[:2], 1.0
    if D > 2:
        middle, (axes, share) = real.mean(0), principal_axes(real)
    flat = (real - middle) @ axes.T                                  # (N, 2)
    low, high = flat.min(0), flat.max(0)
    side = max(float((high - low).max()) * 1.2, 1.0)
    corner = (low + high - side) / 2
    return {"vectors": vectors.tobytes(), "unit": unit, "D": D,
            "runs": len(vectors), "axes": axes.tolist(), "middle": middle.tolist(),
            "share": share, "span": [*corner.tolist(), side]}


def principal_axes(
    vectors: Float[np.ndarray, "N D"]
) -> tuple[Float[np.ndarray, "2 D"], float]:
    """The two directions in which the vectors differ most, and their share of that.

    >>> principal_axes(np.array([[0.0, 0, 3], [0, 0, -3], [0, 1, 0], [0, -1, 0]]))[1]
    1.0
    """
    values, axes = np.linalg.eigh(np.cov(vectors.T, bias=True))
    axes = axes[:, ::-1][:, :2].T                                    # (2, D)
    largest = np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1)
    total = float(values.sum())
    share = float(values[-2:].sum()) / total if total > 0 else 1.0
    return axes * np.sign(largest), share


def there_of(data: bytes, H: int, W: int) -> Bool[np.ndarray, "H W"]:
    """The places that have a vector."""
    return np.frombuffer(data, np.uint8).reshape(H, W) > 0
