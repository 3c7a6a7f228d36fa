"""List the models that can be trained, and the weights that ship."""

from __future__ import annotations

import inspect
import re
import sys
from argparse import ArgumentParser, Namespace

from ifcn_lab.data import shipped
from ifcn_lab.models import MODELS, model_class
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.training import LESSON
from ifcn_lab.training.cost import costs
from ifcn_lab.weights_file import read_weights


def add_options(parser: ArgumentParser) -> None:
    """The name of one model, and whether to count what it costs."""
    parser.add_argument("name", nargs="?", metavar="MODEL", help="tell more of one")
    parser.add_argument("--cost", action="store_true", help="count its parameters and "
                        "multiply-adds, layer by layer (InstanceFCN if none is named)")
    parser.add_argument("--backbone", choices=("light", "small", "vgg16"),
                        default="light", help="of --cost (light)")


def run(given: Namespace) -> int:
    """Print every model's line, all that the file of one says of it, or its cost."""
    if given.cost:
        print_costs(given.name or "InstanceFCN", given.backbone)
        return 0
    if given.name:
        kind = model_class(given.name)
        print(inspect.getdoc(sys.modules[kind.__module__]))
        print(f"\nOptions (--options NAME=VALUE):\n\n{inspect.getdoc(kind)}")
        return 0
    shipped = shipped_by_class()
    for name in MODELS:
        print(f"{name:16} {sentence(name)}")
        print(f"{'':16} {output(model_class(name))}. {source(name)}")
        if name in shipped:
            print(f"{'':16} --weights {', '.join(shipped[name])}")
    return 0


def print_costs(name: str, backbone: str) -> None:
    """What each layer of a model takes; the lesson recipe's step.

    Raises:
        ValueError: the model stands on another one.
    """
    kind = model_class(name)
    if "backbone" not in inspect.signature(kind).parameters:
        raise ValueError(f"{name} stands on another model; give one with a backbone of "
                         "its own, as InstanceFCN")
    print(f"multiply-adds of a picture of {LESSON.crop} x {LESSON.crop} and of a step "
          f"with {LESSON.batch}, in millions")
    print(f"{'layer':32}{'parameters':>12}{'picture':>10}{'step':>10}")
    for layer, parameters, picture, step in costs(kind(backbone=backbone)):
        print(f"{layer:32}{parameters:12,}{picture / 1e6:10.2f}{step / 1e6:10.1f}")


def sentence(name: str) -> str:
    """What a model is, in the first sentence of its file.

    Example:
        >>> sentence("FCIS")
        'FCIS: every part of every category has two maps, inside and outside.'
    """
    words = inspect.getdoc(sys.modules[model_class(name).__module__]) or ""
    return re.split(r"(?<=\.)\s", " ".join(words.split()), maxsplit=1)[0]


def source(name: str) -> str:
    """Paper and year of a model, as its file names them.

    Example:
        >>> source("FCIS")
        'Li, Qi, Dai, Ji and Wei, CVPR 2017.'
    """
    told = inspect.getdoc(sys.modules[model_class(name).__module__]) or ""
    return " ".join(told.rpartition("Source: ")[2].split())


def output(kind: type[Segmenter]) -> str:
    """What a model finds.

    Example:
        >>> output(model_class("FCIS")), output(model_class("DeepMask"))
        ('Masks with scores and categories', 'Masks with scores')
    """
    named = "categories" in inspect.signature(kind).parameters
    told = [word for word, is_so in (("scores", kind.scored), ("categories", named))
            if is_so]
    return " with ".join([kind.finds, " and ".join(told)])


def shipped_by_class() -> dict[str, list[str]]:
    """The names of the weights that ship with the package, by their class."""
    found: dict[str, list[str]] = {}
    for path in sorted((shipped.folder() / "weights").glob("*.safetensors")):
        found.setdefault(read_weights(path)[0]["class"], []).append(path.stem)
    return found
