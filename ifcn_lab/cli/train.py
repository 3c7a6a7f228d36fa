"""train a network on a COCO-format folder, a data set by name, or synthetic scenes

Writes into the folder --out: model.safetensors (the network), checkpoint.pt (to go on
from with --resume) and log.csv (one line a step). Without data it trains on synthetic
scenes. Options take the place of the recipe's figures.

examples:
  a quarter of an hour on two cores, on pictures of your own:
    ifcn-lab train --annotations nuclei/train.json --out run --minutes 15
  go on after a stop, a kill or a power cut; longer than was planned:
    ifcn-lab train --out run --resume
    ifcn-lab train --out run --resume --iterations 60000
  the paper's system on eight GPUs of one machine:
    torchrun --nproc-per-node 8 -m ifcn_lab train --recipe paper --init vgg16 \\
      --dataset sbd --data SBD --device cuda --out run
  the same on two machines of a SLURM cluster:
    srun --nodes 2 --ntasks-per-node 4 --gpus-per-node 4 \\
      python -m ifcn_lab train --recipe paper ... (as above)
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ifcn_lab.cli.options import (
    add_data,
    load_data,
    positive,
    warnings_as_lines,
    whole,
)

if TYPE_CHECKING:
    from ifcn_lab.data import Sample
    from ifcn_lab.model import InstanceFCN
    from ifcn_lab.training import Group, Recipe

RULE = {
    "canonical": "longest side of an object that fits, as a share of the window (paper "
                 "recipe: 0.571)",
    "center_tolerance": "positive within this distance of the centre (0.071)",
    "scale_tolerance": "and within so many octaves of the right size (0.3; DeepMask's "
                       "0.25 leaves gaps between test scales)",
    "negative_center": "negative from this distance on (0.143)",
    "negative_scale": "or from so many octaves on (1)",
}
OPEN = {
    "mask_weight": "weight of the mask term, a mean over the window's pixels (1); m*m "
                   "makes it a sum",
    "init_std": "Gaussian deviation of new layers (0.01; other recipes: torch's own)",
    "clip": "shorten gradients to this length (paper: not at all; other recipes: 5)",
}
CHANGES = ("iterations", "batch", "accumulate", "crop", "lr", "turn", "precision",
           "compile", "channels_last", "negative_masks", *OPEN)


def add_options(parser: ArgumentParser) -> None:
    """Data, network, recipe, and how the run is carried out."""
    add_data(parser, required=False)
    add_run(parser)
    network = parser.add_argument_group("network")
    network.add_argument("--backbone", choices=("small", "vgg16"), help="(small; vgg16 "
                         "with --recipe paper or --init)")
    network.add_argument("--k", type=whole, help="cells a side (5)")
    network.add_argument("--m", "--window", type=whole, help="window side in cells "
                         "(21); under torchrun write --window, as it takes --m for its "
                         "own")
    network.add_argument("--weights", metavar="NAME", help="start from these weights: "
                         "a shipped name or a file; k, m and backbone come from there")
    network.add_argument("--init", metavar="NAME", help="start VGG-16 from: vgg16 "
                         "(ImageNet, fetched), vgg16-caffe, a file, or he (random, "
                         "scaled so that nothing fades)")
    add_recipe(parser)
    add_open_figures(parser)


def add_run(parser: ArgumentParser) -> None:
    """Where it is written, how long it takes, what it runs on."""
    run = parser.add_argument_group("run")
    run.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    run.add_argument("--resume", action="store_true", help="go on from the checkpoint "
                     "in --out, as it was begun; --iterations and --minutes then set "
                     "the length of the whole run, which the learning rate follows")
    run.add_argument("--minutes", type=positive, help="train for so long")
    run.add_argument("--iterations", type=whole, help="or for so many steps")
    run.add_argument("--every", type=whole, metavar="STEPS",
                     help="write a checkpoint every so many steps (200)")
    run.add_argument("--seed", type=int, help="(0)")
    run.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    run.add_argument("--workers", type=int, metavar="N", help="processes that load "
                     "images (cores less one, at most 4); the result is the same")
    run.add_argument("--timeout", type=positive, default=600.0, metavar="SECONDS",
                     help="with many processes: wait so long for one that is silent")
    run.add_argument("--precision", choices=("float32", "bfloat16", "auto"),
                     help="of convolutions; auto: bfloat16 where the processor has it")
    run.add_argument("--compile", action="store_true", default=None,
                     help="translate the network with torch.compile first")
    run.add_argument("--no-channels-last", dest="channels_last", default=None,
                     action="store_false", help="lay maps out channel by channel")


def add_recipe(parser: ArgumentParser) -> None:
    """The recipe's name and its figures that are known."""
    group = parser.add_argument_group("recipe")
    group.add_argument("--recipe", choices=("small", "lesson", "paper"), help="small "
                       "(default): a quarter of an hour on two cores; lesson: a "
                       "minute; paper: 40 000 steps of SGD on 8 whole images "
                       "each, at six scales")
    group.add_argument("--batch", type=whole, help="images that go through together")
    group.add_argument("--accumulate", type=whole, metavar="BATCHES", help="batches a "
                       "step, shared by all processes (paper: 8; else one each)")
    group.add_argument("--crop", type=whole, help="side of the square that is cut out")
    group.add_argument("--sides", type=positive, nargs="+", metavar="PIXELS",
                       help="scales: shorter sides to draw from (paper: 118.5 ... 900)")
    group.add_argument("--lr", type=positive, help="the highest learning rate")
    group.add_argument("--turn", action="store_true", help="also turn crops by "
                       "quarters: for pictures without up and down, as of nuclei")


