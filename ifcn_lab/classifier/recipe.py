"""How the classifier is trained: every choice in one place."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True)
class ClassifierRecipe:
    """How to train a `Classifier` on the proposals of a trained network.

    Args:
        iterations: training steps.
        seconds: stop after so many seconds even if steps are left; the learning rate
            then falls with the clock. None: steps alone decide.
        batch: images per step, one after the other, or shared by processes; MNC: one on
            each of eight devices.
        optimizer: "sgd" (MNC's) or "adamw".
        lr: the highest learning rate.
        schedule: "step" (a tenth of `lr` for the last fifth, as MNC) or "onecycle".
        momentum, weight_decay: of the optimizer. No source at hand gives MNC's; these
            are InstanceFCN's.
        clip: longest gradient; longer ones are shortened to it. None: no limit.
        proposals: of each image, N; the paper's 300.
        nms_iou: of the proposals; the paper's 0.8.
        threshold: at which a proposal's pixel is in its mask. Unconfirmed.
        objects: add the objects themselves to the proposals, as Fast R-CNN does. No
            source at hand says whether MNC does.
        rois: drawn from the proposals of each image; MNC's 64.
        positive_share: of the drawn, at most; 1 positive to 3 negatives. Unconfirmed.
        mask_iou: a proposal is of an object's category when its mask IoU with it is at
            least this; otherwise it is background. The mask-level labels.
        box_iou: the same for boxes, for the labels of the box-level softmax. MNC asks
            for 0.5 of boxes.
        box_weight: of the box-level softmax in the loss; 0 leaves it out.
        flip: mirror half of the images from left to right.
        frozen: leave the copied backbone as it is. By default it is trained, as MNC's
            layers are for all three stages; no source says what the two-step training
            of the paper does. On scenes the two gave the same within the noise of a
            run (`python -m benchmarks.recognition` measures the default).
        precision: of the proposals' and the classifier's convolutions: "float32",
            "bfloat16" or "auto".
        seed: of everything random.

    Example:
        >>> MNC.iterations, MNC.lr, MNC.rois
        (40000, 0.001, 64)
    """

    iterations: int = 40_000
    seconds: float | None = None
    batch: int = 8
    optimizer: str = "sgd"
    lr: float = 1e-3
    schedule: str = "step"
    momentum: float = 0.9
    weight_decay: float = 5e-4
    clip: float | None = None
    proposals: int = 300
    nms_iou: float = 0.8
    threshold: float = 0.5
    objects: bool = True
    rois: int = 64
    positive_share: float = 0.25
    mask_iou: float = 0.5
    box_iou: float = 0.5
    box_weight: float = 1.0
    flip: bool = True
    frozen: bool = False
    precision: str = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.optimizer not in ("sgd", "adamw"):
            raise ValueError(f"optimizer is 'sgd' or 'adamw', got {self.optimizer!r}")
        if self.schedule not in ("step", "onecycle"):
            raise ValueError(f"schedule is 'step' or 'onecycle', got {self.schedule!r}")
        for name in ("iterations", "batch", "proposals", "rois"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least 1")
        for name in ("positive_share", "mask_iou", "box_iou"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give a number "
                                 "above 0, at most 1")

    def with_(self, **changes: object) -> ClassifierRecipe:
        """The same recipe with some choices changed.

        Example:
            >>> MNC.with_(lr=0.01).lr
            0.01
        """
        return replace(self, **changes)

    def as_dict(self) -> dict[str, object]:
        """Plain numbers and strings, for a checkpoint or a card."""
        return asdict(self)


MNC = ClassifierRecipe()
"""MNC's: SGD, 32 000 steps at 0.001 and 8 000 at 0.0001, 8 images of 64 RoIs a step.

Its released code falls after 20 000 steps instead.
"""

QUICK = ClassifierRecipe(
    iterations=100_000, seconds=85, batch=4, optimizer="adamw", lr=1e-3,
    schedule="onecycle", weight_decay=1e-2, clip=5.0, precision="auto",
)
"""For the small backbone on one core, in a minute and a half."""
