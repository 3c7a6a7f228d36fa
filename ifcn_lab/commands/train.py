"""train a network on a COCO-format folder, or on synthetic scenes

Writes into the folder --out: model.safetensors (the network), checkpoint.pt (to go on
from with --resume) and log.csv (one line a step). Without --annotations it trains on
synthetic scenes.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ifcn_lab.commands.options import add_data, load_data, positive, whole

if TYPE_CHECKING:
    from ifcn_lab.datasets import Sample
    from ifcn_lab.model import InstanceFCN
    from ifcn_lab.training import Recipe


def add_options(parser: ArgumentParser) -> None:
    """Data, network and recipe."""
    add_data(parser, required=False)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--resume", action="store_true",
                        help="go on from the checkpoint in --out, as it was begun")
    parser.add_argument("--backbone", choices=("small", "vgg16"), help="(small)")
    parser.add_argument("--k", type=whole, help="cells a side (5)")
    parser.add_argument("--m", type=whole, help="window side in cells (21)")
    parser.add_argument("--weights", metavar="NAME", help="start from these weights: a "
                        "shipped name or a file; k, m and backbone come from there")
    parser.add_argument("--recipe", choices=("small", "lesson", "paper"),
                        default="small", help="small (default): a quarter of an hour "
                        "on two cores; lesson: a minute; paper: 40 000 steps of SGD")
    parser.add_argument("--minutes", type=positive, help="train for so long")
    parser.add_argument("--iterations", type=whole, help="or for so many steps")
    for name, kind in (("batch", whole), ("crop", whole), ("lr", positive)):
        parser.add_argument(f"--{name}", type=kind, help="instead of the recipe's")
    parser.add_argument("--turn", action="store_true", help="also turn crops by "
                        "quarters: for pictures without up and down, as of nuclei")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="cpu (default) or cuda")


def run(given: Namespace) -> int:
    """Train, then write the network."""
    from ifcn_lab.training import train

    given.out.mkdir(parents=True, exist_ok=True)
    remember(given)
    samples, model = load_samples(given), new_model(given)
    model.sizes = object_sizes(samples)
    print(f"{len(samples)} images, objects of {model.sizes[0]:.0f} to "
          f"{model.sizes[1]:.0f} pixels")
    with open(given.out / "log.csv", "a" if given.resume else "w", 1) as log:
        train(model, samples, recipe(given), progress=True,
              on_step=lambda step: print(*step, sep=",", file=log),
              checkpoint=given.out / "checkpoint.pt", every=200, resume=given.resume)
    print(f"trained network in {model.save(given.out / 'model.safetensors')}")
    return 0


def remember(given: Namespace) -> None:
    """Keep the options of a new run; take them from there when resuming one.

    Raises:
        FileNotFoundError: there is no run to resume.
    """
    path = given.out / "options.json"
    if not given.resume:
        kept = {name: str(value) if isinstance(value, Path) else value
                for name, value in vars(given).items()}
        path.write_text(json.dumps(kept, indent=1), "utf-8")
        return
    if not path.exists():
        raise FileNotFoundError(f"no run to resume in {given.out}; start one without "
                                "--resume")
    kept = json.loads(path.read_text("utf-8"))
    for name in kept.keys() - {"out", "resume", "device"}:
        setattr(given, name, kept[name])


def load_samples(given: Namespace) -> Sequence[Sample]:
    """The annotated folder, or synthetic scenes."""
    from ifcn_lab.datasets.kept import Kept
    from ifcn_lab.datasets.scenes import SceneSet

    return Kept(load_data(given)) if given.annotations else SceneSet(2000)


def new_model(given: Namespace) -> InstanceFCN:
    """A fresh network, or the one to start from.

    Raises:
        ValueError: the weights are of another k, m or backbone than was asked for.
    """
    import torch

    from ifcn_lab.commands.options import load_model, on_device
    from ifcn_lab.model import InstanceFCN

    torch.manual_seed(given.seed)
    if not given.weights:
        model = InstanceFCN(given.k or 5, given.m or 21, given.backbone or "small")
        return on_device(model, given.device)
    model = load_model(given)
    for name in ("k", "m", "backbone"):
        wish, have = getattr(given, name), model.config[name]
        if wish not in (None, have):
            raise ValueError(f"the weights {given.weights} have {name} = {have}, not "
                             f"{wish}; leave --{name} out or train from the start")
    return model


def recipe(given: Namespace) -> Recipe:
    """The named recipe with the options that were given."""
    from ifcn_lab.training import RECIPES

    changes = {name: getattr(given, name) for name in
               ("iterations", "batch", "crop", "lr") if getattr(given, name)}
    if given.minutes:
        changes["seconds"] = 60 * given.minutes
        changes.setdefault("iterations", 10_000_000)  # the clock decides
    elif given.iterations:
        changes["seconds"] = None
    return RECIPES[given.recipe].with_(seed=given.seed, turn=given.turn, **changes)


def object_sizes(samples: Sequence[Sample], most: int = 200) -> tuple[float, float]:
    """Longest sides that most objects lie between: 1st to 99th percentile.

    Raises:
        ValueError: no image looked at holds an object.
    """
    import numpy as np

    from ifcn_lab.targets import longest_sides

    step = max(1, len(samples) // most)
    masks = (samples[i].masks for i in range(0, len(samples), step))
    sides = np.concatenate([longest_sides(m) for m in masks])
    if len(sides) == 0:
        raise ValueError("no image of the data set holds an object to learn from")
    low, high = np.percentile(sides, (1, 99))
    return float(low), float(high)
