"""A model of fifty lines: a learnt class map, thresholded and boxed; no windows.

It proves that a new relative is one file and one line: nothing else knows of it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import find_objects, label
from torch import Tensor, nn

from ifcn_lab.models import MODELS
from ifcn_lab.segmenter import Instances, Segmenter, as_classes, numbered, to_tensor


class Maps(NamedTuple):
    """One logit per class and pixel, (B, C, h, w)."""

    logits: Tensor


class Toy(Segmenter):
    """Thresholds a learnt map of each class and boxes its pieces."""

    def __init__(self, categories: dict) -> None:
        super().__init__()
        self.classes = as_classes(categories)
        self.map = nn.Conv2d(3, len(self.classes), 5, padding=2)

    @property
    def config(self):
        return {"categories": {str(i): name for i, name in self.classes.items()}}

    def targets(self, view, rng):
        wanted = torch.zeros(len(self.classes), *view.crowd.shape)
        numbers = numbered(view.categories, self.classes)
        for mask, number in zip(view.masks, numbers, strict=True):
            wanted[number - 1] = torch.maximum(wanted[number - 1], mask)
        return Maps(wanted)

    def forward(self, images):
        return Maps(self.map(images - 0.5))

    def losses(self, out, targets):
        wanted = torch.stack([t.logits for t in targets])
        loss = nn.functional.binary_cross_entropy_with_logits(
            out.logits, wanted, reduction="sum")
        return {"map": (loss, wanted.numel())}

    def detect(self, images, *, top=100, threshold=0.3):
        return [self.boxed(image, threshold).top(top) for image in images]

    @torch.inference_mode()
    def boxed(self, image, threshold):
        there = self(to_tensor(image)[None]).logits[0].sigmoid().numpy()
        found = []
        for category, one in zip(self.classes, there, strict=True):
            pieces, _ = label(one > threshold)
            for y, x in find_objects(pieces):
                found.append((one[y, x].max(), (x.start, y.start, x.stop, y.stop),
                              np.ones((y.stop - y.start, x.stop - x.start), bool),
                              category))
        found.sort(key=lambda each: -each[0])
        scores, boxes, crops, kinds = zip(*found, strict=True) if found else [()] * 4
        return Instances(image.shape[:2], np.array(boxes, int).reshape(-1, 4),
                         np.array(scores, float), crops, np.array(kinds, int),
                         self.classes)


MODELS["Toy"] = Toy  # the one line

if __name__ == "__main__":  # the command line with the toy in it, to be killed
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from ifcn_lab.__main__ import main

    # Started as a program this module is __main__; what is saved names it all the same.
    sys.exit(main(sys.argv[1:]))
