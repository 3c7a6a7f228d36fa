"""The Penn-Fudan pedestrians: pictures, and a map of instances for each."""

from __future__ import annotations

from pathlib import Path

from ifcn_lab.data import Sample
from ifcn_lab.data.instance_maps import read_map, separate
from ifcn_lab.data.named_samples import (
    NamedSamples,
    check_files,
    every_fifth,
    find_root,
)
from ifcn_lab.data.pictures import read_image


class PennFudan(NamedSamples):
    """Pictures in ``PNGImages`` with a map of ids for each in ``PedMasks``.

    Args:
        root: the folder that holds both, or one with it as ``PennFudanPed``.
        split: "train", "val" or "all". The publisher gives no split, so here every
            fifth name in sorted order, from the fifth on, is validation.

    The map of ``NAME.png`` is ``NAME_mask.png``: 0 is background, every other number
    is an object's id. Maps of 16 bits are read, so an image may hold more than 255
    objects. ``image_id`` counts all names in sorted order from 1. EXIF turns a picture
    only where its map's size asks for it, as in `Voc2012`.

    Raises ValueError, naming the file: on opening, for a missing folder or map; on
    taking a sample, for what cannot be read and for maps of another size.
    """

    categories = {1: "pedestrian"}

    def __init__(self, root: str | Path, split: str = "train") -> None:
        found = find_root(root, ["PennFudanPed"], ["PNGImages", "PedMasks"])
        names = sorted(path.stem for path in (found / "PNGImages").glob("[!.]*.png"))
        maps = (f"{name}_mask.png" for name in names)
        check_files(found / "PedMasks", maps, "PNGImages")
        super().__init__(found, *every_fifth(names, split))

    def _read(self, name: str, number: int) -> Sample:
        numbers = read_map(self.root / "PedMasks" / f"{name}_mask.png")
        masks, ignored, ids = separate(numbers)
        image = read_image(self.root / "PNGImages" / f"{name}.png", numbers.shape)
        return Sample(image, masks, ignored, ids, (1,) * len(ids), name, number)
