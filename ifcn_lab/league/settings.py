"""What the rows of a table share, at the paper's scale or in minutes.

The paper's tables and the league of the relatives are made of the same rows.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ifcn_lab.league.paper import KEYS, PAPER_TABLES
from ifcn_lab.league.rows import Data, Row
from ifcn_lab.models import model_class
from ifcn_lab.training.recipe import LESSON, PAPER, SMALL, Recipe
from ifcn_lab.windows.labels import SNUG
from ifcn_lab.windows.model import WindowModel

UNDER: dict[str, tuple[str, dict[str, Any]]] = {
    "SharpMask": ("DeepMask", {"m": 24}), "MNC": ("InstanceFCN", {})}
"""What a model stands on in the league. SharpMask doubles its masks twice, so its
window is a multiple of 4.
"""


@dataclass(frozen=True)
class Setting:
    """Everything that the rows of a table have in common.

    Args:
        view: what rows of the paper's tables train on where these do not say: "crop"
            or "whole".
        recipes: by name: "crop", "whole", and "kinds" for MNC's third stage.
        options: of every window model.
        own: of the paper's tables, by class, the options that it has besides.
        init: weights to start from; None: random ones.
        sizes: see `Row`.
        detect: arguments of `detect` when it is measured.
    """

    view: str
    recipes: Mapping[str, Recipe]
    options: Mapping[str, Any]
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    init: str | None = None
    sizes: tuple[float, float] | None = None
    detect: Mapping[str, Any] = field(default_factory=lambda: {
        "top": 1000, "nms_iou": 0.8, "threshold": 0.5, "precision": "auto"})

    def lasting(self, **length: Any) -> Setting:
        """The same setting, each training of this length; "half" is half of "crop"'s.

        Example:
            >>> setting = OWN_DATA.lasting(iterations=9, seconds=300)
            >>> setting.recipes["half"].iterations, setting.recipes["half"].seconds
            (4, 150.0)
        """
        recipes = {name: each.with_(**length) for name, each in self.recipes.items()}
        whole = recipes["crop"]
        recipes["half"] = whole.with_(iterations=max(1, whole.iterations // 2),
                                      seconds=whole.seconds and whole.seconds / 2)
        return replace(self, recipes=recipes)

    def row(
        self, data: Data, name: str, model: str, *, recipe: str = "crop",
        options: Mapping[str, Any] | None = None, on: Row | None = None,
        ways: Mapping[str, Any] | None = None, **changes: Any,
    ) -> Row:
        """A row of this setting, with the model's usual changes of the recipe.

        Args:
            data: what on.
            name: of the row.
            model: the class's name.
            recipe: the name of one of the setting's.
            options: arguments of the class besides the usual ones.
            on: see `Row`, and `ways` too.
            changes: of the data, as `train=100`.

        Raises:
            ValueError: there is no such model.
        """
        kind = model_class(model)
        usual = {} if on else self.options if issubclass(kind, WindowModel) else {
            "backbone": self.options["backbone"]}
        known = inspect.signature(kind.detect).parameters
        return Row(
            name, model, {**usual, **(options or {})},
            self.recipes[recipe].with_(**kind.recipe_changes), replace(data, **changes),
            on=on, init=None if on else self.init, sizes=self.sizes, ways=ways or {},
            detect={name: x for name, x in self.detect.items() if name in known})

    def relative(self, data: Data, name: str, model: str = "", **own: Any) -> Row:
        """A row of the league; one that stands on another shares the budget with it.

        Args:
            data: what on.
            name: of the row.
            model: the class's name; "": that is the row's.
            own: as `row` takes it.
        """
        model = model or name
        if model in UNDER:
            under, options = UNDER[model]
            own |= {"recipe": "half", "on": self.row(
                data, f"{under}-for-{name}", under, options=options, recipe="half")}
        return self.row(data, name, model, **own)

    def paper_row(self, data: Data, key: str) -> Row:
        """The row of the paper's tables with that key.

        Raises:
            ValueError: there is none.
        """
        if key == "recognise":
            return self.row(data, key, "MNC", recipe="kinds",
                            options=self.own.get("MNC"),
                            on=self.paper_row(data, "maps-k5"))
        if key == "window-crop":
            return self.row(data, key, "DeepMask", options=self.own.get("DeepMask"))
        if key not in KEYS:
            raise ValueError(f"no row {key!r}; choose from {', '.join(KEYS)}")
        _, k, view = f"{key}-{self.view}".split("-")[:3]
        return self.row(data, f"maps-{k}-{view}", "InstanceFCN", recipe=view,
                        options={"k": int(k[1:])})

    def rows_of(
        self, table: str, data: Data, only: Collection[str] | None = None
    ) -> dict[str, Row]:
        """The rows of a paper's table that are run here, by their keys; or some.

        Raises:
            ValueError: one of `only` is none.

        Example:
            >>> setting = setting_of("scenes", small=True)
            >>> [row.name for row in setting.rows_of("table2", Data("scenes")).values()]
            ['window-crop', 'maps-k5-crop', 'maps-k5-whole']
        """
        rows = {key: self.paper_row(data, key) for key in only or KEYS}
        return {row.key: rows[row.key] for row in PAPER_TABLES[table].rows
                if row.key in rows}


def of_whole_images(recipe: Recipe, shorter_sides: tuple[float, ...],
                    iterations: int, accumulate: int) -> Recipe:
    """A recipe for crops turned into one for whole images at drawn scales."""
    return recipe.with_(crop=None, batch=1, turn=False, shorter_sides=shorter_sides,
                        iterations=iterations, accumulate=accumulate)


MNC_RECIPE = PAPER.with_(init_std=None, shorter_sides=None)
"""MNC's: SGD, 32 000 steps at 0.001 and 8 000 at 0.0001, 8 images of 64 RoIs a step.

