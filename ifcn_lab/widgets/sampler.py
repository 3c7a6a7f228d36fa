"""The WindowSampler: which windows are positive, and which 256 are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import traitlets
from jaxtyping import Float, Int, UInt8

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.widgets.explorable import Explorable, png_bytes
from ifcn_lab.widgets.inputs import checked_image
from ifcn_lab.widgets.number_words import fixed
from ifcn_lab.windows.labels import (
    WindowLabels,
    WindowRule,
    WindowSample,
    label_windows,
    window_offsets,
)

WAYS = ("half and half", "any windows")
NAMES = {1: "positive", -1: "ignored", 0: "negative"}


class WindowSampler(Explorable):
    """A mark for each window of a picture, the rule that colours it, and 256 drawn.

    The sliders move the tolerances of the rule. Point at a window, or go there with the
    arrow keys: its box appears, and in the picture of the rule each object stands where
    this window sees it. "draw anew" draws other windows.

    Args:
        scene: a scene or a sample, or a pair (image, masks).
        stride: image pixels per place.
        m: window side in places.
        rule: the tolerances at first; None: the paper's.
        n: how many windows are drawn.

    The four tolerances, `way`, `seed` and the window pointed at (`y`, `x`) are traits:
    Python sees them change and can set them.

    >>> from ifcn_lab import scenes
    >>> widget = WindowSampler(scenes.two_touching(diameter=48), stride=4, m=21)
    >>> widget
    WindowSampler(positive=18, ignored=54, negative=952)
    >>> widget.center_tolerance = 0.03
    >>> widget.positive
    8
    """

    module = "sampler.js"
    shown = ("positive", "ignored", "negative")
    hint = traitlets.Unicode(
        "Move a tolerance, and see which windows change sides.").tag(sync=True)
    center_tolerance, scale_tolerance, negative_center, negative_scale = (
        traitlets.Float(1.0, min=0.001).tag(sync=True) for _ in range(4)
    )
    stride, m, H, W = (traitlets.Int(1).tag(sync=True) for _ in range(4))
    n = traitlets.Int(256).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    way = traitlets.Enum(list(WAYS), WAYS[0]).tag(sync=True)
    y, x = (traitlets.Int(0).tag(sync=True) for _ in range(2))
    middles, octaves, crowd, image = (
        traitlets.Bytes(b"").tag(sync=True) for _ in range(4)
    )
    image_size = traitlets.List([0, 0]).tag(sync=True)

    def __init__(
        self, scene: Any, *, stride: int = 4, m: int = 21,
        rule: WindowRule | None = None, n: int = 256,
    ) -> None:
        self._canonical = (rule or WindowRule()).canonical
        try:
            image, masks, crowd = scene_of(scene)
            check_numbers(stride, m, n)
        except (TypeError, ValueError) as error:
            super().__init__(problem=f"{error}")
            return
        self._image, self._boxes = image, tight_boxes(masks)
        shape = tuple(-(-side // stride) for side in image.shape[:2])
        self._crowd = None if crowd is None else places_under(crowd, stride, shape)
        tolerances = vars(rule or WindowRule()).copy()
        tolerances.pop("canonical")
        fixed = self._fixed(stride, m, shape)
        super().__init__(n=n, **fixed, **tolerances)
        self.y, self.x = self._start()

    def _fixed(self, stride: int, m: int, shape: tuple[int, int]) -> dict[str, Any]:
        boxes, rule = self._boxes, WindowRule(canonical=self._canonical)
        _, octaves = window_offsets(boxes, shape, stride=stride, m=m, rule=rule)
        middles = (boxes[:, [1, 0]] + boxes[:, [3, 2]]) / 2           # (N, 2) as y, x
        crowd = b"" if self._crowd is None else self._crowd.astype(np.uint8).tobytes()
        return {
            "stride": stride, "m": m, "H": shape[0], "W": shape[1], "crowd": crowd,
            "middles": middles.astype(np.float64).tobytes(),
            "octaves": octaves.tobytes(), "image": png_bytes(pale(self._image)),
            "image_size": list(self._image.shape[:2]),
        }

    def _start(self) -> tuple[int, int]:
        """The positive window whose object stands best in its middle, or the middle."""
        label = self.labels().label
        if not (label == 1).any():
            return self.H // 2, self.W // 2
        off = self._offsets().min(0)                                  # (H, W)
        return divmod(int(np.where(label == 1, off, np.inf).argmin()), self.W)

    _place = traitlets.validate("y", "x")(Explorable.held)

    def reach(self) -> dict[str, tuple[int, int]]:
        """The chosen window's centre stays on the map."""
        return {"y": (0, self.H - 1), "x": (0, self.W - 1)}

    @traitlets.observe("center_tolerance", "scale_tolerance")
    def _negatives_end(self, change: Any) -> None:
        """Negatives never begin before positives end."""
        self.negative_center = max(self.negative_center, self.center_tolerance)
        self.negative_scale = max(self.negative_scale, self.scale_tolerance)

    @traitlets.observe("negative_center", "negative_scale")
    def _positives_end(self, change: Any) -> None:
        self.center_tolerance = min(self.negative_center, self.center_tolerance)
        self.scale_tolerance = min(self.negative_scale, self.scale_tolerance)

    @property
    def rule(self) -> WindowRule:
        """The rule as the sliders stand."""
        return WindowRule(self._canonical, self.center_tolerance, self.scale_tolerance,
                          self.negative_center, self.negative_scale)

    def labels(self) -> WindowLabels:
        """The label of every window under this rule."""
        return label_windows(self._boxes, (self.H, self.W), stride=self.stride,
                             m=self.m, rule=self.rule, crowd=self._crowd)

    def drawn(self) -> WindowSample:
        """The windows drawn with this seed; the front end draws the same ones."""
        labels = self.labels()
        half = self.way == WAYS[0]
        chosen = draw_windows(labels.label.ravel(), self.n, self.seed, half)
        centers = np.stack(np.divmod(chosen, self.W), axis=1)         # (n, 2)
        at = tuple(centers.T)
        return WindowSample(centers, labels.label[at], labels.instance[at])

    @property
    def positive(self) -> int:
        """How many windows are positive."""
        return int((self.labels().label == 1).sum())

    @property
    def ignored(self) -> int:
        """How many windows are ignored."""
        return int((self.labels().label == -1).sum())

    @property
    def negative(self) -> int:
        """How many windows are negative."""
        return int((self.labels().label == 0).sum())

    def words(self) -> str:
        """The windows of each kind, the drawn ones, and the window pointed at."""
        labels, drawn = self.labels(), self.drawn()
        found = len(set(labels.instance[labels.label == 1].tolist()))
        different = len(np.unique(drawn.centers, axis=0))
        return (
            f"Of {labels.label.size} windows {self.positive} are positive, "
            f"{self.ignored} ignored, {self.negative} negative; {found} of "
            f"{len(self._boxes)} objects have a positive window. Drawn, {self.way}: "
            f"{(drawn.label == 1).sum()} of {len(drawn.label)} are positive, "
            f"{different} are different windows. {self._window_words(labels)}"
        )

    def _window_words(self, labels: WindowLabels) -> str:
        kind = NAMES[int(labels.label[self.y, self.x])]
        text = f"The window at row {self.y}, column {self.x} is {kind}"
        if len(self._boxes) == 0:
            return f"{text}: there is no object."
        off = self._offsets()[:, self.y, self.x]
        octaves = np.frombuffer(self.octaves)
        chosen = labels.instance[self.y, self.x]
        if chosen < 0:
            near = (octaves < self.negative_scale) & (off < self.negative_center)
            chosen = np.where(near if near.any() else True, off, np.inf).argmin()
        away, size = fixed(off[chosen], 2), fixed(octaves[chosen], 2)
        return (f"{text}: object {chosen + 1} is {away} of a side off its middle and "
                f"{size} octaves off in size.")

    def _offsets(self) -> Float[np.ndarray, "N H W"]:
        """How far each object is off the middle of each window."""
        distance, _ = window_offsets(
            self._boxes, (self.H, self.W), stride=self.stride, m=self.m, rule=self.rule)
        return distance

    def grid(self) -> str:
        """One sign for each window: 1 positive, 0 negative, - ignored."""
        signs = np.array(["0", "1", "-"])[self.labels().label]
        return "\n".join("".join(row) for row in signs)


