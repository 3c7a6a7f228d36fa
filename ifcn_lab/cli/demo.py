"""segment a photograph of coins with the shipped weights; no network, no GPU"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from ifcn_lab.atomic_write import check_writable
from ifcn_lab.data import shipped
from ifcn_lab.data.coco import CocoFolder
from ifcn_lab.draw.overlay import overlay
from ifcn_lab.metrics import mask_iou
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.windows import propose


def add_options(parser: ArgumentParser) -> None:
    """--out."""
    parser.add_argument("--out", type=Path, default=Path("coins_overlay.png"),
                        help="the picture to write (default: coins_overlay.png)")


def run(given: Namespace) -> int:
    """Find the coins, compare with the outlines drawn by hand, write the overlay."""
    check_writable(given.out)
    sample = CocoFolder(shipped.path("photos/coins.json"))[0]
    model = InstanceFCN.from_pretrained("scenes")
    found = propose(model, sample.image, top=100)
    best = mask_iou(found.masks, sample.masks).max(0)                    # (coins,)
    print(f"{len(best)} coins, {int((best >= 0.7).sum())} of them with a mask of "
          f"IoU 0.7 or more among the {len(found)} best proposals")
    (meant,) = model.answers([sample.image])
    path = overlay(sample.image, meant).save(given.out)
    print(f"the {len(meant)} answers above the cut of these weights are drawn in "
          f"{path.resolve()}")
    return 0
