"""Copy the real pictures that ship: nuclei for lesson 7, and photographs of COCO.

    python -m lessons.real_pictures nuclei ../shared/data/dsb2018_fluor
    python -m lessons.real_pictures photos ../shared/data/coco_dev
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from ifcn_lab.atomic_write import write_whole
from ifcn_lab.data import shipped

NUCLEI = ("05040e2e 0bf4b144 1b6044e4 29dd28df 449fe932 a9d884ba dad607a2 f81ca7ee "
          "44ab6a09 751f421d 4a424e0c f487cc82").split()
"""How the files' names begin. Lesson 7 trains on the first eight and tests on the rest;
each kind of picture is on both sides."""
PHOTOS = "000000204805 000000000542 000000458756".split()
FREE = {4: "CC BY 2.0", 7: "no known copyright restrictions"}
"""The licences of COCO that let a photograph be passed on as it is, by anybody."""
SOURCES = {
    "nuclei": ("instances_train.json", "nuclei/instances.json", NUCLEI),
    "photos": ("instances_train2017.json", "photos/coco.json", PHOTOS),
}


def make(kind: str, source: Path) -> None:
    """Copy the chosen pictures byte for byte, and what the source's file says of them.

    Raises ValueError for a photograph whose licence does not let it be passed on.
    """
    annotations, name, chosen = SOURCES[kind]
    document = json.loads((source / annotations).read_text(encoding="utf-8"))
    images = [image for start in chosen for image in document["images"]
              if image["file_name"].startswith(start)]
    target = shipped.folder() / name
    target.parent.mkdir(exist_ok=True)
    for image in images:
        if kind == "photos" and image["license"] not in FREE:
            raise ValueError(f"{image['file_name']}: licence {image['license']} is "
                             f"none of {FREE}; choose another photograph")
        short = image["file_name"][:8] + ".png" if kind == "nuclei" else None
        found = source / "images" / image["file_name"]
        image |= {"file_name": short or image["file_name"], "source": found.name}
        shutil.copy(found, target.parent / image["file_name"])
    numbers = {image["id"] for image in images}
    kept = [a for a in document["annotations"] if a["image_id"] in numbers]
    named = {a["category_id"] for a in kept}
    document |= {"images": images, "annotations": kept, "categories": [
        c for c in document["categories"] if c["id"] in named]}
    write_whole(target, json.dumps(document))


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]))
