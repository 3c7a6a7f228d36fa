"""List the models that can be trained, and the weights that ship."""

from __future__ import annotations

import inspect
import re
import sys
from argparse import ArgumentParser, Namespace


def add_options(parser: ArgumentParser) -> None:
    """None but the name of one model."""
    parser.add_argument("name", nargs="?", metavar="MODEL", help="tell more of one")


def run(given: Namespace) -> int:
    """Print every model's line, or all that the file of one says of it."""
    from ifcn_lab.models import MODELS, model_class  # loads torch

    if given.name:
        kind = model_class(given.name)
        print(inspect.getdoc(sys.modules[kind.__module__]))
        print(f"\nOptions (--options NAME=VALUE):\n\n{inspect.getdoc(kind)}")
        return 0
    shipped = shipped_by_class()
    for name in MODELS:
        print(f"{name:16} {sentence(name)}")
        if name in shipped:
            print(f"{'':16} --weights {', '.join(shipped[name])}")
    return 0


def sentence(name: str) -> str:
    """What a model is, in the first sentence of its file.

    Example:
        >>> sentence("FCIS")
        'FCIS: every part of every category has two maps, inside and outside.'
    """
    from ifcn_lab.models import model_class

    words = inspect.getdoc(sys.modules[model_class(name).__module__]) or ""
    return re.split(r"(?<=\.)\s", " ".join(words.split()), maxsplit=1)[0]


def shipped_by_class() -> dict[str, list[str]]:
    """The names of the weights that ship with the package, by their class."""
    from ifcn_lab.data import shipped
    from ifcn_lab.segmenter import read_weights

    found: dict[str, list[str]] = {}
    for path in sorted((shipped.folder() / "weights").glob("*.safetensors")):
        found.setdefault(read_weights(path)[0]["class"], []).append(path.stem)
    return found
