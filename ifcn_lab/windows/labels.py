"""Which windows are positive, and drawing 256 of them 1:1.

The rule is DeepMask's, scaled to this window: an object belongs to a window when
it stands in its middle and has the right size for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from numpy.lib.stride_tricks import sliding_window_view


@dataclass(frozen=True)
class WindowRule:
    """When a window is positive and when it is negative.

    All lengths are shares of the window's side, so the rule is the same at every
    stride. DeepMask states them for its 224-pixel patch; 168 pixels (m = 21 at
    stride 8) make 16/224 into 12 pixels, 1.5 places.

    Args:
        canonical: longest side of an object of exactly the right size (128/224).
        center_tolerance: positive if the object's centre is this near to the
            window's centre, along each axis (16/224).
        scale_tolerance: and its size within so many octaves of the right size.
            DeepMask says 0.25. Test scales 1.5 apart are 0.585 octaves apart, so
            0.25 would leave some sizes without any positive window; 0.3 does not.
        negative_center: negative if the centre is this far off (32/224) ...
        negative_scale: ... or the size off by this many octaves (1), for every
            object. What is neither positive nor negative is ignored.

    Raises:
        ValueError: a tolerance is not positive, or negatives would be positives.

    Source: Pinheiro et al., NIPS 2015, section 3.1. That InstanceFCN takes it over
    is not confirmed by any source.
    """

    canonical: float = 128 / 224
    center_tolerance: float = 16 / 224
    scale_tolerance: float = 0.3
    negative_center: float = 32 / 224
    negative_scale: float = 1.0

    def __post_init__(self) -> None:
        if min(self.canonical, self.center_tolerance, self.scale_tolerance) <= 0:
            raise ValueError(f"sizes and tolerances must be above 0, got {self}")
        if self.negative_center < self.center_tolerance:
            raise ValueError("negative_center must be at least center_tolerance")
        if self.negative_scale < self.scale_tolerance:
            raise ValueError("negative_scale must be at least scale_tolerance")


CLOSE = WindowRule(scale_tolerance=0.35, negative_center=0.11, negative_scale=0.5)
"""The rule that the lessons train with: negatives begin where positives nearly end.

