"""A row of a league table: a model with its options, a recipe and data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.data import Subset

from ifcn_lab.data.catalogue import SCENES, open_dataset
from ifcn_lab.data.scenes import SCENE_SETS, SceneSet
from ifcn_lab.layers.pretrained import gaussian, he, initialise
from ifcn_lab.models import model_class
from ifcn_lab.training.recipe import Recipe

if TYPE_CHECKING:
    from ifcn_lab.data import Sample
    from ifcn_lab.segmenter import Segmenter


@dataclass(frozen=True)
class Data:
    """Which data set, where it lies, and which of its validation images are measured.

    Args:
        name: a data set known by name.
        root: its folder; scenes need none.
        names: files that list the images of "train" and "val", where there are any.
        first: only so many images of the validation set; None: all.
        every: and of these every n-th, from the first on.
        train: only so many scenes to train on; None: all.
        kinds: whether scenes show their shapes as categories.
        sets: named scene sets that are measured besides, each by itself.
    """

    name: str
    root: Path | None = None
    names: Sequence[Path] = ()
    first: int | None = None
    every: int = 1
    train: int | None = None
    kinds: bool = True
    sets: tuple[str, ...] = ()

    def open(self, split: str) -> Sequence[Sample]:
        """The samples of "train" or "val".

        Raises:
            ValueError: what `open_dataset` refuses.
        """
        if self.name == "scenes":
            count, start = SCENES[split]
            fewer = self.train or count if split == "train" else count
            return SceneSet(fewer, start, by_shape=self.kinds)
        listed = dict(zip(("train", "val"), self.names, strict=False))
        return open_dataset(self.name, self.root, split, names=listed.get(split))

    def validation(self, name: str = "") -> Sequence[Sample]:
        """The images that are measured on, or those of a named scene set."""
        every = SceneSet(*SCENES["val"], by_shape=self.kinds, **SCENE_SETS[name]) \
            if name else self.open("val")
        count = min(len(every), self.first or len(every))
        return Subset(every, range(0, count, self.every))

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the figures: all but where the files lie."""
        return {key: value for key, value in vars(self).items()
                if key not in ("root", "names")}


@dataclass(frozen=True)
class Row:
    """What is trained and measured, whichever model it is.

    Args:
        name: what its files are called.
        model: the class's name in `ifcn_lab.models.MODELS`.
        options: arguments of the class.
        recipe: how it is trained.
        data: what on.
        on: the row whose trained network it stands on, as MNC's third stage does; the
            class then has a method `on(network, categories, **options)`.
        init: weights that the backbone starts from; None: random ones.
        detect: arguments of `detect` when it is measured.
        sizes: the objects' longest sides, told to the model; None: as it is built.
        ways: by name, attributes of the trained model to measure it with once more.
    """

    name: str
    model: str
    options: Mapping[str, Any]
    recipe: Recipe
    data: Data
    on: Row | None = None
    init: str | None = None
    detect: Mapping[str, Any] = field(default_factory=dict)
    sizes: tuple[float, float] | None = None
    ways: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides the figures besides the seed, plain enough for JSON.

        Of a recipe only what is not the default is listed, to be read.
        """
        return {**vars(self), "data": self.data.settings,
                "on": self.on and self.on.settings, "recipe": changes_of(self.recipe)}


def changes_of(recipe: Recipe) -> dict[str, Any]:
    """The choices of a recipe that are not the default; the seed is left out.

    Example:
        >>> changes_of(Recipe(lr=0.01, seed=3))
        {'lr': 0.01}
    """
    default = asdict(Recipe())
    return {name: value for name, value in asdict(recipe).items()
            if value != default[name] and name != "seed"}


def build(row: Row, seed: int, base: Segmenter | None = None) -> Segmenter:
    """A fresh model for this row, from this seed.

    Args:
        row: says which.
        seed: of its random weights.
        base: the trained network of `row.on`.
    """
    torch.manual_seed(seed)
    kind = model_class(row.model)
    if base is not None:
        return kind.on(base, row.data.open("train").categories, **row.options)
    model = begun(kind, row.options, row.recipe, row.init)
    if row.sizes:
        model.expect(*row.sizes)
    return model


def begun(kind: type[Segmenter], options: Mapping[str, Any], recipe: Recipe,
          init: str | None) -> Segmenter:
    """A model of this class with random weights, or a backbone's from `init`.

    Raises:
        ValueError: the class does not take these options.
    """
    try:
        model = kind(**options)
    except TypeError as error:
        raise ValueError(f"{kind.__name__} cannot be built so: {error}") from error
    if recipe.init_std is not None:
        gaussian(model, recipe.init_std)
    if init == "he":
        return he(model)
    if init:
        initialise(model, init)
    return model
