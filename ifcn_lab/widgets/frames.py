"""A network watched while it learns: its losses, and what it says of a few windows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8

from ifcn_lab.widgets.greys import shade
from ifcn_lab.windows.labels import mask_targets
from ifcn_lab.windows.oracle import coverage, object_centers

if TYPE_CHECKING:
    from ifcn_lab.models.instancefcn import InstanceFCN
    from ifcn_lab.training import Step

MOST_WINDOWS = 9
MOST_FRAMES = 60
MOST_POINTS = 600
UNKNOWN = 255
"""In `truth`: this pixel does not count."""


class Frame(NamedTuple):
    """What the windows show after so many steps, as greys."""

    step: int
    centers: Int[np.ndarray, "N 2"]
    windows: UInt8[np.ndarray, "N m m"]


class Watched:
    """Looks at a network at a calm pace and keeps what it saw.

    Args:
        model: the network.
        image: (h, w, 3) uint8, the picture it is watched on.
        masks: (N, h, w), its objects: the windows in whose middle they stand are
            watched. None: those that the network itself likes best.
        pace: seconds from one look to the next, or more where looking takes long; 0: a
            look after every step.
    """

    def __init__(
        self, model: InstanceFCN, image: UInt8[np.ndarray, "h w 3"],
        masks: Bool[np.ndarray, "N h w"] | None, pace: float,
    ) -> None:
        from ifcn_lab.segmenter import to_tensor

        self.model, self.pace, self.losses = model, pace, []
        self._picture, self._masks = to_tensor(image)[None], masks
        self._next, self.frames = 0.0, []
        self._centers, self.truth = known_windows(masks, model.stride, model.m)

    @property
    def due(self) -> bool:
        """Whether it is time for a look."""
        return time.perf_counter() >= self._next

    def note(self, step: Step) -> None:
        """Keep the losses of a step, and look if it is time."""
        self.losses.append((step.losses["objectness"], step.losses["mask"]))
        if self.due:
            self.look()

    def look(self) -> None:
        """Keep what the windows show now; once for each step."""
        began, step = time.perf_counter(), len(self.losses)
        if self.frames and self.frames[-1].step == step:
            return
        self.frames.append(self._frame(step))
        if len(self.frames) > MOST_FRAMES:
            self.frames, self.pace = thinned(self.frames), 2 * self.pace
        now = time.perf_counter()
        rest = max(self.pace, 8 * (now - began)) if self.pace else 0.0
        self._next = now + rest

    def _frame(self, step: int) -> Frame:
        import torch

        device = next(self.model.parameters()).device
        with torch.no_grad():
            said = self.model.eval()(self._picture.to(device))
            maps, objectness = said.maps[0].float(), said.objectness[0].float()
            centers = self._centers
            if centers is None:
                centers = best_windows(objectness.cpu().numpy(), self.model.m)
            logits = self.model.windows(maps, torch.tensor(centers, device=device))
        return Frame(step, centers, shade(logits.cpu().numpy()))


def known_windows(
    masks: Bool[np.ndarray, "N h w"] | None, stride: int, m: int
) -> tuple[Int[np.ndarray, "N 2"] | None, UInt8[np.ndarray, "N m m"] | None]:
    """The windows of the largest objects, and their true masks in places.

    In a true mask 0 is ground, 1 the object, and 255 lies off the map.
    """
    if masks is None or not masks.any():
        return None, None
    masks = masks[np.sort(np.argsort(-masks.sum((1, 2)))[:MOST_WINDOWS])]
    below, right = (-side % stride for side in masks.shape[1:])
    masks = np.pad(masks, ((0, 0), (0, below), (0, right)))
    centers = object_centers(masks, stride, m)                        # (N, 2)
    each = np.arange(len(masks))
    target, counts = mask_targets(coverage(masks, stride), centers, each, m)
    return centers, np.where(counts, target > 0.5, UNKNOWN).astype(np.uint8)


def best_windows(
    objectness: Float[np.ndarray, "H W"], m: int, n: int = 4
) -> Int[np.ndarray, "n 2"]:
    """The n best windows, none of them within a quarter of a side of a better one.

    >>> best_windows(np.array([[3.0, 2.0, 0.0, 1.0]]), m=4, n=2).tolist()
    [[0, 0], [0, 3]]
    """
    left, reach, centers = objectness.astype(float), m // 4, []
    for _ in range(min(n, left.size)):
        y, x = divmod(int(left.argmax()), left.shape[1])
        near = slice(max(0, y - reach), y + reach + 1), slice(max(0, x - reach),
                                                              x + reach + 1)
        left[near] -= 1e6  # taken only when nothing else is left
        centers.append((y, x))
    return np.array(centers)


def thinned(frames: list[Frame]) -> list[Frame]:
    """Every other frame, and always the last one."""
    return frames[::2] if len(frames) % 2 else [*frames[::2], frames[-1]]


def points(losses: list[tuple[float, float]]) -> tuple[Float32[np.ndarray, "n 2"], int]:
    """The losses as not too many points, and how many steps each one is the mean of.

    >>> points([(1.0, 0.0), (3.0, 2.0)])[0].tolist()
    [[1.0, 0.0], [3.0, 2.0]]
    """
    both = np.array(losses, float).reshape(-1, 2)
    per = max(1, -(-len(both) // MOST_POINTS))
    starts = np.arange(0, len(both), per)
    if per == 1:
        return both.astype(np.float32), 1
    counts = np.diff([*starts, len(both)])
    return (np.add.reduceat(both, starts) / counts[:, None]).astype(np.float32), per


def packed(frames: list[Frame]) -> dict[str, Any]:
    """The frames as traits: bytes of windows and centres, and their steps."""
    return {
        "at": [frame.step for frame in frames],
        "windows": np.stack([f.windows for f in frames]).tobytes(),
        "centers": np.stack([f.centers for f in frames]).astype(np.uint16).tobytes(),
    }