def add_open_figures(parser: ArgumentParser) -> None:
    """What no source at hand confirms of the paper."""
    group = parser.add_argument_group(
        "figures that no source confirms", "Lengths are shares of the window's side. "
        "In brackets what --recipe paper takes; the others have a rule of their own.")
    for name, text in (RULE | OPEN).items():
        group.add_argument(f"--{name.replace('_', '-')}", type=positive, help=text,
                           metavar="X")
    group.add_argument("--negative-masks", action="store_true", default=None,
                       help="ask an empty mask of negative windows (no)")


def run(given: Namespace) -> int:
    """Train, then write the network; with many processes the first one writes."""
    from ifcn_lab.training import joined

    with joined(given.device, given.timeout) as group:
        settle(given, group)
        samples, model = load_samples(given), new_model(given)
        if group.first:
            model.sizes = object_sizes(samples)
            print(f"{len(samples)} images, objects of {model.sizes[0]:.0f} to "
                  f"{model.sizes[1]:.0f} pixels")
            warn_of_bare_vgg(given, model)
        carry_out(given, model, samples, group)
        if group.first:
            path = model.save(given.out / "model.safetensors")
            print(f"trained network in {path}")
    return 0


def warn_of_bare_vgg(given: Namespace, model: InstanceFCN) -> None:
    """Say so where a VGG-16 begins from nothing, as the paper's does not."""
    if model.backbone_name == "vgg16" and not (given.init or given.weights):
        print("VGG-16 begins with random weights; the paper begins with ImageNet's: "
              "--init vgg16")


def settle(given: Namespace, group: Group) -> None:
    """Fill in what was left out; take a resumed run's options from its folder.

    Raises:
        FileNotFoundError, ValueError: there is no such run, or it was another.
        LostProcess: the first process could not.
    """
    from ifcn_lab.cli.resuming import remember
    from ifcn_lab.training import RECIPES

    if group.first:
        if not given.resume:
            known = RECIPES[given.recipe or "small"]
            given.accumulate = given.accumulate or max(known.accumulate, group.size)
        given.out.mkdir(parents=True, exist_ok=True)
        vars(given).update(remember(given))
    vars(given).update(group.share(vars(given)))


def carry_out(
    given: Namespace, model: InstanceFCN, samples: Sequence[Sample], group: Group
) -> None:
    """The training itself, with its log."""
    from ifcn_lab.training import train
    from ifcn_lab.training.log import Log

    chosen, checkpoint = recipe(given), given.out / "checkpoint.pt"
    options = {"progress": True, "checkpoint": checkpoint, "every": given.every or 200,
               "resume": given.resume, "workers": workers(given)}
    if not group.first:
        train(model, samples, chosen, **options)
        return
    print(batches_told(chosen, group.size))
    log = Log(given.out / "log.csv", keep=steps_done(given))
    try:
        train(model, samples, chosen, on_step=log.write, **options)
    finally:
        log.close()


def steps_done(given: Namespace) -> int:
    """How many steps the checkpoint holds that is gone on from."""
    from ifcn_lab.training import load_checkpoint

    path = given.out / "checkpoint.pt"
    if not path.exists():
        return 0
    if given.resume:
        return load_checkpoint(path)["iteration"]
    earlier = path.replace(path.with_name("checkpoint.before.pt"))
    print(f"the checkpoint of an earlier run in this folder is now {earlier}")
    return 0


