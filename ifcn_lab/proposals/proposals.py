"""The result: ranked masks, each kept as a small crop in its tight box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ifcn_lab.data.run_lengths import crop_rles


@dataclass(frozen=True)
class Proposals:
    """Ranked segment proposals of one image, best first.

    Args:
        shape: (h, w) of the image.
        boxes: (N, 4) tight boxes (x0, y0, x1, y1), half-open, in image pixels.
        scores: (N,) objectness probabilities.
        crops: N masks, each cut to its box.
        windows: (N, 3) where each came from: (index of the zoom, y, x).
        zooms: the pyramid's enlargements.

    A thousand whole masks of a large photograph need gigabytes, so `masks` is
    built when asked for.
    """

    shape: tuple[int, int]
    boxes: Int[np.ndarray, "N 4"]
    scores: Float[np.ndarray, "N"]
    crops: tuple[Bool[np.ndarray, "_ _"], ...]
    windows: Int[np.ndarray, "N 3"]
    zooms: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def masks(self) -> Bool[np.ndarray, "N h w"]:
        """All masks at image size."""
        masks = np.zeros((len(self), *self.shape), bool)
        for mask, box, crop in zip(masks, self.boxes, self.crops, strict=True):
            paste(mask, box, crop)
        return masks

    def top(self, n: int) -> Proposals:
        """The n best."""
        return Proposals(self.shape, self.boxes[:n], self.scores[:n], self.crops[:n],
                         self.windows[:n], self.zooms)

    def above(self, score: float) -> Proposals:
        """Those with at least this score."""
        return self.top(int((self.scores >= score).sum()))

    def rles(self) -> list[dict]:
        """The masks in COCO's compressed run-length code."""
        return crop_rles(self.crops, self.boxes, self.shape)


def paste(canvas: np.ndarray, box: Int[np.ndarray, "4"],
          crop: Bool[np.ndarray, "_ _"]) -> None:
    """Write a crop into its box of the canvas."""
    x0, y0, x1, y1 = box
    canvas[y0:y1, x0:x1] = crop
