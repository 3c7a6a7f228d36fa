"""How the rows of a table are run: at the paper's scale, or in minutes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ifcn_lab.classifier.recipe import MNC, QUICK, ClassifierRecipe
from ifcn_lab.training.recipe import LESSON, PAPER, SMALL, Recipe


@dataclass(frozen=True)
class Setting:
    """Everything that the rows of a table have in common.

    Args:
        view: what rows train on where the table does not say: "crop" or "whole".
        crop, whole: the recipes for the two.
        backbone, m: of the network.
        window_head: arguments of the DeepMask-style head.
        sizes: longest sides in pixels of the objects to look for; None: the paper's
            six scales.
        init: weights to start from; None: random ones.
        top: proposals an image.
        nms: IoU of boxes above which the worse proposal goes.
        threshold: probability from which a pixel is in the mask.
        precision: of the convolutions when proposing.
        first: only so many images of the validation set; None: all.
        every: and of these every n-th, from the first on.
        classifier: the recipe of the stage-3 classifier.
        classifier_network: arguments of its network.
    """

    view: str
    crop: Recipe
    whole: Recipe
    backbone: str = "small"
    m: int = 21
    window_head: dict[str, Any] = field(default_factory=lambda: {"m": 21})
    sizes: tuple[float, float] | None = None
    init: str | None = None
    top: int = 1000
    nms: float = 0.8
    threshold: float = 0.5
    precision: str = "bfloat16"
    first: int | None = None
    every: int = 1
    classifier: ClassifierRecipe = MNC
    classifier_network: dict[str, Any] = field(default_factory=dict)

    def recipe(self, view: str, seed: int) -> Recipe:
        """The recipe for crops or whole images, with a seed."""
        return {"crop": self.crop, "whole": self.whole}[view].with_(seed=seed)

    def with_steps(self, iterations: int | None, minutes: float | None) -> Setting:
        """The same setting, each training of another length; minutes go by the clock.
        """
        if minutes is not None:
            changes = {"seconds": 60 * minutes, "iterations": 10_000_000}
        elif iterations is not None:
            changes = {"seconds": None, "iterations": iterations}
        else:
            return self
        return replace(self, crop=self.crop.with_(**changes),
                       whole=self.whole.with_(**changes),
                       classifier=self.classifier.with_(**changes))

    def as_dict(self, view: str, task: str = "propose") -> dict[str, Any]:
        """What decides a row's figures, for its result file.

        Of a recipe only what is not the default is listed, so that a choice added to
        recipes later does not make old results unreadable.
        """
        names = ["backbone", "m", "window_head", "sizes", "init", "top", "nms",
                 "threshold", "precision", "first", "every"]
        chosen = {name: getattr(self, name) for name in names}
        chosen |= {"trained_on": view, "recipe": changes_of(self.recipe(view, 0))}
        if task == "recognise":
            chosen |= {"classifier": changes_of(self.classifier),
                       "classifier_network": self.classifier_network}
        return chosen


def changes_of(recipe: Recipe | ClassifierRecipe) -> dict[str, Any]:
    """The choices of a recipe that are not the default; the seed is left out.

    Example:
        >>> from ifcn_lab.windows.labels import WindowRule
        >>> changes_of(Recipe(lr=0.01, rule=WindowRule(canonical=0.7)))
        {'lr': 0.01, 'rule': {'canonical': 0.7}}
    """
    default = asdict(type(recipe)())
    changed = {k: v for k, v in asdict(recipe).items()
               if v != default[k] and k != "seed"}
    if "rule" in changed:
        rule = default["rule"]
        changed["rule"] = {k: v for k, v in changed["rule"].items() if v != rule[k]}
    return changed


PAPER_SETTING = Setting(
    view="whole",
    whole=PAPER,
    crop=PAPER.with_(shorter_sides=None, crop=224, jitter=16 / 224, batch=8,
                     accumulate=1),
    backbone="vgg16",
    window_head={"m": 28, "bins": 14, "side": 56},
    init="vgg16",
    precision="float32",
    classifier_network={"sides": (600, 1000)},
)
"""The paper's system on one device: eight images a step, by accumulating gradients.

Crops are DeepMask's: 224 pixels round an object that is scaled to fit the window and
lies within 16 pixels of the middle; eight crops a step. Windows are drawn in a crop as
in a whole image, so its negatives come from the same crop.
"""

NUCLEI = SMALL.with_(
    iterations=3000, seconds=None, turn=True, photometric=0.3, mask_weight=2.0,
    precision="bfloat16",
)

SCENES = LESSON.with_(iterations=1100, seconds=None, precision="bfloat16")


KINDS = QUICK.with_(iterations=400, seconds=None, precision="bfloat16")


def of_whole_images(recipe: Recipe, shorter_sides: tuple[float, ...],
                    iterations: int, accumulate: int) -> Recipe:
    """A recipe for crops turned into one for whole images at drawn scales."""
    return recipe.with_(crop=None, batch=1, turn=False, shorter_sides=shorter_sides,
                        iterations=iterations, accumulate=accumulate)


SMALL_SETTINGS = {
    "dsb2018": Setting(
        view="crop", crop=NUCLEI, sizes=(6.0, 70.0), every=5, classifier=KINDS,
        whole=of_whole_images(
            NUCLEI, tuple(256 * 1.5**power for power in range(5)), 300, 1),
    ),
    "scenes": Setting(
        view="crop", crop=SCENES, sizes=(28.0, 86.0), classifier=KINDS,
        whole=of_whole_images(SCENES, (96.0, 128.0, 192.0, 256.0), 1100, 4),
    ),
}
"""For the small backbone: one row and seed in about four minutes on one core."""


def setting_of(dataset: str, scale: str) -> Setting:
    """The setting of a data set at a scale.

    Raises:
        ValueError: there is no small setting for this data set.
    """
    if scale == "paper":
        first = 5000 if dataset == "coco" else None
        return replace(PAPER_SETTING, first=first)
    if dataset not in SMALL_SETTINGS:
        raise ValueError(f"--scale small is for {' and '.join(SMALL_SETTINGS)}; for "
                         f"{dataset} give --scale paper, or leave it out")
    return SMALL_SETTINGS[dataset]
