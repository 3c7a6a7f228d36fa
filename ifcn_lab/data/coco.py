"""Any folder of pictures with annotations in COCO's format."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ifcn_lab.data import Sample
from ifcn_lab.data.coco_file import AnnotatedImage, AnnotationFile
from ifcn_lab.data.faults import Unreadable, absent
from ifcn_lab.data.picture_names import picture_in
from ifcn_lab.data.pictures import read_image
from ifcn_lab.data.segmentation import mask_of

TRIED = 50  # so many pictures are looked for to find their folder


class CocoFolder(Sequence[Sample]):
    """A sequence of samples read from COCO annotations and their pictures.

    ``annotations`` is the JSON file, or a folder that holds exactly one (in it or in
    its ``annotations`` folder; ``instances*.json`` goes before other names). Without
    ``images`` the pictures are looked for beside the annotations: in the same folder,
    in ``images``, in ``../images`` and, for ``instances_train2017.json``, in
    ``../train2017`` and ``../images/train2017``: as COCO 2014 and 2017 unpack. A name
    with backslashes, percent signs or decomposed accents finds its file, too.

    Polygons, polygons of several parts and run lengths (RLE), compressed or not, become
    masks. Crowd regions go to ``Sample.crowd`` and never to ``Sample.masks``. An object
    whose outline covers no pixel at all is left out.

    Annotations are checked at once, see ``AnnotationFile``, which is ``file``; pictures
    and masks are decoded when a sample is taken. A slice is again a CocoFolder. An
    image without objects has masks of shape (0, h, w). ``categories`` maps ids to
    names, ``objects`` counts the annotations that are no crowd.

    Where EXIF data say how to turn a picture, it is turned if only then it has the size
    that the file says; else it is taken as stored, as pycocotools does.

    Raises ValueError, naming the file and all that is wrong with it, for annotations
    that cannot be read and pictures that are missing; with ``strict`` false these are
    left out, and ``file.faults`` tells of them. On taking a sample, raises ValueError
    for a picture that cannot be read or has another size than the annotations say.
    """

    def __init__(
        self, annotations: str | Path, images: str | Path | None = None, *,
        strict: bool = True,
    ) -> None:
        file = AnnotationFile(annotations)
        self.annotations, self.categories = file.path, file.categories
        self.images = _image_folder(file, images)
        paths = list(_paths(self.images, file))
        if strict:
            file.check()
        there = [i for i, path in enumerate(paths) if path is not None]
        self._paths = np.array(paths, object)[there].astype(str)
        self.file = file if len(there) == len(file) else file.those(there)

    def __len__(self) -> int:
        """Count the images, with and without objects."""
        return len(self.file)

    @property
    def objects(self) -> int:
        """Count the annotated objects, crowd left out."""
        return self.file.objects

    def __getitem__(self, index: int | slice) -> Sample | CocoFolder:
        """Read one image with its masks, or cut out a shorter CocoFolder."""
        if not isinstance(index, slice):
            return self._read(self.file[index], str(self._paths[index]))
        part = copy.copy(self)
        part.file, part._paths = self.file[index], self._paths[index]
        return part

    def __repr__(self) -> str:
        """Say what this is and how much of it there is."""
        return f"<CocoFolder {self.annotations.name}: {len(self)} images>"

    def _read(self, listed: AnnotatedImage, path: str) -> Sample:
        image = read_image(self.images / path, listed.size)
        masks, crowd, kept = [], np.zeros(listed.size, dtype=bool), []
        for one in listed.annotations:
            mask = mask_of(one.segmentation, listed.size)
            if one.crowd:
                crowd |= mask
            elif mask.any():
                masks.append(mask)
                kept.append(one)
        return Sample(
            image, np.array(masks, dtype=bool).reshape(-1, *listed.size), crowd,
            tuple(one.id for one in kept), tuple(one.category for one in kept),
            listed.name, listed.id)


def _image_folder(file: AnnotationFile, given: str | Path | None) -> Path:
    if given is not None:
        if not Path(given).is_dir():
            raise absent(Path(given), "folder of pictures")
        return Path(given)
    here, split = file.path.parent, file.path.stem.removeprefix("instances_")
    above = here.parent
    tried = [here, here / "images", above / "images", above / split,
             above / "images" / split]
    names = [image.name for image in file[:TRIED]]
    for folder in tried:
        if not names or any(picture_in(folder, name) for name in names):
            return folder
    raise ValueError(
        f"{file.path}: its pictures, {names[0]} for one, are in none of "
        f"{', '.join(map(str, tried))}; say where they are: --images FOLDER on the "
        "command line, `images` in Python"
    )


def _paths(folder: Path, file: AnnotationFile) -> Iterator[str | None]:
    """Give where each picture lies in the folder; if nowhere, None and a fault."""
    with os.scandir(folder) as entries:  # one look instead of 100,000
        there = {entry.name for entry in entries if entry.is_file()}
    for image in file:
        path = image.name if image.name in there else picture_in(folder, image.name)
        if path is None:
            file.faults.place = f"picture {image.name}"
            file.faults.refuse(Unreadable(f"is not in {folder}"))
        yield path
