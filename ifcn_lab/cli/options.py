"""Options and small steps that several commands share."""

from __future__ import annotations

import inspect
import os
import sys
import unicodedata
import warnings
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifcn_lab.atomic_write import check_writable
from ifcn_lab.cli.standard_streams import plain
from ifcn_lab.data.catalogue import DATASETS

if TYPE_CHECKING:
    from ifcn_lab.segmenter import Instances, Segmenter


MANY = 10_000_000


def number(kind: type, what: str, fits: Callable[[Any], bool]) -> Callable[[str], Any]:
    """How argparse reads a number, and says what it expected where it finds another.

    >>> number(int, "a whole number above 0", lambda n: n > 0)("3")
    3
    """

    def read(text: str) -> Any:
        with suppress(ValueError):
            if fits(value := kind(text)):
                return value
        raise ArgumentTypeError(f"expected {what}, got {text}")

    return read


positive = number(float, "a number above 0", lambda x: x > 0)
whole = number(int, "a whole number above 0", lambda n: n > 0)
share = number(float, "a number between 0 and 1", lambda x: 0 < x < 1)


def part(text: str) -> slice:
    """One of several equal parts of a list, that machines share: every N-th from K on.

    >>> [*range(7)][part("2/3")]
    [1, 4]
    """
    number, stroke, parts = text.partition("/")
    if not (stroke and number.isdecimal() and parts.isdecimal()
            and 1 <= int(number) <= int(parts)):
        raise ArgumentTypeError(f"expected K/N, as 2/8 for the second of eight parts; "
                                f"got {text}")
    return slice(int(number) - 1, None, int(parts))


def add_part(parser: ArgumentParser, what: str) -> None:
    """--part."""
    parser.add_argument("--part", type=part, default=slice(None), metavar="K/N",
                        help=f"only every N-th of the {what}, from the K-th on, where "
                        "N processes or machines share them; `evaluate --results` puts "
                        "the files of all parts together")


def add_length(parser: ArgumentParser) -> None:
    """--iterations and --minutes."""
    parser.add_argument("--iterations", type=whole, metavar="N", help="train for so "
                        "many steps")
    parser.add_argument("--minutes", type=positive, help="or for so long")


def length_of(given: Namespace) -> dict[str, Any]:
    """What --iterations and --minutes change of a recipe.

    >>> length_of(Namespace(iterations=None, minutes=2))
    {'iterations': 10000000, 'seconds': 120}
    """
    if given.minutes:                                    # the clock decides
        return {"iterations": given.iterations or MANY, "seconds": 60 * given.minutes}
    return {"iterations": given.iterations, "seconds": None} if given.iterations else {}


def add_data(
    parser: ArgumentParser, *, required: bool, split: str = "train"
) -> None:
    """--annotations and --images, or --dataset, --data, --split and --names."""
    group = parser.add_argument_group("data")
    which = group.add_mutually_exclusive_group(required=required)
    which.add_argument("--annotations", type=Path, metavar="FILE",
                       help="COCO-format JSON, or the folder that holds it")
    which.add_argument("--dataset", choices=DATASETS, help="a data set known by name")
    group.add_argument("--images", type=Path, metavar="FOLDER", help="with "
                       "--annotations: the pictures; left out: looked for beside the "
                       "JSON")
    group.add_argument("--data", type=Path, metavar="FOLDER", help="with --dataset: "
                       "where it lies (scenes need none)")
    group.add_argument("--split", choices=("train", "val"), default=split,
                       help=f"with --dataset: which part of it ({split})")
    group.add_argument("--names", type=Path, metavar="FILE", help="with --dataset "
                       "voc2012 or sbd: use the images this file lists, for one a list "
                       "of the SDS protocol")


def add_model(parser: ArgumentParser) -> None:
    """--weights and --device."""
    parser.add_argument("--weights", default="scenes", metavar="NAME",
                        help="a shipped name, a .safetensors file, or the folder of a "
                        "training run (default: scenes)")
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")


def add_pyramid(parser: ArgumentParser) -> None:
    """--sizes, --top, --nms and --threshold."""
    parser.add_argument("--sizes", type=positive, nargs=2, metavar=("MIN", "MAX"),
                        help="longest side in pixels of the smallest and the largest "
                        "object; left out: those seen in training")
    parser.add_argument("--top", type=whole, default=1000,
                        help="proposals an image, at most (default: 1000)")
    parser.add_argument("--nms", type=share, default=0.8, metavar="IOU",
                        help="of two boxes that overlap more, the worse goes (0.8)")
    parser.add_argument("--threshold", type=share, default=0.5, metavar="P",
                        help="a pixel is in the mask at this probability (0.5)")


