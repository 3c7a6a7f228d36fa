"""Wrong answers to lesson 9, ten and more for each check, none of the museum's.

Waists, two layers as one, a loss with labels, boxes of windows, refinement.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from typing import Any

import numpy as np
from scipy import ndimage

from ifcn_course.check.windows_that_draw import box_of, refined
from tests.wrong_rules import Wrong


def folded(
    first: Any, b1: Any, second: Any, b2: Any,
    bias: Callable[..., Any] = lambda first, b1, second, b2: second @ b1 + b2,
) -> Any:
    """The right layer, or one whose bias is another."""
    return np.column_stack([second @ first, bias(first, b1, second, b2)])


def biased(bias: Callable[..., Any]) -> Callable[..., Any]:
    """A right matrix beside a bias that is not."""
    return lambda *layers: folded(*layers, bias)


def stacked(change: Callable[[Any], Any]) -> Callable[..., Any]:
    """The right layer, and one thing more."""
    return lambda *layers: change(folded(*layers))


def losing(
    mask: Callable[..., Any] = lambda f, m: np.logaddexp(0, -m * f).mean(),
    score: Callable[..., Any] = lambda s, y: np.logaddexp(0, -y * s) / 32,
    gate: Callable[..., Any] = lambda y: y > 0,
    whole: Callable[..., Any] = lambda a, b: a + b,
) -> Callable[..., Any]:
    """A loss of one window with one thing in it that is wrong."""
    return lambda f, m, s, y: whole(gate(y) * mask(f, m), score(s, y))


def boxed(
    middle: Callable[..., Any] = lambda y, x, stride, zoom:
    (y * stride / zoom, x * stride / zoom),
    half: Callable[..., Any] = lambda side, zoom: side / zoom / 2,
    place: Callable[..., Any] = divmod,
    corners: Callable[..., Any] = lambda y, x, h: (x - h, y - h, x + h, y + h),
) -> Callable[..., Any]:
    """A box of a window with one thing in it that is wrong."""
    return lambda t, columns, stride, side, zoom: corners(
        *middle(*place(t, columns), stride, zoom), half(side, zoom))


def weigh(weights: Any, channels: Any) -> Any:
    """The right convolution."""
    return np.einsum("oc,chw->ohw", weights, channels)


def large(both: Any) -> Any:
    """Every place four times."""
    return both.repeat(2, 1).repeat(2, 2)


def refining(
    features: Callable[..., Any] = weigh, mask: Callable[..., Any] = weigh,
    add: Callable[..., Any] = np.add,
    cut: Callable[..., Any] = lambda both: np.maximum(both, 0),
    enlarge: Callable[..., Any] = large,
) -> Callable[..., Any]:
    """A step of refinement with one thing in it that is wrong."""
    return lambda F, M, wF, wM: enlarge(cut(add(features(wF, F), mask(wM, M))))


def square(both: Any) -> Any:
    """As if there were as many columns as rows."""
    made = np.zeros((len(both), 2 * both.shape[1], 2 * both.shape[1]), both.dtype)
    made[:] = large(both)
    return made


def holes(both: Any) -> Any:
    """One of four places; the others stay 0."""
    made = 0 * large(both)
    made[:, ::2, ::2] = both
    return made


def two_colours(image: Any, logits: Any) -> Any:
    """Which mean colour is nearer, that of the inside or of the outside."""
    inside = logits > 0
    near = [np.linalg.norm(image - image[part].mean(0), axis=2)
            for part in (inside, ~inside)]
    return near[0] < near[1]


LESSON_09: Wrong = {
    "widest_waist": [
        lambda i, o: i * o // (i + o) - 1,
        lambda i, o: i * o // (i + o + 1),
        lambda i, o: i * o // (i + o) - (o % i == 0),
        lambda i, o: i * o // (i + o) - (i == o),
        lambda i, o: i * o // (i + o) - (max(i, o) % min(i, o) == 0),
        lambda i, o: (i * o - 1) / (i + o),
        lambda i, o: int(i * o / (i + o) - 0.01),
        lambda i, o: round(i * o / (i + o)) - 1,
        lambda i, o: (i * o - 2) // (i + o),
        lambda i, o: min(i, o) - 1,
        lambda i, o: isqrt(i * o) // 2,
        lambda i, o: [(i * o - 1) // (i + o)],
        lambda i, o: min((i * o - 1) // (i + o), 512),
    ],
    "one_layer": [
        biased(lambda first, b1, second, b2: second @ np.maximum(b1, 0) + b2),
        biased(lambda first, b1, second, b2: second @ b1 + abs(b2)),
        biased(lambda first, b1, second, b2: np.maximum(second @ b1 + b2, 0)),
        biased(lambda first, b1, second, b2: b1.sum() + b2),
        biased(lambda first, b1, second, b2: second[:, 0] * b1[0] + b2),
        biased(lambda first, b1, second, b2: second.sum(1) * b1.sum() + b2),
        biased(lambda first, b1, second, b2: second @ (first.sum(1) + b1) + b2),
        stacked(lambda whole: whole.astype(int)),
        stacked(lambda whole: whole.T),
        stacked(lambda whole: np.roll(whole, 1, 1)),
        stacked(lambda whole: (whole[:, :-1], whole[:, -1])),
        stacked(lambda whole: whole[:, :-1] + whole[:, -1:]),
        stacked(lambda whole: np.maximum(whole, 0)),
        lambda first, b1, second, b2: np.column_stack([first @ second, b1]),
    ],
    "window_loss": [
        losing(lambda f, m: np.logaddexp(0, -m * f).sum() / len(f) ** 2),
        losing(lambda f, m: np.logaddexp(0, -m * f).sum() / len(f)),
        losing(lambda f, m: np.logaddexp(0, -(m * f).mean())),
        losing(lambda f, m: np.logaddexp(0, -m.T * f).mean()),
        losing(lambda f, m: np.logaddexp(0, -f).mean()),
        losing(lambda f, m: np.logaddexp(0, -m * f)[m > 0].mean()),
        losing(lambda f, m: np.maximum(0, 1 - m * f).mean()),
        losing(lambda f, m: np.log2(1 + np.exp(-m * f)).mean()),
        losing(score=lambda s, y: np.logaddexp(0, -abs(s)) / 32),
        losing(score=lambda s, y: np.logaddexp(0, -abs(s) if y > 0 else s) / 32),
        losing(score=lambda s, y: max(0, -y * s) / 32),
        losing(score=lambda s, y: np.logaddexp(0, -y * s / 32)),
        losing(gate=lambda y: y),
        losing(whole=lambda a, b: (a + b) / 2),
        losing(whole=lambda a, b: a + b if a else 0.0),
        losing(whole=lambda a, b: round(float(a + b), 3)),
    ],
    "place_of": [
        boxed(half=lambda side, zoom: side // 2 / zoom),
        boxed(half=lambda side, zoom: side // zoom // 2),
        boxed(half=lambda side, zoom: (side - 1) / zoom / 2),
        boxed(lambda y, x, s, zoom: (y * s // zoom, x * s // zoom)),
        boxed(lambda y, x, s, zoom: (y * s, x * s / zoom)),
        boxed(lambda y, x, s, zoom: ((y + 0.5) * s / zoom, (x + 0.5) * s / zoom)),
        boxed(place=lambda t, columns: divmod(t, columns + 1)),
        boxed(place=lambda t, columns: (t / columns, t % columns)),
        boxed(corners=lambda y, x, h: (x - h, y - h, x + h - 1, y + h - 1)),
        boxed(corners=lambda y, x, h: (x - h, y - h, 2 * h, 2 * h)),
        boxed(corners=lambda y, x, h: (x - h, x + h, y - h, y + h)),
        boxed(corners=lambda y, x, h: (max(x - h, 0), max(y - h, 0), x + h, y + h)),
        boxed(corners=lambda y, x, h: (int(x - h), int(y - h), int(x + h), int(y + h))),
        lambda t, columns, *rest: box_of(t, max(columns, 4), *rest),
    ],
    "refine_once": [
        refining(enlarge=square),
        refining(enlarge=holes),
        refining(enlarge=lambda both: large(both).astype(int)),
        refining(enlarge=lambda both: large(both).swapaxes(1, 2)),
        refining(enlarge=lambda both: ndimage.zoom(both, (1, 2, 2), order=1)),
        refining(cut=abs),
        refining(cut=lambda both: np.where(both > 0, both, both / 10)),
        refining(cut=lambda both: np.clip(both, 0, 6)),
        refining(add=np.maximum),
        refining(add=lambda a, b: np.concatenate([a, b])),
        refining(add=lambda a, b: (a + b) / 2),
        refining(mask=lambda wM, M: np.maximum(weigh(wM, M), 0)),
        refining(mask=lambda wM, M: weigh(wM.T, M)),
        refining(lambda wF, F: weigh(wF, np.maximum(F, 0))),
        refining(lambda wF, F: F.sum(0) * wF.sum(1)[:, None, None]),
        lambda F, M, wF, wM: refined(F, M, wF, wM)[: len(M)],
    ],
    "sharpen": [
        lambda image, logits: logits > 0,
        lambda image, logits: logits > 0.5,
        lambda image, logits: logits > 0.25,
        lambda image, logits: logits,
        lambda image, logits: (logits > 0).astype(np.uint8),
        lambda image, logits: logits > logits.mean(),
        lambda image, logits: np.ones(logits.shape, bool),
        lambda image, logits: ndimage.gaussian_filter(logits, 4) > 0,
        lambda image, logits: ndimage.median_filter(logits > 0, 5),
        lambda image, logits: ndimage.binary_erosion(logits > 0),
        lambda image, logits: ndimage.binary_fill_holes(logits > 0),
        two_colours,
    ],
}
