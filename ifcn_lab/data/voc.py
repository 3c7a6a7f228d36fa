"""PASCAL VOC 2012's own instance masks, and SBD's for every object of VOC 2011."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

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


class Sbd(ListedSamples):
    """The images of SBD with the instance masks of their ``inst/*.mat`` files.

    Args:
        root: the folder with ``img`` and ``inst``, or one that holds it as ``dataset``
            or ``benchmark_RELEASE/dataset``, as its publisher packs it.
        split: ``{split}.txt`` of that folder lists the images: "train" or "val".
        names: a list of image names, or the file that holds one, instead of ``split``.

    The papers on SDS, MNC, InstanceFCN and FCIS do not use SBD's own split, but lists
    of 5,623 images to train on and 5,732 to test on. SBD's own ``train.txt`` holds
    images that those papers test on. Who has the two lists gives them as ``names``.

    Each file holds a MATLAB structure ``GTinst``: ``Segmentation``, whose number is an
    object's id, and ``Categories``, one of VOC's 20 for each id in turn. 255 goes to
    ``Sample.crowd`` unless it is an object's id. ``image_id`` is the name as a number.
    EXIF turns a picture only where its size asks for it, as in `Voc2012`.

    Raises ValueError, naming the file: on opening, for folders, lists and files that
    are missing; on taking a sample, for files that cannot be read, ids without a
    category, and pictures of another size than their masks.
    """

    categories = CATEGORIES
    files = {"img": "jpg", "inst": "mat"}
    inner = ("dataset", "benchmark_RELEASE/dataset")

    def _read(self, name: str, number: int) -> Sample:
        path = self.root / "inst" / f"{name}.mat"
        numbers, categories = _read_mat(path)
        ignore = None if len(categories) >= BORDER else BORDER
        masks, ignored, ids = separate(numbers, ignore)
        _check_ids(ids, categories, path)
        image = read_image(self.root / "img" / f"{name}.jpg", numbers.shape)
        kinds = tuple(categories[id - 1] for id in ids)
        return Sample(image, masks, ignored, ids, kinds, name, number)


def _read_mat(path: Path) -> tuple[Int[np.ndarray, "h w"], list[int]]:
    """Read the map of ids, and the category of each id from 1 on."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        truth: Any = loadmat(path, variable_names=["GTinst"])["GTinst"][0, 0]
        numbers = np.asarray(truth["Segmentation"]).astype(np.int64)
        categories = np.asarray(truth["Categories"]).ravel().astype(int).tolist()
    except KeyError as error:
        raise ValueError(f"{path}: holds no GTinst, so no instances") from error
    except (OSError, ValueError, TypeError, IndexError, EOFError, MemoryError,
            NotImplementedError, MatReadError, zlib.error, struct.error) as error:
        raise ValueError(f"{path}: cannot be read as GTinst ({error})") from error
    if numbers.ndim != 2:
        raise ValueError(f"{path}: its Segmentation has shape {numbers.shape}, "
                         "expected height and width")
    return numbers, categories


def _check_ids(ids: tuple[int, ...], categories: list[int], path: Path) -> None:
    outside = [id for id in ids if not 1 <= id <= len(categories)]
    if outside:
        raise ValueError(f"{path}: holds the id {outside[0]}, but categories for "
                         f"{len(categories)} objects")
    unknown = [c for c in categories if c not in CATEGORIES]
    if unknown:
        raise ValueError(f"{path}: holds the category {unknown[0]}; VOC's are 1 to 20")