def load_data(given: Namespace) -> Sequence:
    """The data set of `Sample` that the options name.

    Raises:
        ValueError: none is named, or options of two kinds of data are mixed.
    """
    from ifcn_lab.data.catalogue import open_dataset
    from ifcn_lab.data.coco import CocoFolder

    if given.dataset is not None and given.images is not None:
        raise ValueError("--images belongs to --annotations; with --dataset say "
                         "--data FOLDER")
    if given.dataset is None:
        if given.annotations is None:
            raise ValueError("no data named; give --annotations FILE, or --dataset "
                             "NAME with --data FOLDER")
        if given.data or given.names:
            raise ValueError("--data and --names belong to --dataset; with "
                             "--annotations say --images FOLDER")
        return CocoFolder(given.annotations, given.images)
    return open_dataset(given.dataset, given.data, given.split, names=given.names)


def one_line(error: Exception) -> str:
    """What an error says, in one line, of which nothing steers a terminal.

    Example:
        >>> one_line(ValueError("no\\n file \\x1b[31m here"))
        'no file \\\\x1b[31m here'
    """
    return plain(" ".join(str(error).split()) or type(error).__name__)


@contextmanager
def warnings_as_lines(before: str = "") -> Iterator[None]:
    """Print what is warned of as plain lines, as errors are, each once."""
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            yield
    finally:
        for line in dict.fromkeys(str(each.message) for each in told):
            print(f"{before}{line}", file=sys.stderr)


def claim(path: Path, taken: set[str], option: str = "") -> Path:
    """Take a place to write to.

    Raises:
        ValueError: it is that of a file that is read here, or of another result.
        OSError: it cannot be written.
    """
    if same(path) in taken:
        raise ValueError(f"{option} {path}: this file is read here or holds another "
                         "result; give another name")
    check_writable(path)
    taken.add(same(path))
    return path


def read_here(given: Namespace, *more: str | Path) -> set[str]:
    """The files that a command reads, as `same` names them, for `claim`."""
    from ifcn_lab.data.coco_file import annotation_file

    files = [given.weights, Path(given.weights, "model.safetensors"), *more]
    with suppress(OSError, ValueError):  # one that is not there is told when it is read
        files += [annotation_file(given.annotations)] if given.annotations else []
    return {same(each) for each in files}


def same(path: str | Path) -> str:
    """What the names of one file have in common, on any system and through links."""
    return unicodedata.normalize("NFC", os.path.realpath(path)).casefold()


def load_model(given: Namespace) -> Segmenter:
    """The model that the options name, of whichever class, on its device.

    Raises:
        FileNotFoundError: neither a file, nor a run, nor a shipped name.
    """
    from ifcn_lab.data import shipped
    from ifcn_lab.models import load

    path = Path(given.weights)
    if path.is_dir():
        path = path / "model.safetensors"
    elif not (path.suffix or path.exists()):
        path = shipped.path(f"weights/{given.weights}.safetensors")
    return ready(given, load(path))


def ready(given: Namespace, model: Segmenter) -> Segmenter:
    """A model on the device of the options, told of the sizes of objects if they say.

    Raises:
        ValueError: there is no such device here.
    """
    from ifcn_lab.models import on_device

    if getattr(given, "sizes", None):
        model.expect(*given.sizes)
    return on_device(model, given.device)


def detector(
    given: Namespace, model: Segmenter, *, answers: bool = False
) -> Callable[[Any], Instances]:
    """What finds the objects of one image, by the options that this model takes.

    A window model takes all; what the others do not know is left out. Answers are the
    masks that the model would give by itself, above its own cut.
    """
    wishes = {"top": given.top, "nms_iou": given.nms, "threshold": given.threshold,
              "precision": "auto"}
    if model.classes is not None:
        del wishes["nms_iou"]          # of proposals; a detector has its own
    taken = inspect.signature(model.detect).parameters
    options = {name: value for name, value in wishes.items()
               if name in taken and value is not None}
    ask = getattr(model, "answers", model.detect) if answers else model.detect
    return lambda image: ask([image], **options)[0]
