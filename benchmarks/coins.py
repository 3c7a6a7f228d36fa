"""The coins photograph: how many of its 24 coins the shipped weights find.

    python -m benchmarks.coins [file of weights]
"""

from __future__ import annotations

import sys

from ifcn_lab.data import shipped
from ifcn_lab.data.coco import CocoFolder
from ifcn_lab.metrics import mask_iou
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.windows import propose


def main() -> None:
    """Print how many coins have a proposal of IoU 0.5, 0.7 and 0.9."""
    model = (InstanceFCN.load(sys.argv[1]) if sys.argv[1:]
             else InstanceFCN.from_pretrained("scenes"))
    sample = CocoFolder(shipped.path("photos/coins.json"))[0]
    masks = propose(model, sample.image, top=100).masks
    best = mask_iou(masks, sample.masks).max(0)                          # (24,)
    counts = ", ".join(f"{int((best >= t).sum())} at IoU {t}" for t in (0.5, 0.7, 0.9))
    print(f"coins: of {len(best)}, among the top 100: {counts}")


if __name__ == "__main__":
    main()
