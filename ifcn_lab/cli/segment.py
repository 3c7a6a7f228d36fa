"""find objects in pictures and draw them

Writes an overlay picture; with --json also the masks in COCO's result format.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ifcn_lab.atomic_write import check_writable, write_whole
from ifcn_lab.cli.options import (
    add_model,
    add_pyramid,
    detect_options,
    load_model,
    share,
)

if TYPE_CHECKING:
    from ifcn_lab.segmenter import Instances


def add_options(parser: ArgumentParser) -> None:
    """Pictures, where to write, and how to search."""
    parser.add_argument("pictures", type=Path, nargs="+", metavar="PICTURE")
    parser.add_argument("--out", type=Path, metavar="PATH",
                        help="overlay to write, or a folder for several (default: "
                        "beside the picture, NAME_overlay.png)")
    parser.add_argument("--score", type=share, default=0.5,
                        help="draw proposals of at least this objectness (0.5)")
    parser.add_argument("--json", type=Path, metavar="FILE",
                        help="also write all masks found, as COCO results")
    parser.add_argument("--annotations", type=Path, metavar="FILE",
                        help="give the results the image ids of this COCO file, by the "
                        "names of the pictures; left out: 1, 2, ...")
    add_model(parser)
    add_pyramid(parser)
    parser.set_defaults(top=100, nms=0.5)


def run(given: Namespace) -> int:
    """Segment every picture in turn."""
    from ifcn_lab.data.pictures import read_image
    from ifcn_lab.draw.overlay import overlay

    if given.json:
        check_writable(given.json)
    model = load_model(given)
    results: list[dict] = []
    for image_id, picture in zip(ids_of(given), given.pictures, strict=True):
        image = read_image(picture)
        found = model.detect([image], **detect_options(given, model))[0]
        results += as_results(found, image_id, picture)
        drawn = found.above(given.score)
        path = overlay(image, drawn).save(target(given, picture))
        print(f"{picture}: {len(drawn)} objects of objectness {given.score} or more, "
              f"drawn in {path}")
    if given.json:
        write_whole(given.json, json.dumps(results))
        print(f"{len(results)} masks in {given.json}")
    return 0


def target(given: Namespace, picture: Path) -> Path:
    """Where the overlay of one picture goes."""
    name = f"{picture.stem}_overlay.png"
    if given.out is None:
        return picture.with_name(name)
    if len(given.pictures) == 1 and given.out.suffix:
        return given.out
    given.out.mkdir(parents=True, exist_ok=True)
    return given.out / name


def ids_of(given: Namespace) -> Sequence[int | str]:
    """The image id of each picture.

    Raises:
        ValueError: the annotation file does not list a picture, or not once.
    """
    if given.annotations is None:
        return range(1, len(given.pictures) + 1)
    from ifcn_lab.data.coco_file import AnnotationFile, ids_by_name

    ids = ids_by_name({image.id: image.name for image in
                       AnnotationFile(given.annotations)})
    for picture in given.pictures:
        if picture.name not in ids:
            raise ValueError(f"{given.annotations}: does not list {picture.name}, or "
                             "more than once; leave --annotations out to number them")
    return [ids[picture.name] for picture in given.pictures]


def as_results(
    found: Instances, image_id: int | str, picture: Path
) -> list[dict]:
    """The masks of one picture, ready for JSON, with the picture's name."""
    import numpy as np

    kinds = np.ones(len(found), int) if found.categories is None else found.categories
    return [
        {"image_id": image_id, "file_name": picture.name, "category_id": int(kind),
         "score": float(score),
         "segmentation": {"size": code["size"], "counts": code["counts"].decode()}}
        for score, kind, code in zip(found.scores, kinds, found.rles(), strict=True)
    ]
