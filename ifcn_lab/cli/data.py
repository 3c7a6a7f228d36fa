"""fetch public data sets, list them, or check a folder of data

examples:
  ifcn-lab data list
  ifcn-lab data fetch voc2012 --to VOC
  ifcn-lab data fetch dsb2018 --to nuclei --archive stage1_train.zip
  ifcn-lab data check VOC
  ifcn-lab data check my/annotations.json --limit 100
  ifcn-lab data check my/annotations.json --fix my/understood.json
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ifcn_lab.atomic_write import check_writable, write_whole
from ifcn_lab.cli.options import whole
from ifcn_lab.cli.standard_streams import plain
from ifcn_lab.data.catalogue import DATASETS, open_dataset
from ifcn_lab.data.coco import CocoFolder
from ifcn_lab.data.downloads import fetch
from ifcn_lab.data.sources import SOURCES, announced
from ifcn_lab.data.survey import survey

FOLDERS = tuple(name for name in DATASETS if name != "scenes")
FILE = "any COCO file"
FETCH = """Downloads and unpacks in FOLDER.partial, checks the sum where one is known,
looks whether the data is there, and only then makes FOLDER. Size, licence and source
are printed first: read them."""


def add_options(parser: ArgumentParser) -> None:
    """`fetch`, `list` and `check`, each with its options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="what can be fetched, its size and its licence")
    add_fetch(actions.add_parser(
        "fetch", help="download and unpack a public data set", description=FETCH,
        formatter_class=RawDescriptionHelpFormatter))
    add_check(actions.add_parser(
        "check", help="open a data set, count, say what is broken"))


def add_fetch(one: ArgumentParser) -> None:
    """What to fetch, where to, and where else from."""
    one.add_argument("name", choices=tuple(SOURCES))
    one.add_argument("--to", type=Path, required=True, metavar="FOLDER",
                     help="the folder to make")
    how = one.add_mutually_exclusive_group()
    how.add_argument("--url", nargs="+", default=[], help="another address of the "
                     "archive (several: in the order of `data list`)")
    how.add_argument("--archive", type=Path, nargs="+", default=[], metavar="FILE",
                     help="the archive, brought by other means; it is left as it is")
    one.add_argument("--sha256", nargs="+", default=[], metavar="SUM",
                     help="what the archive's checksum must be")


def add_check(one: ArgumentParser) -> None:
    """What to look at."""
    one.add_argument("data", type=Path, metavar="FOLDER",
                     help="a data set's folder, or a COCO annotation file")
    one.add_argument("--dataset", choices=FOLDERS, help="left out: found out")
    one.add_argument("--images", type=Path, metavar="FOLDER",
                     help="the pictures of an annotation file")
    one.add_argument("--names", type=Path, metavar="FILE",
                     help="the list of images to use (voc2012, sbd)")
    one.add_argument("--fix", type=Path, metavar="FILE", help="write what was "
                     "understood of an annotation file, as a clean one")
    one.add_argument("--limit", type=whole, help="look at so many images a split, "
                     "spread over it")


def run(given: Namespace) -> int:
    """Do what was asked; `check` gives 1 where it found something wrong."""
    return {"list": show, "fetch": bring, "check": check}[given.action](given)


def show(given: Namespace) -> int:
    """Print what can be fetched."""
    for name, source in SOURCES.items():
        print(f"{name}: {announced(source)}")
    return 0


def bring(given: Namespace) -> int:
    """Fetch one data set, say how it is used."""
    folder = fetch(given.name, given.to, urls=given.url, archives=given.archive,
                   sha256=given.sha256, tell=partial(print, flush=True))
    opens = SOURCES[given.name].opens
    print(f"{given.name} is in {folder}\n"
          f"  look at it with: ifcn-lab data check {folder}\n"
          f"  use it with: --dataset {opens} --data {folder}")
    return 0


def check(given: Namespace) -> int:
    """Open the data, read every image, print counts, sizes and problems."""
    if given.fix:
        if not given.data.is_file() or given.fix.resolve() == given.data.resolve():
            raise ValueError("--fix writes a COCO annotation file under another name; "
                             "give the file to check and a name for the new one")
        check_writable(given.fix)
    broken = 0
    for name, samples in opened(given):
        step = max(1, len(samples) // given.limit) if given.limit else 1
        indices = range(0, len(samples), step)[:given.limit]
        bar = tqdm(indices, unit="image", leave=False, disable=None)
        found = survey(samples, bar)
        print(f"{name}: {len(samples):,} images, of which were looked at:")
        print("\n".join(f"  {plain(line)}" for line in found.lines()), flush=True)
        broken += len(found.problems) + faults_of(given, samples)
    return 1 if broken else 0


def faults_of(given: Namespace, samples: Sequence) -> int:
    """Tell what is wrong with an annotation file, write it anew if asked; how much."""
    file = getattr(samples, "file", None)
    if file is None:
        return 0
    faults = file.faults
    if faults.count:
        print(f"  {faults.count:,} faults in the file itself; for {faults.refused:,} "
              "of them something was left out", flush=True)
    for line in faults.lines():
        print(plain(f"{file.path}: {line}"), file=sys.stderr)
    if given.fix:
        write_whole(given.fix, json.dumps(file.as_document()))
        print(f"  what was understood is in {given.fix}")
    return faults.count


def opened(given: Namespace) -> Iterator[tuple[str, Sequence]]:
    """Each part of the data, samples in turn, by its name.

    Raises:
        ValueError: the folder holds no data set that is known; says what was tried.
    """
    name = FILE if given.data.is_file() or given.images else \
        given.dataset or kind_of(given.data)
    if name == FILE:
        yield given.data.name, opened_as(name, given.data, given.images)
    elif given.names:
        samples = opened_as(name, given.data, names=given.names)
        yield f"{name}, {given.names} with {len(samples):,} names", samples
    else:
        yield f"{name} train", opened_as(name, given.data)
        try:
            yield f"{name} val", opened_as(name, given.data, split="val")
        except ValueError as error:
            print(f"{name} val: is not there ({error})")


def opened_as(name: str, data: Path, images: Path | None = None, **options: Any
              ) -> Sequence:
    """The samples of a data set known by name, or of any COCO file."""
    if name == FILE:
        return CocoFolder(data, images, strict=False)
    return open_dataset(name, data, strict=False, **options)


def kind_of(folder: Path) -> str:
    """Find out what data set a folder holds, by its files' names.

    Raises:
        ValueError: none that is known.
    """
    tried = []
    for name in (*FOLDERS, FILE):
        try:
            opened_as(name, folder)
            return name
        except ValueError as error:
            tried.append(f"{name} ({error})")
    raise ValueError(f"{folder}: is no data set that is known; tried "
                     f"{'; '.join(tried)}")
