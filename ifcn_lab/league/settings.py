"""What the rows of a table share, at the papers' scale or in minutes, and their list.

The paper's tables and the league of the relatives are made of the same rows: an entry
says what is its own, a setting what it has in common with the others.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ifcn_lab.league.paper import PAPER_TABLES
from ifcn_lab.league.rows import Data, Row
from ifcn_lab.training.recipe import LESSON, PAPER, SMALL, Recipe
from ifcn_lab.windows.labels import SNUG


@dataclass(frozen=True)
class Entry:
    """What is a row's own, before setting and data are known.

    Args:
        name: of the row.
        model: the class's name.
        options: arguments of the class besides the setting's.
        recipe: the name of one of the setting's.
        on: the entry whose trained network it stands on.
        data: changes of the data set, as `{"train": 100}`.
        ways: see `Row`.
    """

    name: str
    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    recipe: str = "crop"
    on: Entry | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    ways: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def row(self, setting: Setting, data: Data) -> Row:
        """The row in this setting, on this data, with the model's usual changes.

        Raises:
            ValueError: there is no such model.
        """
        from ifcn_lab.models import model_class
        from ifcn_lab.windows.model import WindowModel

        kind = model_class(self.model)
        usual = setting.options if issubclass(kind, WindowModel) else {
            "backbone": setting.options["backbone"]}
        known = inspect.signature(kind.detect).parameters
        return Row(
            self.name, self.model, {**({} if self.on else usual), **self.options},
            setting.recipes[self.recipe].with_(**kind.recipe_changes),
            replace(data, **self.data), on=self.on and self.on.row(setting, data),
            init=None if self.on else setting.init, sizes=setting.sizes, ways=self.ways,
            detect={name: x for name, x in setting.detect.items() if name in known})


UNDER: dict[str, tuple[str, dict[str, Any]]] = {
    "SharpMask": ("DeepMask", {"m": 24}), "MNC": ("InstanceFCN", {})}
"""What a model stands on in the league. SharpMask doubles its masks twice, so its
window is a multiple of 4.
"""


def relative(name: str, model: str = "", **own: Any) -> Entry:
    """An entry of the league; one that stands on another shares the budget with it.

    Args:
        name: of the row.
        model: the class's name; "": that is the row's.
        own: see `Entry`.
    """
    model = model or name
    if model not in UNDER:
        return Entry(name, model, **own)
    under, options = UNDER[model]
    return Entry(name, model, recipe="half", **own,
                 on=Entry(f"{under}-for-{name}", under, options, recipe="half"))


@dataclass(frozen=True)
class Setting:
    """Everything that the rows of a table have in common.

    Args:
        view: what rows of the paper's tables train on where these do not say: "crop"
            or "whole".
        recipes: by name: "crop", "whole", and "kinds" for MNC's third stage.
        options: of every window model.
        window_head: arguments of DeepMask.
        kinds: arguments of MNC.
        init: weights to start from; None: random ones.
        sizes: see `Row`.
        detect: arguments of `detect` when it is measured.
    """

    view: str
    recipes: Mapping[str, Recipe]
    options: Mapping[str, Any]
    window_head: Mapping[str, Any] = field(default_factory=dict)
    kinds: Mapping[str, Any] = field(default_factory=dict)
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

    def paper_entries(self) -> dict[str, Entry]:
        """What can stand in the paper's tables, by key."""
        def maps(k: int, view: str) -> Entry:
            return Entry(f"maps-k{k}-{view}", "InstanceFCN", {"k": k}, view)

        usual = {f"maps-k{k}": maps(k, self.view) for k in (1, 3, 5, 7)}
        return {
            **usual, **{f"maps-k5-{view}": maps(5, view) for view in ("crop", "whole")},
            "window-crop": Entry("window-crop", "DeepMask", self.window_head),
            "recognise": Entry("recognise", "MNC", self.kinds, "kinds",
                               on=usual["maps-k5"])}

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
        known = self.paper_entries()
        if wrong := set(only or ()) - known.keys():
            raise ValueError(f"no row {min(wrong)!r}; choose from {', '.join(known)}")
        keys = [row.key for row in PAPER_TABLES[table].rows if row.key]
        return {key: known[key].row(self, data) for key in keys
                if only is None or key in only}


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
"""For the small backbone: one row and seed in about four minutes on one core."""

OWN_DATA = Setting(view="crop", recipes={"crop": SMALL}, options={
    "backbone": "small", "m": 21, "rule": asdict(SNUG)})
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


def league_setting(data: Data, sizes: tuple[float, float] | None = None,
                   **length: Any) -> Setting:
    """The setting of every relative on this data, each training of this length."""
    small = SMALL_SETTINGS.get(data.name, OWN_DATA).lasting(**length)
    return replace(small, detect={"top": 100}, sizes=sizes)
