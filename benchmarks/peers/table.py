"""The results as tables, written into the marked block of peers.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- written by --table -->", "<!-- until here -->"
NAMES = {"instancefcn": "ours: InstanceFCN", "mask_rcnn": "ours: Mask R-CNN",
         "torchvision": "torchvision: Mask R-CNN", "cellpose": "Cellpose 3",
         "stardist": "StarDist", "ultralytics": "Ultralytics: YOLO11n-seg"}
HEAD = ("", "AR@10", "AR@100", "AP50", "AP75", "answers", "ms an image",
        "memory, MiB", "lines", "training, processor s", "yardstick, ms")


def row(record: dict[str, Any]) -> list[str]:
    """The cells of one result."""
    told, between = record["figures"], record["yardstick ms"]
    return [NAMES[record["peer"]],
            *(f"{told[name]:.3f}".lstrip("0") for name in HEAD[1:5]),
            f"{told['answers']:.1f}", f"{told['ms']:.0f}",
            f"{record['memory MiB']:.0f}", f"{record['lines']}",
            f"{record['training']['processor s']:.0f}",
            f"{min(between):.1f} to {max(between):.1f}"]


def tables(records: Sequence[dict[str, Any]]) -> str:
    """A table for each data set, best AR@10 first."""
    text = []
    for dataset in dict.fromkeys(record["dataset"] for record in records):
        some = [each for each in records if each["dataset"] == dataset]
        some.sort(key=lambda each: -each["figures"]["AR@10"])
        teach, shown = some[0]["pictures"]
        text += [f"## {dataset.capitalize()}", "",
                 f"{teach} pictures to learn from, {shown} to measure on, "
                 f"{some[0]['budget']:.0f} processor seconds.", "",
                 *(f"| {' | '.join(cells)} |" for cells in
                   (HEAD, ["---"] * len(HEAD), *map(row, some))), ""]
    told = {f"{name} {number}" for each in records
            for name, number in each["versions"].items()}
    machines = {each["machine"] for each in records}
    dates = {each["date"] for each in records}
    return "\n".join([*text, "; ".join(map(", ".join, map(
        sorted, (dates, machines, told)))) + "."])


def write(results: Path, page: Path | None) -> str:
    """Put the tables of a folder of results into the page, if any; returns them."""
    records = [json.loads(path.read_text("utf-8"))
               for path in sorted(results.glob("*.json"))]
    records.sort(key=lambda each: each["dataset"] != "scenes")
    made = tables(records)
    if page is not None:
        before, _, rest = page.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        page.write_text(f"{before}{BEGIN}\n\n{made}\n\n{END}{after}", "utf-8")
    return made
