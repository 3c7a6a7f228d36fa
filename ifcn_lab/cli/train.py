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
  on several machines, also of a SLURM cluster: see guide/own_data.md
"""

from __future__ import annotations

import inspect
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ifcn_lab.cli import options
from ifcn_lab.cli.fields import add_fields, anything, given_fields, named
from ifcn_lab.cli.resuming import noted, resumed
from ifcn_lab.data.sample_cache import SampleCache
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.data.survey import survey
from ifcn_lab.league.rows import begun
from ifcn_lab.models import model_class, on_device
from ifcn_lab.training import joined, load_checkpoint, train
from ifcn_lab.training.batches import spare_cores
from ifcn_lab.training.lock import sole_trainer
from ifcn_lab.training.log import Log
from ifcn_lab.training.recipe import RECIPES, Recipe
from ifcn_lab.windows.labels import SNUG, WindowRule
from ifcn_lab.windows.model import RULES, WindowModel

if TYPE_CHECKING:
    from ifcn_lab.data import Sample
    from ifcn_lab.segmenter import Segmenter
    from ifcn_lab.training import Group


def add_options(parser: ArgumentParser) -> None:
    """Data, model, recipe, and how the run is carried out."""
    options.add_data(parser, required=False)
    add_run(parser)
    add_network(parser)
    group = parser.add_argument_group("recipe", "Each takes the place of the recipe's.")
    group.add_argument("--recipe", choices=tuple(RECIPES), help="small (default): a "
                       "quarter of an hour on two cores; lesson: a minute; paper: "
                       "40 000 steps of SGD on 8 whole images each, at six scales")
    add_fields(group, Recipe, leave_out=("seconds",))
    group.add_argument("--minutes", type=options.positive, help="train for so long "
                       "instead of --iterations")
    rule = parser.add_argument_group(
        "window rule", "Of window models, and confirmed by no source. Lengths are "
        "shares of the window's side.")
    add_fields(rule, WindowRule)


def add_run(parser: ArgumentParser) -> None:
    """Where it is written and what it runs on."""
    run = parser.add_argument_group("run")
    run.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    run.add_argument("--resume", action="store_true", help="go on from the checkpoint "
                     "in --out, as it was begun; --iterations and --minutes then set "
                     "the length of the whole run, which the learning rate follows")
    run.add_argument("--every", type=options.whole, metavar="STEPS",
                     help="write a checkpoint every so many steps (200)")
    run.add_argument("--device", default="cpu", help="cpu (default) or cuda")
    run.add_argument("--workers", type=int, metavar="N", help="processes that load "
                     "images (cores less one, at most 4); the result is the same")


def add_network(parser: ArgumentParser) -> None:
    """Which model, its options, and what it begins with."""
    network = parser.add_argument_group("model")
    network.add_argument("--model", metavar="NAME", help="InstanceFCN (default) or a "
                         "relative (see `ifcn-lab models`); MNC and SharpMask stand "
                         "on --weights")
    network.add_argument("--options", nargs="+", default=(), metavar="NAME=VALUE",
                         type=named(anything), help="arguments of the model's class, "
                         "as k=3, m=15, backbone=small (light; vgg16 with --recipe "
                         "paper or --init), windows=128 or negative_masks=true")
    network.add_argument("--weights", metavar="NAME", help="start from these weights, "
                         "a shipped name or a file, with the options they have; "
                         "score=both among --options then trains a head for the "
                         "quality of their masks, and nothing else")
    network.add_argument("--init", metavar="NAME", help="start VGG-16 from: vgg16 "
                         "(ImageNet, fetched; the paper begins so, and left out it "
                         "begins at random), vgg16-caffe, a file, or he (random, "
                         "scaled so that nothing fades)")


def run(given: Namespace) -> int:
    """Train, then write the model; with many processes the first one writes."""
    with joined(given.device) as group, sole_trainer(
            given.out / "checkpoint.pt" if group.first else None):
        notes = settle(given, group)
        if given.workers is None:
            given.workers = spare_cores()
        samples = load_samples(given)
        model = new_model(given, samples)
        sizes = group.share(object_sizes(samples) if group.first else None)
        model.expect(*sizes)
        if group.first:
            print(f"{len(samples)} images, objects of {sizes[0]:.0f} to "
                  f"{sizes[1]:.0f} pixels")
        carry_out(given, model, samples, group, notes)
        if group.first:
            path = model.save(given.out / "model.safetensors")
            print(f"trained network in {path}")
    return 0


def object_sizes(samples: Sequence[Sample], most: int = 200) -> tuple[float, float]:
    """Longest sides that most objects lie between: 1st to 99th percentile.

    Images that cannot be read are left out here; training names them.

    Raises:
        ValueError: no image looked at can be read, or none holds an object.
    """
    found = survey(samples, range(0, len(samples), max(1, len(samples) // most)))
    if not found.sides:
        raise ValueError(found.problems[0])
    low, high = map(float, np.percentile(found.sides, (1, 99)))
    return low, high


def settle(given: Namespace, group: Group) -> dict[str, Any]:
    """Fill in what was left out; take a resumed run's options from its checkpoint.

    Returns:
        The options for the checkpoints to come.

    Raises:
        FileNotFoundError, ValueError: there is no such run, or it was another.
        LostProcess: the first process could not.
    """
    if group.first:
        if given.resume:
            vars(given).update(resumed(given))
        else:
            known = RECIPES[given.recipe or "small"]
            given.accumulate = given.accumulate or max(known.accumulate, group.size)
    vars(given).update(group.share(vars(given)))
    return noted(given)


def carry_out(
    given: Namespace, model: Segmenter, samples: Sequence[Sample], group: Group,
    notes: dict[str, Any],
) -> None:
    """The training itself, with its log."""
    chosen, checkpoint = recipe(given), given.out / "checkpoint.pt"
    chosen = chosen.with_(**{name: value for name, value in model.recipe_changes.items()
                             if getattr(given, name) is None})
    ways = {"progress": True, "checkpoint": checkpoint, "every": given.every or 200,
            "resume": given.resume, "workers": given.workers, "notes": notes}
    if not group.first:
        train(model, samples, chosen, **ways)
        return
    shared = f"shared by {group.size} processes" if group.size > 1 \
        else "one after the other"
    print(f"{chosen.batch * chosen.accumulate} images a step: {chosen.accumulate} "
          f"batches of {chosen.batch}, {shared}")
    with Log(given.out / "log.csv", keep=steps_done(given)) as log:
        train(model, samples, chosen, on_step=log.write, **ways)


def steps_done(given: Namespace) -> int:
    """How many steps the checkpoint holds that is gone on from.

    Raises:
        FileNotFoundError, ValueError: there is none, or it is damaged.
    """
    path = given.out / "checkpoint.pt"
    if given.resume:
        return load_checkpoint(path)["iteration"]
    if not path.exists():
        return 0
    earlier = path.replace(path.with_name("checkpoint.before.pt"))
    print(f"the checkpoint of an earlier run in this folder is now {earlier}")
    return 0


def load_samples(given: Namespace) -> Sequence[Sample]:
    """The data set that was named, or synthetic scenes.

    What was read is kept in memory by every process that loads, 2 GB in all.
    """
    if not (given.annotations or given.dataset):
        return SceneSet(2000)
    with options.warnings_as_lines():
        samples = options.load_data(given)
    return SampleCache(samples, 2.0 / max(1, given.workers))


def new_model(given: Namespace, samples: Sequence[Sample]) -> Segmenter:
    """A fresh model, or the one to start from.

    Raises:
        ValueError: the weights have other options than were asked for.
    """
    torch.manual_seed(given.seed or 0)
    if given.weights and given.init:
        raise ValueError("--weights is a whole network and --init a backbone: give one")
    if not given.weights:
        return on_device(fresh(given, samples), given.device)
    model, own = options.load_model(given), dict(given.options)
    kind = model_class(given.model or type(model).__name__)
    if not isinstance(model, kind) and hasattr(kind, "on"):
        return on_device(kind.on(model, samples.categories, **own), given.device)
    if "score" in own and model.config.get("score") is None and hasattr(model, "rated"):
        model = model.rated(own.pop("score"))
    for name, wish in own.items():
        if wish != (have := model.config.get(name)):
            raise ValueError(f"the weights {given.weights} have {name} = {have}, not "
                             f"{wish}; leave it out or train from the start")
    return model


def fresh(given: Namespace, samples: Sequence[Sample] = ()) -> Segmenter:
    """A model to train from the start, its backbone from ImageNet if --init says so.

    A run that is resumed has its weights in the checkpoint; nothing is fetched then.

    Raises:
        ValueError: an unknown model, or an option that it does not take.
    """
    kind = model_class(given.model or "InstanceFCN")
    init = None if given.resume and given.init != "he" else given.init
    return begun(kind, options_of(given, kind, samples), recipe(given), init)


def options_of(
    given: Namespace, kind: type[Segmenter], samples: Sequence[Sample]
) -> dict[str, Any]:
    """The arguments of the model's class that the options name."""
    taken, own = inspect.signature(kind).parameters, dict(given.options)
    usual = "vgg16" if given.recipe == "paper" or given.init else "light"
    chosen = {"backbone": usual} if "backbone" in taken else {}
    if issubclass(kind, WindowModel):
        snug = given.recipe in (None, "small")          # pictures of one's own
        rule = SNUG if snug else RULES.get(own.get("backbone", usual), SNUG)
        chosen["rule"] = replace(rule, **given_fields(given, WindowRule))
    if "categories" in taken and getattr(samples, "categories", None):
        chosen["categories"] = samples.categories
    return {**chosen, **own}


def recipe(given: Namespace) -> Recipe:
    """The named recipe with the options that were given."""
    return RECIPES[given.recipe or "small"].with_(
        **given_fields(given, Recipe) | options.length_of(given))
