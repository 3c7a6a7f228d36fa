"""Any data set by its name and its folder."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

DATASETS = ("scenes", "coco", "voc2012", "sbd", "dsb2018", "pennfudan")
SPLITS = ("train", "val")
HOMES = {"voc2012": ("voc", "Voc2012"), "sbd": ("voc", "Sbd"),
         "dsb2018": ("dsb2018", "Dsb2018"), "pennfudan": ("pennfudan", "PennFudan")}
"""Module and class of the data sets that lie as their publishers pack them."""
SCENES = {"train": (2000, 0), "val": (100, 1_000_000)}


def open_dataset(
    name: str,
    root: str | Path | None,
    split: str = "train",
    *,
    names: str | Path | None = None,
    strict: bool = True,
) -> Sequence:  # of Sample; said so, a checker of types would read one
    """Open a data set of `Sample`; its pictures are read when one is taken.

    Args:
        name: one of `DATASETS`.
        root: its folder; None for "scenes", which need none.
        split: "train" or "val". Scenes: 2,000 to train on and 100 others. "coco" takes
            the one file ``instances_{split}*.json`` in the folder or in its
            ``annotations``. "dsb2018" takes such a file too where there is one, else
            the publisher's folders, see `Dsb2018`.
        names: the file with the list of images, for "voc2012" and "sbd": for one, a
            list of the SDS protocol.
        strict: of COCO files, as of `CocoFolder`.

    InstanceFCN's table on COCO is for the first 5,000 images of val2014:
    ``open_dataset("coco", root, "val")[:5000]``. They are taken in the order of the
    file; no source says more than "first".

    Raises ValueError for an unknown name or split, a missing folder, and what the data
    set itself refuses.

    >>> samples = open_dataset("scenes", None, "val")
    >>> len(samples), samples[0].name, samples.categories
    (100, 'scene 1000000', {1: 'object'})
    """
    if name not in DATASETS:
        raise ValueError(f"no data set {name!r}; there are {', '.join(DATASETS)}")
    if split not in SPLITS:
        raise ValueError(f"split {split!r}; expected 'train' or 'val'")
    if root is None and name != "scenes":
        raise ValueError(
            f"the data set {name} needs the folder it lies in: --data FOLDER on the "
            f"command line, `root` in Python"
        )
    if names is not None and name not in ("voc2012", "sbd"):
        raise ValueError(f"a list of names is for voc2012 and sbd, not for {name}")
    return _open(name, Path(root or "."), split, names, strict)


def _open(
    name: str, root: Path, split: str, names: str | Path | None, strict: bool
) -> Sequence:
    pattern = f"instances_{split}*.json"
    if name == "coco" or (name == "dsb2018" and (
            any(root.glob(pattern)) or any(root.glob(f"annotations/{pattern}")))):
        from ifcn_lab.data.coco import CocoFolder
        from ifcn_lab.data.coco_file import annotation_file

        return CocoFolder(annotation_file(root, [pattern]), strict=strict)
    if name == "scenes":
        from ifcn_lab.data.scenes import SceneSet

        return SceneSet(*SCENES[split])
    module, kind = HOMES[name]
    made = getattr(import_module(f"ifcn_lab.data.{module}"), kind)
    return made(root, split, **({"names": names} if names else {}))
