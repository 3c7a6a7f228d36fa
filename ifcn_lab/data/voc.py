"""PASCAL VOC 2012's own instance masks."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from ifcn_lab.data import Sample
from ifcn_lab.data.instance_maps import read_map, separate
from ifcn_lab.data.named_samples import ListedSamples
from ifcn_lab.data.pictures import read_image

CATEGORIES = dict(enumerate(
    ("aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse "
     "motorbike person pottedplant sheep sofa train tvmonitor").split(), start=1))
BORDER = 255


class Voc2012(ListedSamples):
    """The images of PASCAL VOC 2012 that have instance masks.

    Args:
        root: the folder with ``JPEGImages``, ``SegmentationObject``,
            ``SegmentationClass`` and ``ImageSets``, or the ``VOCdevkit`` above it, or
            the folder it was unpacked in.
        split: ``ImageSets/Segmentation/{split}.txt`` lists the images: "train", "val"
            or "trainval".
        names: a list of image names, or the file that holds one, instead of ``split``.

    An object's id is its index in the ``SegmentationObject`` map, its category the one
    that most of its pixels have in the ``SegmentationClass`` map. Border pixels, 255,
    go to ``Sample.crowd``: they are neither object nor background. The maps have 8
    bits, so an image holds at most 254 objects. ``image_id`` is the name as a number:
    2007_000032 is 2007000032.

    A picture with EXIF data is turned if only the turned one has the map's size.
    Where both sizes fit, picture and map are taken as they are stored.

    Raises ValueError, naming the file: on opening, for folders, lists and files that
    are missing; on taking a sample, for what cannot be read, maps of colours or 16
    bits, sizes that differ, and objects without a category.
    """

    categories = CATEGORIES
    files = {"SegmentationObject": "png", "JPEGImages": "jpg",
             "SegmentationClass": "png"}
    inner = ("VOC2012", "VOCdevkit/VOC2012", "TrainVal/VOCdevkit/VOC2012")
    lists = "ImageSets/Segmentation/{}.txt"

    def _read(self, name: str, number: int) -> Sample:
        path = self.root / "SegmentationObject" / f"{name}.png"
        numbers = read_map(path, most_bits=8)
        masks, border, ids = separate(numbers, ignore=BORDER)
        classes = read_map(self.root / "SegmentationClass" / f"{name}.png", 8,
                           numbers.shape)
        kinds = tuple(_category(classes[mask], f"{path}: object {id}")
                      for mask, id in zip(masks, ids, strict=True))
        image = read_image(self.root / "JPEGImages" / f"{name}.jpg", numbers.shape)
        return Sample(image, masks, border, ids, kinds, name, number)


def _category(classes: Int[np.ndarray, " P"], label: str) -> int:
    """Return the category of most pixels; border and background do not vote."""
    votes = np.bincount(classes[(classes > 0) & (classes != BORDER)], minlength=1)
    if votes.sum() == 0:
        raise ValueError(f"{label} has no category in the SegmentationClass map")
    if (category := int(votes.argmax())) not in CATEGORIES:
        raise ValueError(f"{label} has category {category}; VOC's are 1 to 20")
    return category
