"""find objects in pictures and draw them

Writes an overlay picture; with --json also the masks in COCO's result format.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

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
    add_model(parser)
    add_pyramid(parser)
    parser.set_defaults(top=100, nms=0.5)


def run(given: Namespace) -> int:
    """Segment every picture in turn."""
    from ifcn_lab.data.pictures import read_image
    from ifcn_lab.draw.overlay import overlay

    model = load_model(given)
    results: list[dict] = []
    for number, picture in enumerate(given.pictures, start=1):
        image = read_image(picture)
        found = model.detect([image], **detect_options(given, model))[0]
        results += as_results(found, number, picture)
        drawn = found.above(given.score)
        path = overlay(image, drawn).save(target(given, picture))
        print(f"{picture}: {len(drawn)} objects of objectness {given.score} or more, "
              f"drawn in {path}")
    if given.json:
        given.json.write_text(json.dumps(results), "utf-8")
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


def as_results(found: Instances, image_id: int, picture: Path) -> list[dict]:
    """The masks of one picture, ready for JSON, with the picture's name."""
    import numpy as np

    kinds = np.ones(len(found), int) if found.categories is None else found.categories
    return [
        {"image_id": image_id, "file_name": picture.name, "category_id": int(kind),
         "score": float(score),
         "segmentation": {"size": code["size"], "counts": code["counts"].decode()}}
        for score, kind, code in zip(found.scores, kinds, found.rles(), strict=True)
    ]
