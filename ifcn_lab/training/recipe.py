"""A recipe: every choice that training makes, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

PAPER_SHORTER_SIDES = tuple(600 * 1.5**power for power in range(-4, 2))

CHOICES = {"optimizer": ("sgd", "adamw"), "schedule": ("step", "onecycle"),
           "clock": ("wall", "processor")}


@dataclass(frozen=True)
class Recipe:
    """How to train a model, whichever it is.

    What belongs to one kind of model is an option of that model, not of the recipe.

    Args:
        iterations: training steps, that is changes of the weights.
        seconds: stop after so many seconds even if steps are left; the learning
            rate then falls with the clock. None: steps alone decide.
        clock: what `seconds` are of: "wall", or "processor", this process's work, which
            other work on the machine does not shorten.
        batch: images that go through the network together.
        accumulate: batches that make one step: their gradients are pooled before the
            weights change. Processes share them, so a recipe means the same on any
            number of devices: 8 are taken one after the other by one process, or one
            each by eight.
        optimizer: "sgd" (the paper's) or "adamw".
        lr: the highest learning rate.
        schedule: "step" (a tenth of `lr` for the last fifth, as the paper) or
            "onecycle" (up for a tenth of the run, then down to nothing).
        momentum, weight_decay: of the optimizer. Biases and norms have no decay.
        clip: longest gradient; longer ones are shortened to it. None: no limit.
        shorter_sides: image scales drawn from, in pixels of the shorter side; the
            paper's are 600 x 1.5^{-4..1}. None: the model decides; a window model
            draws an object and scales the image until it fits the window, others take
            the image as it is.
        crop: side in pixels of the square cut from the scaled image; None keeps
            the whole image, which then must be alone in its batch.
        jitter: how far from a crop's middle the drawn object's may lie, as a share of
            the crop's side, along each axis; DeepMask's is 16/224.
        flip: mirror half of the images from left to right.
        turn: also turn square crops by quarter turns; for pictures without an up and
            down, as from a microscope.
        photometric: strength of random brightness, contrast, colour and inversion
            of the image, 0 for none.
        term_weights: of the terms of the loss, by name; 1 for one that is not named. A
            term is a mean: of InstanceFCN's "mask" over the pixels of a window, so that
            m*m makes it the sum that the paper writes.
        init_std: new layers begin with Gaussian weights of this deviation and biases
            of 0 (`initial.gaussian`). Not confirmed for this paper. None: torch's own.
        precision: "float32", "bfloat16" (convolutions only; weights and sums stay
            float32), or "auto": bfloat16 where the processor has instructions for it.
        seed: of everything random.
    """

    iterations: int = 40_000
    seconds: float | None = None
    clock: str = "wall"
    batch: int = 1
    accumulate: int = 1
    optimizer: str = "sgd"
    lr: float = 1e-3
    schedule: str = "step"
    momentum: float = 0.9
    weight_decay: float = 5e-4
    clip: float | None = 5.0
    shorter_sides: tuple[float, ...] | None = PAPER_SHORTER_SIDES
    crop: int | None = None
    jitter: float = 0.2
    flip: bool = True
    turn: bool = False
    photometric: float = 0.0
    term_weights: Mapping[str, float] = field(default_factory=dict)
    init_std: float | None = None
    precision: str = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            if (given := getattr(self, name)) not in known:
                said = " or ".join(map(repr, known))
                raise ValueError(f"{name} is {said}, got {given!r}")
        if self.crop is None and self.batch != 1:
            raise ValueError("whole images differ in size: use batch=1, or give a crop")
        if min(self.iterations, self.batch, self.accumulate) < 1:
            raise ValueError("iterations, batch and accumulate are 1 or more, got "
                             f"{self}")
        if not 0 <= self.jitter <= 0.5:
            raise ValueError(f"jitter is a share of the crop, 0 to 0.5, got {self}")
        for name in ("clip", "init_std"):
            if getattr(self, name) is not None and not getattr(self, name) > 0:
                raise ValueError(f"{name} is a number above 0 or None, got {self}")

    def with_(self, **changes: object) -> Recipe:
        """The same recipe with some choices changed.

        Example:
            >>> PAPER.with_(lr=0.01).lr
            0.01
        """
        return replace(self, **changes)


PAPER = Recipe(accumulate=8, clip=None, init_std=0.01)
"""The paper's: SGD, 40 000 steps of eight images, one on each of eight devices.

Confirmed: the six scales, SGD with momentum 0.9 and weight decay 5e-4, 1e-3 for 32 000
steps and 1e-4 for 8 000, eight images a step. No source confirms `init_std`,
`term_weights`, flips and that no gradient is shortened.
"""

LESSON = Recipe(
    iterations=1100, seconds=57, batch=4, optimizer="adamw", lr=3e-3,
    schedule="onecycle", weight_decay=1e-2, shorter_sides=None, crop=128,
    precision="auto", term_weights={"mask": 4.0},
)
"""Made for two cores: under a minute from nothing to masks.

The mask term weighs 4: with 1, AR@10 on held-out scenes was .03 lower after the same
steps.
"""

SMALL = LESSON.with_(
    iterations=100_000,
    seconds=15 * 60, photometric=0.3, term_weights={"mask": 2.0},
)
"""For pictures of your own: a quarter of an hour on two cores."""

RECIPES = {"paper": PAPER, "lesson": LESSON, "small": SMALL}
"""By name, for the command line."""
