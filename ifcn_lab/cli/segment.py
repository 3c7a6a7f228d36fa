"""find objects in pictures and draw them

Writes an overlay picture; with --json also the masks in COCO's result format. A picture
that cannot be read is told and the others are done; the exit status is 2 then. Ctrl-C
keeps what is done.

examples:
  ifcn-lab segment photo.jpg
  ifcn-lab segment photo.jpg --model all --out answers.png
  ifcn-lab segment pictures/*.png --weights run --out found --json found.json
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.backend_bases import FigureCanvasBase
from PIL import Image

from ifcn_lab.atomic_write import write_whole
from ifcn_lab.cli import options
from ifcn_lab.data.coco_file import AnnotationFile
from ifcn_lab.data.picture_names import PictureNames, picture_in
from ifcn_lab.data.pictures import read_image
from ifcn_lab.draw.overlay import overlay, overlays
from ifcn_lab.metrics.regions import found
from ifcn_lab.metrics.results_file import rows
from ifcn_lab.models import model_class, shipped_models

if TYPE_CHECKING:
    from ifcn_lab.segmenter import Instances, Segmenter


class Work(NamedTuple):
    """One picture: its id and name in the results, and where its overlay goes."""

    picture: Path
    image_id: int | str
    name: str
    overlay: Path


class Finder(NamedTuple):
    """What finds the objects of a picture, and the score from which they are drawn."""

    find: Callable[[Any], Instances]
    least: float

    @classmethod
    def of(cls, given: Namespace, model: Segmenter) -> Finder:
        """The model's answers where it knows its cut and nothing else is asked for."""
        if model.cut and not (given.score or given.top or given.nms):
            return cls(options.detector(given, model, answers=True), model.cut)
        usual = {"top": given.top or 100, "nms": given.nms or 0.5}
        own = Namespace(**{**vars(given), **usual})
        return cls(options.detector(own, model), given.score or 0.5)


def add_options(parser: ArgumentParser) -> None:
    """Pictures, where to write, and how to search."""
    parser.add_argument("pictures", type=Path, nargs="+", metavar="PICTURE")
    parser.add_argument("--out", type=Path, metavar="PATH",
                        help="overlay to write, in the format of its suffix, or a "
                        "folder (default: beside the picture, NAME_overlay.png)")
    parser.add_argument("--score", type=options.share, help="draw what has at least "
                        "this score (0.5; left out, and --top and --nms too, weights "
                        "that know their cut give their answers and not proposals)")
    parser.add_argument("--json", type=Path, metavar="FILE",
                        help="also write all masks found, as COCO results")
    parser.add_argument("--annotations", type=Path, metavar="FILE",
                        help="give the results the image ids of this COCO file, by the "
                        "names of the pictures; left out: 1, 2, ...")
    parser.add_argument("--page", type=options.whole, metavar="N",
                        help="the page of pictures that have several (1)")
    options.add_part(parser, "pictures")
    options.add_model(parser)
    parser.add_argument("--model", metavar="MODEL", help="instead of --weights: a "
                        "model that `ifcn-lab models` lists, with the weights that "
                        "ship; all: what each of them finds, side by side")
    options.add_pyramid(parser)
    parser.set_defaults(top=None, nms=None)


def run(given: Namespace) -> int:
    """Segment every picture in turn; 2 if one of them failed."""
    work, results, failed = planned(given), [], 0
    detect = {name: Finder.of(given, model) for name, model in asked(given)}
    try:
        for one in work:
            try:
                segment(given, detect, one, results)
            except (OSError, ValueError, RuntimeError, MemoryError) as error:
                print(f"ifcn-lab segment: {options.one_line(error)}", file=sys.stderr)
                failed += 1
    finally:  # also when it is stopped
        if given.json:
            write_whole(given.json, json.dumps(results))
            print(f"{len(results)} masks in {given.json}")
    return 2 if failed else 0