Its released code falls after 20 000 steps instead.
"""

KINDS = LESSON.with_(iterations=400, seconds=None, batch=1, accumulate=4, crop=None)
"""MNC's third stage on the small backbone, in a minute and a half of one core."""

PAPER_SETTING = Setting(
    view="whole",
    recipes={
        "whole": PAPER, "kinds": MNC_RECIPE,
        "crop": PAPER.with_(shorter_sides=None, crop=224, jitter=16 / 224, batch=8,
                            accumulate=1),
    },
    options={"backbone": "vgg16", "m": 21},
    own={"DeepMask": {"m": 28, "bins": 14, "side": 56}, "MNC": {"sides": (600, 1000)}},
    init="vgg16",
    detect={"top": 1000, "nms_iou": 0.8, "threshold": 0.5, "precision": "float32"},
)
"""The paper's system on one device: eight images a step, by accumulating gradients.

Crops are DeepMask's: 224 pixels round an object that is scaled to fit the window and
lies within 16 pixels of the middle; eight crops a step. Windows are drawn in a crop as
in a whole image, so its negatives come from the same crop.
"""

NUCLEI = SMALL.with_(iterations=3000, seconds=None, turn=True)
SCENES = LESSON.with_(seconds=None)

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
"""On the small backbone, with which the paper's tables at small scale were measured:
one row and seed in about four minutes on one core.
"""

OWN_DATA = Setting(view="crop", recipes={"crop": SMALL}, options={
    "backbone": "light", "m": 21, "rule": asdict(SNUG)})
"""Of a COCO-format folder in the league: as `ifcn-lab train` does by default."""


EVERY = {"dsb2018": 5, "scenes": 1}
"""In the paper's tables at small scale every n-th validation image is measured."""


def setting_of(dataset: str, small: bool) -> Setting:
    """The setting of a data set, at the paper's scale or a small one.

    Raises:
        ValueError: there is no small setting for this data set.
    """
    if not small:
        return PAPER_SETTING
    if dataset not in SMALL_SETTINGS:
        raise ValueError(f"--scale small is for {' and '.join(SMALL_SETTINGS)}; for "
                         f"{dataset} give --scale paper, or leave it out")
    return SMALL_SETTINGS[dataset]


def league_setting(dataset: str, sizes: tuple[float, float] | None = None,
                   **length: Any) -> Setting:
    """The setting of every relative on a data set, each training of this length.

    All stand on the light backbone, so that a file of weights stays small and what is
    behind the backbone has most of the time.
    """
    small = SMALL_SETTINGS.get(dataset, OWN_DATA).lasting(**length)
    return replace(small, options={**small.options, "backbone": "light"},
                   detect={"top": 100}, sizes=sizes)