def batches_told(recipe: Recipe, processes: int) -> str:
    """How the images of a step are shared out."""
    images = recipe.batch * recipe.accumulate
    batches = f"{recipe.accumulate} batches of {recipe.batch}"
    if processes > 1:
        return f"{images} images a step: {batches}, shared by {processes} processes"
    if recipe.accumulate > 1:
        return f"{images} images a step: {batches}, one after the other"
    return f"{images} image{'s' if images > 1 else ''} a step"


def workers(given: Namespace) -> int:
    """Processes that load images, by default what the cores leave room for."""
    import os

    from ifcn_lab.training.batches import spare_cores

    if given.workers is not None:
        return given.workers
    return spare_cores(processes=int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def load_samples(given: Namespace) -> Sequence[Sample]:
    """The data set that was named, or synthetic scenes.

    A small data set is kept in memory by every process that loads from it.
    """
    from ifcn_lab.data.kept import kept_if_small
    from ifcn_lab.data.scenes import SceneSet

    if not (given.annotations or given.dataset):
        return SceneSet(2000)
    with warnings_as_lines():
        samples = load_data(given)
    return kept_if_small(samples, 3.0 / max(1, workers(given)))


def new_model(given: Namespace) -> InstanceFCN:
    """A fresh network, or the one to start from.

    Raises:
        ValueError: the weights are of another k, m or backbone than was asked for.
    """
    import torch

    from ifcn_lab.cli.options import load_model, on_device

    torch.manual_seed(given.seed or 0)
    if not given.weights:
        return on_device(fresh(given), given.device)
    if given.init:
        raise ValueError("--weights is a whole network and --init a backbone: give one")
    model = load_model(given)
    for name in ("k", "m", "backbone"):
        wish, have = getattr(given, name), model.config[name]
        if wish not in (None, have):
            raise ValueError(f"the weights {given.weights} have {name} = {have}, not "
                             f"{wish}; leave --{name} out or train from the start")
    return model


def fresh(given: Namespace) -> InstanceFCN:
    """A network to train from the start, its backbone from ImageNet if --init says so.

    A run that is resumed has its weights in the checkpoint; nothing is fetched then.
    """
    from ifcn_lab.initial import gaussian, he, initialise
    from ifcn_lab.model import InstanceFCN

    usual = "vgg16" if given.recipe == "paper" or given.init else "small"
    model = InstanceFCN(given.k or 5, given.m or 21, given.backbone or usual)
    std = recipe(given).init_std
    if std is not None:
        gaussian(model, std)
    if given.init == "he":
        return he(model)
    if given.init and not given.resume:
        initialise(model, given.init, progress=True)
    return model


def recipe(given: Namespace) -> Recipe:
    """The named recipe with the options that were given."""
    from ifcn_lab.training import RECIPES

    base = RECIPES[given.recipe or "small"]
    changes = {name: getattr(given, name) for name in CHANGES
               if getattr(given, name, None) is not None}
    if given.minutes:
        changes["seconds"] = 60 * given.minutes
        changes.setdefault("iterations", 10_000_000)  # the clock decides
    elif given.iterations:
        changes["seconds"] = None
    if given.sides:
        changes["shorter_sides"] = tuple(given.sides)
    rule = {name: getattr(given, name) for name in RULE if getattr(given, name)}
    return base.with_(seed=given.seed or 0, rule=replace(base.rule, **rule), **changes)


def object_sizes(samples: Sequence[Sample], most: int = 200) -> tuple[float, float]:
    """Longest sides that most objects lie between: 1st to 99th percentile.

    Images that cannot be read are left out here; training names them.

    Raises:
        ValueError: no image looked at can be read, or none holds an object.
    """
    import numpy as np

    from ifcn_lab.targets import longest_sides

    sides, trouble = [], None
    for i in range(0, len(samples), max(1, len(samples) // most)):
        try:
            sides.append(longest_sides(samples[i].masks))
        except (ValueError, OSError) as error:
            trouble = trouble or error
    if not sides and trouble is not None:
        raise trouble
    every = np.concatenate(sides) if sides else np.zeros(0)
    if len(every) == 0:
        raise ValueError("no image of the data set holds an object to learn from")
    low, high = np.percentile(every, (1, 99))
    return float(low), float(high)
