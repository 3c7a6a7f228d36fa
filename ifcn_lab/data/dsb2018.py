"""The nuclei of the Data Science Bowl 2018, as their publisher packs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ifcn_lab.data import Sample
from ifcn_lab.data.instance_maps import read_map
from ifcn_lab.data.named_samples import NamedSamples, every_fifth
from ifcn_lab.data.pictures import read_image


class Dsb2018(NamedSamples):
    """Microscope pictures of nuclei: a folder each, with one PNG per nucleus.

    Args:
        root: the folder whose folders ``<id>`` hold ``images/<id>.png`` and
            ``masks/*.png``, or one that holds it as ``stage1_train``.
        split: "train", "val" or "all". The publisher gives no split, so here every
            fifth id in sorted order, from the fifth on, is validation. (The nuclei
            that come as COCO files have a split of their own.)

    Nuclei are numbered from 1 in the order of their files' names; their masks may
    overlap and keep all their pixels. A mask without a pixel is left out. Pictures are
    RGBA and become RGB. ``image_id`` counts all ids in sorted order from 1.
    EXIF turns a picture only where the masks' size asks for it, as in `Voc2012`.

    Raises ValueError, naming the file or folder: on opening, for an id without a
    picture or masks; on taking a sample, for what cannot be read and for masks of
    another size than the picture.
    """

    categories = {1: "nucleus"}

    def __init__(self, root: str | Path, split: str = "train") -> None:
        found = _folder(Path(root))
        ids = sorted(path.name for path in found.iterdir() if _is_image(path))
        for name in ids:
            _check(found / name)
        super().__init__(found, *every_fifth(ids, split))

    def _read(self, name: str, number: int) -> Sample:
        picture = self.root / name / "images" / f"{name}.png"
        drawn, size = [], None
        for path in sorted((self.root / name / "masks").glob("[!.]*.png")):
            drawn.append(read_map(path, size=size) > 0)
            size = drawn[0].shape
        image = read_image(picture, size)
        ids = tuple(i for i, mask in enumerate(drawn, start=1) if mask.any())
        masks = np.array([drawn[i - 1] for i in ids], bool)
        empty = np.zeros(image.shape[:2], bool)
        return Sample(image, masks.reshape(-1, *empty.shape), empty, ids,
                      (1,) * len(ids), name, number)


def _folder(given: Path) -> Path:
    for folder in (given, given / "stage1_train"):
        if folder.is_dir() and any(map(_is_image, folder.iterdir())):
            return folder
    raise ValueError(
        f"{given}: holds no folder with images/ and masks/ in it; looked there and in "
        "stage1_train"
    )


def _is_image(path: Path) -> bool:
    return not path.name.startswith(".") and (path / "images").is_dir()


def _check(folder: Path) -> None:
    if not (folder / "images" / f"{folder.name}.png").is_file():
        raise ValueError(f"{folder}: holds no images/{folder.name}.png")
    if not (folder / "masks").is_dir():
        raise ValueError(
            f"{folder}: has no folder masks; pictures to test on have none and cannot "
            "be used here"
        )