def scene_of(scene: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Image, masks and crowd of a scene, a sample, or a pair (image, masks).

    Raises:
        TypeError: none of these.
        ValueError: the masks do not fit the image.
    """
    if not hasattr(scene, "masks"):
        if not isinstance(scene, tuple | list) or len(scene) != 2:
            raise TypeError("WindowSampler shows a scene, or a pair (image, masks); "
                            f"this is of type {type(scene).__name__}.")
        image, masks = scene
    else:
        image, masks = scene.image, scene.masks
    image, masks = checked_image(image), np.asarray(masks)
    if image is None or masks.ndim != 3 or masks.shape[1:] != image.shape[:2]:
        size = None if image is None else image.shape[:2]
        raise ValueError(f"Masks are (N, h, w) with the size of the picture; these are "
                         f"{masks.shape}, the picture is {size}.")
    return image, masks.astype(bool), getattr(scene, "crowd", None)


def check_numbers(stride: int, m: int, n: int) -> None:
    """Raise a ValueError for a window or a number of windows that makes no sense."""
    if min(stride, m) < 1 or n < 2:
        raise ValueError(f"stride and m are at least 1 and n at least 2; got {stride}, "
                         f"{m} and {n}.")


def places_under(
    crowd: np.ndarray, stride: int, shape: tuple[int, int]
) -> np.ndarray:
    """The places that a crowd covers by more than half.

    >>> places_under(np.eye(3, dtype=bool), 2, (2, 2)).tolist()
    [[False, False], [False, False]]
    """
    below, right = (stride * c - s for c, s in zip(shape, crowd.shape, strict=True))
    whole = np.pad(crowd, ((0, below), (0, right)))
    return whole.reshape(shape[0], stride, shape[1], stride).mean((1, 3)) > 0.5


def pale(image: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """The picture lighter and of half the contrast, so that marks on it stand out.

    It keeps 16 shades a colour: noise is lost, and most of the file's size.

    >>> pale(np.array([[[0, 100, 255]]], np.uint8)).tolist()
    [[[100, 148, 220]]]
    """
    return image // 16 * 8 + 100


def chance(seed: int) -> Iterator[float]:
    """Numbers from 0 to 1 that look like chance: "mulberry32", as in the front end."""
    low, state = 2**32 - 1, seed & (2**32 - 1)
    while True:
        state = (state + 0x6D2B79F5) & low
        mixed = (state ^ state >> 15) * (1 | state) & low
        mixed = (mixed + ((mixed ^ mixed >> 7) * (61 | mixed) & low) & low) ^ mixed
        yield ((mixed ^ mixed >> 14) & low) / 2**32


def draw_some(rows: list[int], n: int, numbers: Iterator[float]) -> list[int]:
    """n of the rows: without replacement if there are enough; none from none."""
    left = list(rows)
    if len(left) < n:
        return [left[int(next(numbers) * len(left))] for _ in range(n)] if left else []
    for i in range(n):
        j = i + int(next(numbers) * (len(left) - i))
        left[i], left[j] = left[j], left[i]
    return left[:n]


def draw_windows(
    label: Int[np.ndarray, " w"], n: int, seed: int, half: bool
) -> Int[np.ndarray, " n"]:
    """Numbers of drawn windows, by the rule of `sample_windows`, or of any usable ones.

    >>> draw_windows(np.array([1, 0, -1, 0]), 4, seed=0, half=True)[:2].tolist()
    [0, 0]
    """
    numbers = chance(seed)
    if half:
        kinds = [np.flatnonzero(label == 1), np.flatnonzero(label == 0)]
        drawn = [draw_some(kind.tolist(), n // 2, numbers) for kind in kinds]
        return np.array(drawn[0] + drawn[1], np.int64)
    usable = np.flatnonzero(label >= 0).tolist()
    return np.array(draw_some(usable, n, numbers), np.int64)
