"""measure average recall (AR) of a network on a COCO-format folder

AR@N is the share of objects found by the N best proposals of their image, averaged
over mask IoU from .5 to .95 in steps of .05. Crowd regions do not count.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ifcn_lab.commands.options import (
    add_data,
    add_model,
    add_pyramid,
    load_data,
    load_model,
    whole,
)


def add_options(parser: ArgumentParser) -> None:
    """Data, network, pyramid, and where the figures go."""
    add_data(parser, required=True, split="val")
    add_model(parser)
    add_pyramid(parser)
    parser.add_argument("--limit", type=whole, help="only the first so many images")
    parser.add_argument("--by-size", action="store_true",
                        help="also for small, medium and large objects (slower)")
    parser.add_argument("--json", "--out", type=Path, metavar="FILE",
                        help="also write the figures as JSON")


def run(given: Namespace) -> int:
    """Propose on every image, count what was found."""
    from tqdm import tqdm

    from ifcn_lab.evaluation import Recall
    from ifcn_lab.proposals import propose

    samples, model = load_data(given), load_model(given)
    recall = Recall(tuple(n for n in (10, 100, 1000) if n <= max(given.top, 10)),
                    sizes=given.by_size)
    count = min(len(samples), given.limit or len(samples))
    for index in tqdm(range(count), unit="image", leave=False, disable=None):
        sample = samples[index]
        recall.add(propose(model, sample.image, top=given.top, nms_iou=given.nms,
                           threshold=given.threshold, precision="auto"), sample)
    report = recall.result()
    if report.objects["all"] == 0:
        raise ValueError(f"{given.annotations}: the {count} images looked at hold no "
                         "object, so there is nothing to find")
    print(report)
    if given.json:
        given.json.write_text(json.dumps(report.as_dict(), indent=1), "utf-8")
    return 0
