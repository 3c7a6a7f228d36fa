"""A film of training: the score maps of one network, from the first step to the last.

The film ships as `data/film/scenes-k3.npz`; `python -m ifcn_course.film` makes it anew.
It holds two runs that differ in one thing. In "plain" part c reads channel c. In
"shuffled" the channels were put in another order before the first step: part c reads
channel `order[c]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int8, UInt8

NAME = "film/scenes-k3.npz"
SCALE = 16  # scores are kept as whole sixteenths of a logit, -127 to 127


@dataclass(frozen=True)
class Film:
    """The score maps of two runs at chosen steps, on scenes kept out of training.

    Shapes: `images` (S, h, w, 3); `owners` (S, h, w), 0 background, n for object n;
    `steps` (F,); `scores` (runs, F, S, k*k, H, W), packed logits; `mask_loss` (runs,
    T), the mask loss of every training step; `order` (k*k,), of the shuffled run.
    """

    k: int
    m: int
    stride: int
    runs: tuple[str, ...]
    images: UInt8[np.ndarray, "S h w 3"]
    owners: UInt8[np.ndarray, "S h w"]
    steps: Int[np.ndarray, " F"]
    scores: Int8[np.ndarray, "R F S kk H W"]
    mask_loss: Float32[np.ndarray, "R T"]
    order: Int[np.ndarray, " kk"]

    def maps(self, run: str, step: int, scene: int = 0) -> Float[np.ndarray, "kk H W"]:
        """The score maps of one run after one step, as logits.

        Raises:
            ValueError: the film has no such run or step.

        >>> load().maps("plain", 0).shape
        (9, 32, 32)
        """
        if run not in self.runs:
            raise ValueError(f"no run {run!r} in this film; it has {self.runs}")
        if step not in self.steps:
            raise ValueError(f"step {step} is not in this film; it has "
                             f"{self.steps.tolist()}")
        frame = self.steps.tolist().index(step)
        return unpack(self.scores[self.runs.index(run), frame, scene])

    def reads(self, run: str) -> Int[np.ndarray, " kk"]:
        """The channel that each part of the window reads in this run.

        >>> load().reads("plain").tolist()
        [0, 1, 2, 3, 4, 5, 6, 7, 8]
        """
        return np.arange(self.k**2) if run == "plain" else self.order

    def masks(self, scene: int = 0) -> Bool[np.ndarray, "N h w"]:
        """The objects of one scene.

        >>> load().masks(0).shape
        (2, 128, 128)
        """
        owner = self.owners[scene]
        return owner == np.arange(1, owner.max() + 1)[:, None, None]


def unpack(scores: Int8[np.ndarray, "*shape"]) -> Float32[np.ndarray, "*shape"]:
    """Packed scores as logits again.

    >>> unpack(np.array([-127, 8], np.int8)).tolist()
    [-7.9375, 0.5]
    """
    return scores.astype(np.float32) / SCALE


def load(path: str | Path | None = None) -> Film:
    """Read a film; None: the one that ships.

    Raises:
        FileNotFoundError: there is no such file.

    >>> load().runs
    ('plain', 'shuffled')
    """
    from ifcn_lab.data import shipped

    with np.load(shipped.path(NAME) if path is None else path) as file:
        kept = {name: file[name] for name in file.files}
    whole = {name: int(kept.pop(name)) for name in ("k", "m", "stride")}
    return Film(runs=tuple(kept.pop("runs").tolist()), **whole, **kept)
