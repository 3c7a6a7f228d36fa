"""From ranked proposals to answers: which masks are meant, and whose a pixel is.

AR needs no such choice: it asks whether an object is among the first N proposals. The
score of the nuclei literature does, as every wrong answer counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Integer
from pycocotools import mask as coco_mask
from scipy.ndimage import find_objects

from ifcn_lab.data.run_lengths import crop_rles
from ifcn_lab.metrics.regions import Detections, Found, boxes_of, found

SCORE = 0.9
"""Training shows a network as many windows on objects as off them; in an image nearly
all are off, so an objectness of one half is far too little to mean an answer."""

FREE = 0.7
"""Of the shares .5, .7 and .8 the first gave the worst score on 20 images of nuclei,
the other two about the same."""


@dataclass(frozen=True)
class Chosen:
    """Detections that share no pixel, best first.

    ``labels`` says whose each pixel is: 0 nobody's, i + 1 that of answer i. ``scores``
    belong to the answers, ``places`` are the places they had among what was given.
    """

    labels: Integer[np.ndarray, "h w"]
    scores: Float[np.ndarray, " N"]
    places: Int[np.ndarray, " N"]

    def __len__(self) -> int:
        """Count the answers."""
        return len(self.scores)

    @property
    def masks(self) -> Bool[np.ndarray, "N h w"]:
        """Draw the answers, one mask each."""
        return self.labels[None] == np.arange(1, len(self) + 1)[:, None, None]

    def rles(self) -> list[dict[str, Any]]:
        """Give the answers as COCO's compressed run lengths, without drawing them."""
        places = find_objects(self.labels, len(self))
        crops = [self.labels[box] == i for i, box in enumerate(places, start=1)]
        corners = np.array([(x.start, y.start) for y, x in places], int).reshape(-1, 2)
        return crop_rles(crops, corners, self.shape)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image."""
        return self.labels.shape


def answers_of(
    proposals: Detections, score: float = SCORE, free: float = FREE
) -> Chosen:
    """Choose the proposals that are meant as answers, and give each pixel to one.

    From the best score down to ``score`` a proposal becomes an answer if at least the
    share ``free`` of its pixels belongs to no better answer; those pixels are then its
    own. So two outlines of one object become one answer, and where neighbours overlap a
    little the better has the border. With ``free`` 0 whatever has a pixel left stays.
    The scores of no two networks mean the same: choose ``score`` on images that the
    network was trained on, not on those that the figure is for.

    Raises ValueError if a share or a score makes no sense, as ``found`` does, and if
    there are no masks and so no size of the image.

    >>> from types import SimpleNamespace
    >>> masks = np.array([[[1, 1, 1, 0]], [[0, 1, 1, 0]], [[0, 0, 1, 1]]], bool)
    >>> three = SimpleNamespace(masks=masks, scores=np.array([.9, .8, .7]))
    >>> chosen = answers_of(three, score=0.5, free=0.5)
    >>> chosen.labels.tolist(), chosen.places.tolist()
    ([[1, 1, 1, 2]], [0, 2])
    """
    size = getattr(proposals, "shape", None) or np.shape(proposals.masks)[1:]
    best = found(proposals, tuple(size))
    order = np.argsort(-np.asarray(proposals.scores, dtype=float), kind="stable")
    chosen = chosen_from(best, tuple(size), score, free)
    return Chosen(chosen.labels, chosen.scores, order[chosen.places])


def chosen_from(
    best: Found, size: tuple[int, int], score: float = SCORE, free: float = FREE
) -> Chosen:
    """Do what ``answers_of`` does for what was sorted already, (h, w) the image's size.

    >>> from ifcn_lab.data.overlap import encode
    >>> square = encode(np.ones((1, 2, 2), bool))
    >>> len(chosen_from(Found(square * 2, np.array([0.99, 0.98])), (2, 2)))
    1
    """
    if np.isnan(score):
        raise ValueError("score is NaN; give the least score of an answer")
    if not 0 <= free <= 1:
        raise ValueError(f"free is a share from 0 to 1, not {free}")
    best = best.top(int(np.sum(best.scores >= score)))
    labels, places = np.zeros(size, np.int32), []
    for i, (x, y, w, h) in enumerate(boxes_of(best.rles).astype(int).tolist()):
        box = slice(y, y + h), slice(x, x + w)
        mask = coco_mask.decode(best.rles[i])[box].astype(bool)
        own = mask & (labels[box] == 0)
        if own.any() and own.sum() >= free * mask.sum():
            places.append(i)
            labels[box][own] = len(places)
    kept = np.array(places, dtype=int)
    return Chosen(labels, best.scores[kept], kept)
