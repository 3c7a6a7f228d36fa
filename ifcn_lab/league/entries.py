"""The rows of the league: any model with the one recipe and the one budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ifcn_lab.league.rows import Data, Row
from ifcn_lab.league.settings import SMALL_SETTINGS, Setting
from ifcn_lab.models import model_class
from ifcn_lab.training.recipe import SMALL, Recipe
from ifcn_lab.windows.labels import SNUG

UNDER: dict[str, tuple[str, dict[str, Any]]] = {
    "SharpMask": ("DeepMask", {"m": 24}), "MNC": ("InstanceFCN", {})}
"""What a model stands on, trained for the first half of the budget. SharpMask doubles
its masks twice, so its window is a multiple of 4.
"""

OWN_DATA = Setting(view="crop", recipes={"crop": SMALL}, options={
    "backbone": "small", "m": 21, "rule": asdict(SNUG)})
"""Of a COCO-format folder: as `ifcn-lab train` does by default."""


@dataclass(frozen=True)
class Entry:
    """What one row of the league is, before data and budget are known.

    Args:
        model: the class's name.
        options: arguments of the class besides the usual ones.
        view: "crop" or "whole".
        data: changes of the data set, as `{"train": 100}`.
        ways: see `Row`.
    """

    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    view: str = "crop"
    data: Mapping[str, Any] = field(default_factory=dict)
    ways: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def row(
        self, name: str, data: Data, budget: Mapping[str, Any],
        sizes: tuple[float, float] | None = None,
    ) -> Row:
        """The row of that name on this data, with this change of the recipe's length.

        Raises:
            ValueError: there is no such model.
        """
        setting = SMALL_SETTINGS.get(data.name, OWN_DATA)
        kind = model_class(self.model)
        recipe = setting.recipes[self.view].with_(
            precision="auto", **kind.recipe_changes, **budget)
        row = Row(name, self.model, self.options, recipe, replace(data, **self.data),
                  detect={"top": 100}, sizes=sizes, ways=self.ways)
        if self.model not in UNDER:
            return replace(row, options={**usual(self.model, setting), **self.options})
        model, options = UNDER[self.model]
        under = Entry(model, options).row(f"{model}-for-{name}", data, budget, sizes)
        return replace(row, recipe=half(recipe),
                       on=replace(under, recipe=half(under.recipe)))


def usual(model: str, setting: Setting) -> dict[str, Any]:
    """The arguments that a model of the small backbone has on this data."""
    from ifcn_lab.windows.model import WindowModel

    if not issubclass(model_class(model), WindowModel):
        return {"backbone": "small"}
    own = {"k": 5} if model == "InstanceFCN" else {}
    return {**setting.options, **own}


def half(recipe: Recipe) -> Recipe:
    """The recipe with half of its steps and seconds.

    Example:
        >>> half(Recipe(iterations=9, seconds=300)).seconds
        150.0
    """
    return recipe.with_(iterations=max(1, recipe.iterations // 2),
                        seconds=recipe.seconds and recipe.seconds / 2)
