"""measure a network, or results of any tool: AR@N, AP, mAP^r, the nuclei score

AR@N is the share of objects found by the N best proposals of their image, averaged
over mask IoU from .5 to .95 in steps of .05; AUC is the area under AR@N over log N.
Crowd regions do not count. With COCO annotations AR and AP are what pycocotools gives
for the same result file, to the last digit.

examples:
  ifcn-lab evaluate --annotations nuclei/val.json --weights run --boxes --by-size
  ifcn-lab evaluate --dataset voc2012 --data VOC2012 --split val --weights run --ap
  ifcn-lab evaluate --dataset coco --data coco --split val --limit 5000 --weights run
      --save found.json --workers 8
  ifcn-lab evaluate --annotations train.json --weights run --nuclei --score .8 .9 .99
  ifcn-lab evaluate --annotations val.json --results found.json --ap --by-category
  ifcn-lab evaluate --annotations val.json --weights run --part 1/2 --save 1.json
  ifcn-lab evaluate --annotations val.json --results 1.json 2.json
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ifcn_lab.atomic_write import write_whole
from ifcn_lab.cli import options
from ifcn_lab.data.coco_file import AnnotationFile
from ifcn_lab.metrics.image_by_image import Evaluation, Figures, Judged, judge_all
from ifcn_lab.metrics.results_file import ResultFile, writing_results


def add_options(parser: ArgumentParser) -> None:
    """Data, network or results, pyramid, figures, and where they go."""
    options.add_data(parser, required=True, split="val")
    options.add_model(parser)
    parser.add_argument("--results", type=Path, nargs="+", metavar="FILE",
                        help="score these COCO results, of any tool, and no network; "
                        "with --annotations no pictures are needed; several files are "
                        "parts of one")
    options.add_pyramid(parser)
    parser.add_argument("--limit", type=options.whole, metavar="N",
                        help="only the first N images, in the order of the file")
    options.add_part(parser, "images")
    parser.add_argument("--workers", type=int, default=0, metavar="N",
                        help="processes of one thread each; 0 (default): this one, "
                        "with its threads")
    add_figures(parser)
    parser.add_argument("--save", type=Path, metavar="FILE",
                        help="also write what was found, as COCO results")
    parser.add_argument("--json", "--out", type=Path, metavar="FILE",
                        help="also write the figures as JSON")


def add_figures(parser: ArgumentParser) -> None:
    """Which figures to print besides AR."""
    group = parser.add_argument_group("figures besides the AR of masks")
    group.add_argument("--boxes", action="store_true",
                       help="also of the masks' tight boxes")
    group.add_argument("--by-size", action="store_true",
                       help="AR also for small, medium and large objects")
    group.add_argument("--ap", action="store_true", help="COCO's AP of the best 100, "
                       "also by size, and mAP^r at .5 and .7; categories ignored")
    group.add_argument("--by-category", action="store_true", help="AP and "
                       "mAP^r within each category, and their means")
    group.add_argument("--nuclei", action="store_true", help="TP/(TP+FP+FN) at mask "
                       "IoU .5 to .9, pooled over images and as the mean over images; "
                       "overlapping answers are cut: the better one has the pixels")
    group.add_argument("--score", type=options.share, nargs="+", default=[0.9],
                       metavar="P", help="for --nuclei: the least score of an answer "
                       "(0.9), or several to compare; choose it on training images")


@options.warnings_as_lines()
def run(given: Namespace) -> int:
    """Judge every image, count, print."""
    check(given)
    evaluation = prepare(given)
    images = range(min(len(evaluation.data), given.limit or len(evaluation.data)))
    images = images[given.part]
    count = len(images)
    make = partial(prepare, given) if given.workers else lambda: evaluation
    saved = writing_results(given.save) if given.save else nullcontext()
    with saved as write:
        judged = judge_all(make, images, given.workers)
        troubles = count_all(judged, evaluation.figures, write, count)
        if evaluation.figures.objects == 0:
            raise ValueError(f"{given.annotations or given.dataset}: the {count} "
                             "images looked at hold no object, so there is nothing to "
                             "find")
    tell(given, evaluation.figures, troubles)
    return 0


def check(given: Namespace) -> None:
    """Refuse options that do not go together, and places that cannot be written.

    Raises:
        ValueError: says which and what to do.
        OSError: a file of results cannot be written.
    """
    if given.results and given.save:
        raise ValueError("--save writes what a network finds; with --results there is "
                         "none, so leave one of the two out")
    if given.workers < 0:
        raise ValueError(f"--workers is {given.workers}; give 0 or more")
    taken = options.read_here(given, *(given.results or [given.weights]))
    for option, path in (("--save", given.save), ("--json", given.json)):
        if path:
            options.claim(path, taken, option)


def prepare(given: Namespace) -> Evaluation:
    """Open data and network, or data and results: what one process needs."""
    if given.results and given.annotations:
        data = AnnotationFile(given.annotations)
        data.check()
    else:
        data = options.load_data(given)
    if given.results:
        answers = ResultFile(*given.results)
    else:
        model = options.load_model(given)
        if given.by_category and model.classes is None:
            raise ValueError(f"--by-category needs categories, and an "
                             f"{type(model).__name__} tells no kinds apart; use --ap")
        answers = options.detector(given, model)
    figures = figures_of(given, getattr(answers, "masks", True))
    return Evaluation(data, answers, figures, bool(given.save))


def figures_of(given: Namespace, masks: bool) -> Figures:
    """The figures that the options name, for results with masks or without.

    Raises:
        ValueError: figures of masks are asked for where there are none.
    """
    if not masks and (given.nuclei or not given.boxes):
        raise ValueError(f"{given.results[0]} holds boxes and no masks; say --boxes, "
                         "and leave --nuclei out")
    return Figures(
        kinds=("masks",) * masks + ("boxes",) * given.boxes,
        ns=tuple(n for n in (10, 100, 1000) if n <= max(given.top, 10)),
        sizes=given.by_size, ap=given.ap, by_category=given.by_category,
        scores=tuple(given.score) if given.nuclei else (),
    )


def count_all(
    judged: Iterable[Judged], figures: Figures, write: Any, count: int
) -> list[str]:
    """Count the images one by one and write what was found.

    Returns:
        What was said of each image that could not be read.
    """
    troubles = []
    for one in tqdm(judged, unit="image", total=count, leave=False, disable=None):
        if one.trouble:
            troubles.append(one.trouble)
            continue
        figures.count(one.image_id, one.figures)
        if write is not None:
            write(one.results)
    if troubles and len(troubles) == count:
        raise ValueError(f"none of the {count} images can be read: {troubles[0]}")
    return troubles


def tell(given: Namespace, figures: Figures, troubles: list[str]) -> None:
    """Print the figures and write them."""
    print(figures)
    if troubles:
        print(f"left out, as they cannot be read: {len(troubles)}")
        print("\n".join(f"  {trouble}" for trouble in troubles))
    if given.save:
        print(f"what was found is in {given.save}")
    if given.json:
        told = figures.as_dict() | {"left out": troubles}
        write_whole(given.json, json.dumps(told, indent=1))