def asked(given: Namespace) -> Iterator[tuple[str, Segmenter]]:
    """The models that the options name, each with its name."""
    if given.model is None:
        yield "", options.load_model(given)
        return
    for name in shipped_models() if given.model == "all" else [given.model]:
        yield name, options.ready(given, model_class(name).from_pretrained())


def segment(
    given: Namespace, detect: Mapping[str, Finder], one: Work, results: list
) -> None:
    """Add what each model finds in one picture to the results, and draw it."""
    with options.warnings_as_lines(f"{one.picture}: "):
        image = read_image(one.picture, page=given.page)
    drawn = {}
    for name, finder in detect.items():
        best = finder.find(image)
        told = {"file_name": one.name} | ({"model": name} if len(detect) > 1 else {})
        results += [row | told
                    for row in rows(found(best, image.shape[:2]), one.image_id)]
        drawn[name] = best.above(finder.least)
    first = next(iter(drawn.values()))
    picture = overlay(image, first) if len(drawn) == 1 else overlays(image, drawn)
    path = picture.save(one.overlay)
    counts = " ".join(f"{name} {len(each)}".strip() for name, each in drawn.items())
    scores = " ".join(dict.fromkeys(f"{each.least:.3g}" for each in detect.values()))
    print(f"{one.picture}: {counts} objects of score {scores} or more, drawn in {path}",
          flush=True)


def planned(given: Namespace) -> list[Work]:
    """Every picture once, with a place for its overlay that nothing else has.

    Raises:
        ValueError: the results cannot go where they are to go; nothing is done yet.
    """
    found = (each.parent / (picture_in(each.parent, each.name) or each.name)
             for each in given.pictures)
    pictures = [*{os.path.abspath(each): each for each in found}.values()]
    names = [each.name for each in pictures]
    if len({*names}) < len(names):
        names = [each.as_posix() for each in pictures]
    taken = options.read_here(given, *pictures)
    if given.json:
        options.claim(given.json, taken, "--json")
    single = names_a_file(given.out, len(pictures))
    return [
        Work(*one, options.claim(given.out, taken, "--out") if single else
             free(given.out or one[0].parent, one[0].stem, taken))
        for one in [*zip(pictures, ids_of(given, pictures), names,
                         strict=True)][given.part]
    ]


def names_a_file(out: Path | None, pictures: int) -> bool:
    """Whether --out is a file to write and no folder; a folder may be called `run.1`.

    Raises:
        ValueError: it is a file for several pictures, or of no format to write.
    """
    written = FigureCanvasBase.get_supported_filetypes()
    kind = out.suffix.lower() if out and not out.is_dir() else ""
    if kind not in Image.registered_extensions() and kind[1:] not in written:
        return False
    if pictures > 1 or kind[1:] not in written:
        raise ValueError(f"--out {out}: give a folder for several pictures, NAME.png "
                         "or NAME.jpg for one")
    return True


def free(folder: Path, stem: str, taken: set[str]) -> Path:
    """A name for an overlay that is not taken: the second of a stem is numbered."""
    tried = (folder / f"{stem}_overlay{end}.png" for end in
             chain([""], map("_{}".format, count(2))))
    new = next(each for each in tried if options.same(each) not in taken)
    return options.claim(new, taken)


def ids_of(given: Namespace, pictures: Sequence[Path]) -> Sequence[int | str]:
    """The image id of each picture.

    Raises:
        ValueError: the annotation file does not list a picture, or not once.
    """
    if given.annotations is None:
        return range(1, len(pictures) + 1)
    names = PictureNames(AnnotationFile(given.annotations).names_by_id)
    ids: dict[int | str, Path] = {}
    for picture in pictures:
        key = names.find(str(picture.absolute()))
        if key is None or key in ids:
            raise ValueError(f"{given.annotations}: does not list {picture.name}, or "
                             "more than once; leave --annotations out to number them")
        ids[key] = picture
    return list(ids)