A window that is a little off, or of the next scale, is taught to be silent; otherwise
its copy of the mask would fill the list of the ten best.
"""

SNUG = WindowRule(canonical=0.7, scale_tolerance=0.35, negative_center=0.11,
                  negative_scale=0.5)
"""The same for pictures of one's own: objects take more of the window, so their masks
have more places."""


class WindowLabels(NamedTuple):
    """A label for the window centred at each place.

    Shapes: `label` (H, W), 1 positive, 0 negative, -1 ignored; `instance` (H, W),
    the index of the object a positive window belongs to, -1 elsewhere.
    """

    label: Int[np.ndarray, "H W"]
    instance: Int[np.ndarray, "H W"]


class WindowSample(NamedTuple):
    """Windows drawn for one training step.

    Shapes: `centers` (n, 2) as (y, x); `label` (n,), 1 or 0; `instance` (n,).
    """

    centers: Int[np.ndarray, "n 2"]
    label: Int[np.ndarray, " n"]
    instance: Int[np.ndarray, " n"]


def window_centers(length: int, stride: int, m: int) -> Float[np.ndarray, " L"]:
    """Where the middle of the window at each place lies, in image pixels.

    Example:
        >>> window_centers(3, stride=4, m=21).tolist()
        [2.0, 6.0, 10.0]
    """
    return stride * (np.arange(length) - m // 2 + m / 2)


def window_offsets(
    boxes: Shaped[np.ndarray, "N 4"], shape: tuple[int, int], *, stride: int,
    m: int, rule: WindowRule,
) -> tuple[Float[np.ndarray, "N H W"], Float[np.ndarray, " N"]]:
    """How far each object is from the middle and from the right size of a window.

    Returns the larger of the two centre distances as a share of the window's side,
    for every object and window, and each object's distance from the canonical size
    in octaves.
    """
    side = stride * m
    boxes = boxes.astype(float)
    middle_x, middle_y = ((boxes[:, :2] + boxes[:, 2:]) / 2).T
    dy = np.abs(window_centers(shape[0], stride, m) - middle_y[:, None])   # (N, H)
    dx = np.abs(window_centers(shape[1], stride, m) - middle_x[:, None])   # (N, W)
    distance = np.maximum(dy[:, :, None], dx[:, None, :]) / side           # (N, H, W)
    longest = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    octaves = np.abs(np.log2(np.maximum(longest, 1e-9) / (rule.canonical * side)))
    return distance, octaves


def label_windows(
    boxes: Shaped[np.ndarray, "N 4"], shape: tuple[int, int], *, stride: int, m: int,
    rule: WindowRule | None = None,
    crowd: Bool[np.ndarray, "H W"] | None = None,
) -> WindowLabels:
    """Label the window at every place of a feature map.

    Args:
        boxes: tight boxes of the objects, in pixels of the image the network sees.
        shape: (H, W) of the feature map.
        stride, m: image pixels per place, places per window side.
        rule: the tolerances.
        crowd: places under a crowd region; windows centred there are ignored.

    Where two objects claim a window, the one nearer to its centre has it.

    Example:
        >>> box = np.array([[16, 16, 64, 64]])          # 48 pixels: 84 * 128/224
        >>> labels = label_windows(box, (20, 20), stride=4, m=21)
        >>> int((labels.label == 1).sum()), int(labels.label[9, 9])
        (16, 1)
    """
    rule = rule or WindowRule()
    label = np.zeros(shape, np.int64)
    instance = np.full(shape, -1, np.int64)
    if len(boxes):
        distance, octaves = window_offsets(boxes, shape, stride=stride, m=m, rule=rule)
        size_fits = (octaves <= rule.scale_tolerance)[:, None, None]
        size_near = (octaves < rule.negative_scale)[:, None, None]
        fits = size_fits & (distance <= rule.center_tolerance)          # (N, H, W)
        near = size_near & (distance < rule.negative_center)            # (N, H, W)
        nearest = np.where(fits, distance, np.inf).argmin(0)            # (H, W)
        positive = fits.any(0)
        label = np.where(positive, 1, np.where(near.any(0), -1, 0))
        instance = np.where(positive, nearest, -1)
    if crowd is not None:
        label, instance = np.where(crowd, -1, label), np.where(crowd, -1, instance)
    return WindowLabels(label, instance)


def sample_windows(
    labels: WindowLabels, n: int = 256, *, rng: np.random.Generator
) -> WindowSample:
    """Draw n windows, half positive and half negative.

    Where there are fewer than n/2 of a kind, they are drawn with replacement, so
    the two kinds weigh the same. An image without positives gives n/2 negatives,
    one without negatives n/2 positives; one with neither gives none.

    Source: Dai et al., ECCV 2016, section 4.2 (256 windows, 1:1).

    Example:
        >>> labels = label_windows(np.array([[16, 16, 64, 64]]), (20, 20),
        ...                        stride=4, m=21)
        >>> sample = sample_windows(labels, rng=np.random.default_rng(0))
        >>> sample.label.mean(), sample.centers.shape
        (np.float64(0.5), (256, 2))
    """
    chosen = np.concatenate([
        draw_some(np.argwhere(labels.label == kind), n // 2, rng) for kind in (1, 0)
    ])
    at = tuple(chosen.T)
    return WindowSample(chosen, labels.label[at], labels.instance[at])


def draw_some(
    rows: Int[np.ndarray, "R 2"], n: int, rng: np.random.Generator
) -> Int[np.ndarray, "n 2"]:
    """n of the rows, without replacement if there are enough; none from none."""
    if len(rows) == 0:
        return rows
    return rows[rng.choice(len(rows), n, replace=len(rows) < n)]


def mask_targets(
    coverage: Float[np.ndarray, "N H W"], centers: Int[np.ndarray, "P 2"],
    instance: Int[np.ndarray, " P"], m: int,
    crowd: Bool[np.ndarray, "H W"] | None = None,
) -> tuple[Float[np.ndarray, "P m m"], Bool[np.ndarray, "P m m"]]:
    """The mask each positive window should show, and which of its pixels count.

    Args:
        coverage: per object, the share of every place of the map that it covers.
        centers: window centres (y, x).
        instance: the object each window belongs to.
        m: window side in places.
        crowd: places of which nobody says whose they are, as VOC's borders.

    Returns:
        The target in [0, 1] and whether the pixel lies on the map and not in the
        crowd; the loss leaves out what does not.

    Example:
        >>> target, inside = mask_targets(np.ones((1, 4, 4)), np.array([[0, 0]]),
        ...                               np.array([0]), m=3)
        >>> target[0].astype(int).tolist(), int(inside.sum())
        ([[0, 0, 0], [0, 1, 1], [0, 1, 1]], 4)
    """
    before, after = m // 2, m - 1 - m // 2
    pad = ((0, 0), (before, after), (before, after))
    padded = np.pad(coverage, pad)                        # (N, H + m - 1, W + m - 1)
    told = np.ones(coverage.shape[1:], bool) if crowd is None else ~crowd
    known = np.pad(told, pad[1:])
    y, x = centers.T
    return (sliding_window_view(padded, (m, m), axis=(1, 2))[instance, y, x],
            sliding_window_view(known, (m, m))[y, x])
