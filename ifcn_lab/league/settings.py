"""The rows of the paper's tables: at the paper's scale, or in minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ifcn_lab.league.paper import PAPER_TABLES
from ifcn_lab.league.rows import Data, Row
from ifcn_lab.training.recipe import LESSON, PAPER, SMALL, Recipe
from ifcn_lab.windows.labels import SNUG


@dataclass(frozen=True)
class Setting:
    """Everything that the rows of a table have in common.

    Args:
        view: what rows train on where the table does not say: "crop" or "whole".
        recipes: by name: "crop", "whole", and "kinds" for MNC's third stage.
        options: of every window model.
        window_head: arguments of DeepMask.
        kinds: arguments of MNC.
        init: weights to start from; None: random ones.
        detect: arguments of `detect` when proposals are measured.
    """

    view: str
    recipes: Mapping[str, Recipe]
    options: Mapping[str, Any]
    window_head: Mapping[str, Any] = field(default_factory=dict)
    kinds: Mapping[str, Any] = field(default_factory=dict)
    init: str | None = None
    detect: Mapping[str, Any] = field(default_factory=lambda: {
        "top": 1000, "nms_iou": 0.8, "threshold": 0.5, "precision": "bfloat16"})

    def with_steps(self, iterations: int | None, minutes: float | None) -> Setting:
        """The same setting, each training of another length; minutes go by the clock.
        """
        changes = {} if iterations is None else {"seconds": None,
                                                 "iterations": iterations}
        if minutes is not None:
            changes = {"seconds": 60 * minutes, "iterations": 10_000_000}
        return replace(self, recipes={name: recipe.with_(**changes)
                                      for name, recipe in self.recipes.items()})

    def row(self, key: str, data: Data) -> Row:
        """The row of that key on this data.

        Raises:
            ValueError: there is none.
        """
        if key == "recognise":
            detect = {name: self.detect[name] for name in ("top", "precision")}
            return Row("recognise", "MNC", self.kinds, self.recipes["kinds"], data,
                       on=self.row("maps-k5", data), detect=detect)
        model, k, view = known_rows(self.view).get(key, (None, 0, ""))
        if model is None:
            raise ValueError(f"no row {key!r}; choose from "
                             f"{', '.join([*known_rows(self.view), 'recognise'])}")
        own = {"k": k} if model == "InstanceFCN" else self.window_head
        return Row(f"{key.removesuffix('-' + view)}-{view}", model,
                   {**self.options, **own}, self.recipes[view], data, init=self.init,
                   detect=self.detect)

    def rows_of(self, table: str, data: Data) -> dict[str, Row]:
        """The rows of a table that are run here, by their keys.

        Example:
            >>> setting = setting_of("scenes", "small")
            >>> [row.name for row in setting.rows_of("table2", Data("scenes")).values()]
            ['window-crop', 'maps-k5-crop', 'maps-k5-whole']
        """
        keys = (row.key for row in PAPER_TABLES[table].rows if row.key)
        return {key: self.row(key, data) for key in keys}


def known_rows(view: str) -> dict[str, tuple[str, int, str]]:
    """The proposal rows by key: model, k and what is cut from the images."""
    maps = {f"maps-k{k}": ("InstanceFCN", k, view) for k in (1, 3, 5, 7)}
    views = {f"maps-k5-{v}": ("InstanceFCN", 5, v) for v in ("crop", "whole")}
    return {**maps, **views, "window-crop": ("DeepMask", 1, "crop")}


def of_whole_images(recipe: Recipe, shorter_sides: tuple[float, ...],
                    iterations: int, accumulate: int) -> Recipe:
    """A recipe for crops turned into one for whole images at drawn scales."""
    return recipe.with_(crop=None, batch=1, turn=False, shorter_sides=shorter_sides,
                        iterations=iterations, accumulate=accumulate)


MNC_RECIPE = PAPER.with_(init_std=None, shorter_sides=None)
"""MNC's: SGD, 32 000 steps at 0.001 and 8 000 at 0.0001, 8 images of 64 RoIs a step.

Its released code falls after 20 000 steps instead.
"""

KINDS = LESSON.with_(iterations=400, seconds=None, batch=1, accumulate=4, crop=None,
                     lr=1e-3, precision="bfloat16", term_weights={})
"""MNC's third stage on the small backbone, in a minute and a half of one core."""

PAPER_SETTING = Setting(
    view="whole",
    recipes={
        "whole": PAPER, "kinds": MNC_RECIPE,
        "crop": PAPER.with_(shorter_sides=None, crop=224, jitter=16 / 224, batch=8,
                            accumulate=1),
    },
    options={"backbone": "vgg16", "m": 21},
    window_head={"m": 28, "bins": 14, "side": 56},
    kinds={"sides": (600, 1000)},
    init="vgg16",
    detect={"top": 1000, "nms_iou": 0.8, "threshold": 0.5, "precision": "float32"},
)
"""The paper's system on one device: eight images a step, by accumulating gradients.

Crops are DeepMask's: 224 pixels round an object that is scaled to fit the window and
lies within 16 pixels of the middle; eight crops a step. Windows are drawn in a crop as
in a whole image, so its negatives come from the same crop.
"""

NUCLEI = SMALL.with_(iterations=3000, seconds=None, turn=True, precision="bfloat16")
SCENES = LESSON.with_(seconds=None, precision="bfloat16")

SMALL_SETTINGS = {
    "dsb2018": Setting(
        view="crop",
        options={"backbone": "small", "m": 21, "sizes": (6.0, 70.0),
                 "rule": asdict(SNUG)},
        recipes={"crop": NUCLEI, "kinds": KINDS, "whole": of_whole_images(
            NUCLEI, tuple(256 * 1.5**power for power in range(5)), 300, 1)},
    ),
    "scenes": Setting(
        view="crop", options={"backbone": "small", "m": 21, "sizes": (28.0, 86.0)},
        recipes={"crop": SCENES, "kinds": KINDS, "whole": of_whole_images(
            SCENES, (96.0, 128.0, 192.0, 256.0), 1100, 4)},
    ),
}
"""For the small backbone: one row and seed in about four minutes on one core."""

EVERY = {"dsb2018": 5}
"""Of these data sets only every n-th validation image is measured at small scale."""


def setting_of(dataset: str, scale: str) -> Setting:
    """The setting of a data set at a scale.

    Raises:
        ValueError: there is no small setting for this data set.
    """
    if scale == "paper":
        return PAPER_SETTING
    if dataset not in SMALL_SETTINGS:
        raise ValueError(f"--scale small is for {' and '.join(SMALL_SETTINGS)}; for "
                         f"{dataset} give --scale paper, or leave it out")
    return SMALL_SETTINGS[dataset]


def data_of(dataset: str, scale: str, every: int | None = None, **where: Any) -> Data:
    """The data set with the images that are measured on at this scale.

    Args:
        dataset: its name.
        scale: "paper" or "small".
        every: measure every n-th image; None: the scale's usual.
        where: `root`, `train_list` and `val_list`, as `Data` takes them.
    """
    first = 5000 if dataset == "coco" and scale == "paper" else None
    usual = EVERY.get(dataset, 1) if scale == "small" else 1
    return Data(dataset, first=first, every=every or usual, **where)
