"""Wrong answers to lessons 4 and 8, of kernels and whole functions; none in the museum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda
from torch import nn

from ifcn_course.check.bug_museum import LETTERS
from ifcn_course.check.whole_functions import loss_of_masks
from ifcn_lab.assembling import coherence
from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.layers.nms import nms_pairwise
from tests.wrong_measures import loss
from tests.wrong_rules import Wrong, ways


def share(k: int, m: int, a: int, b: int) -> float:
    """The right one."""
    return coherence.kept_share(k, m, (a, b))


KERNEL = """
def kernel(maps, channel, top, left, fill, window):
    j, i = cuda.grid(2)
    m, (_, H, W) = window.shape[0], maps.shape
    if i >= m or j >= m:
        return
    y, x = top + i, left + j
    if 0 <= y < H and 0 <= x < W:
        window[i, j] = maps[channel[i, j], y, x]
    else:
        window[i, j] = fill
"""


def kernel(old: str, new: str, text: str = KERNEL) -> Callable[..., Any]:
    """The right kernel with one thing changed."""
    assert old in text
    names: dict[str, Any] = {"cuda": cuda, "np": np}
    exec(text.replace(old, new), names)
    return names["kernel"]


KERNEL_ALL = """
def kernel(maps, channel, centers, fill, windows):
    j, i, n = cuda.grid(3)
    N, m, _ = windows.shape
    if n >= N or i >= m or j >= m:
        return
    _, H, W = maps.shape
    y = centers[n, 0] - m // 2 + i
    x = centers[n, 1] - m // 2 + j
    if 0 <= y < H and 0 <= x < W:
        windows[n, i, j] = maps[channel[i, j], y, x]
    else:
        windows[n, i, j] = fill
"""


def layer(*sizes: int, kernel: int = 3) -> nn.Module:
    """A new head that learnt nothing."""
    wide = nn.Conv2d(sizes[0], sizes[1], kernel, padding=kernel // 2)
    return nn.Sequential(wide, *(nn.Conv2d(a, b, 1)
                                 for a, b in zip(sizes[1:], sizes[2:], strict=False)))


def small(assemble: Any, k: int, m: int, H: int = 6, W: int = 6, fill: int = 0) -> Any:
    """The window in the middle of maps whose scores are the maps' numbers."""
    maps = np.arange(k * k).reshape(-1, 1, 1) * np.ones((k * k, H, W), int)
    return assemble(maps, m, [(H // 2, W // 2)], fill)[0]


SHARES: Wrong = {
    "kept_share": [
        lambda k, m, s: (m - k * s) / (m - s),
        lambda k, m, s: 1 - k * s / m,
        lambda k, m, s: max(0, 1 - (k - 1) * s / m),
        lambda k, m, s: 1 - (k - 1) / (m - 1),
        lambda k, m, s: share(k, m, 0, 1) ** s,
        lambda k, m, s: max(0, 1 - s * (k - 1) / (m - 1)),
        lambda k, m, s: share(k, m, 0, s) * 100,
        lambda k, m, s: round(share(k, m, 0, s), 2),
        lambda k, m, s: share(k, m, 0, s) * (m - s) * m,
        lambda k, m, s: share(k, m, s, 0) if s < 2 else share(k, m, 1, s),
        lambda k, m, s: max(0, 1 - s / (m // k)),
        lambda k, m, s: (m // k - s) * k / (m - s),
    ],
    "diagonal_share": [
        lambda k, m: ((m - k) / (m - 1)) ** 3,
        lambda k, m: 1 - ((k - 1) / (m - 1)) ** 2,
        lambda k, m: (m - k + 1) ** 2 / m**2,
        lambda k, m: 1 - (k - 1) ** 2 / (m - 1) ** 2,
        lambda k, m: max(0, 1 - 2 * (k - 1) / (m - 1)),
        lambda k, m: (m - k) * (m - k),
        lambda k, m: ((m - k) // (m - 1)) ** 2,
        lambda k, m: round(((m - k) / (m - 1)) ** 2, 3),
        lambda k, m: (1 - 1 / max(m // k, 1)) ** 2 if k > 1 else 1.0,
        lambda k, m: ((m // k - 1) * k / (m - 1)) ** 2,
        lambda k, m: (m - k) ** 2 / (m * m - 1),
    ],
    "step_share": [
        lambda k, m, a, b: share(k, m, a, 0),
        lambda k, m, a, b: share(k, m, 0, b),
        lambda k, m, a, b: min(share(k, m, a, 0), share(k, m, 0, b)),
        lambda k, m, a, b: (share(k, m, a, 0) + share(k, m, 0, b)) / 2,
        lambda k, m, a, b: share(k, m, 0, a + b),
        lambda k, m, a, b: share(k, m, 0, max(abs(a), abs(b))),
        lambda k, m, a, b: share(k, m, 0, 1) ** (abs(a) + abs(b)),
        lambda k, m, a, b: abs((m - k * abs(a)) / (m - abs(a))
                               * (m - k * abs(b)) / (m - abs(b))),
        lambda k, m, a, b: share(k, m, a, b) if b >= 0 else 0,
        lambda k, m, a, b: share(k, m // k * k, a, b),
        lambda k, m, a, b: (1 - 1 / m * k * abs(a)) * (1 - 1 / m * k * abs(b)),
        lambda k, m, a, b: 1 - share(k, m, a, b),
    ],
    "head_weights": [
        lambda c, k, b, r, m: (9 * c * k * k + k * k, b * b * c * r + r * m * m + r),
        lambda c, k, b, r, m: (9 * c * k * k, b * c * r + r * m * m),
        lambda c, k, b, r, m: (9 * c * k * k, b * b * c * r + r * m),
        lambda c, k, b, r, m: (3 * c * k * k, b * b * c * r + r * m * m),
        lambda c, k, b, r, m: (9 * c * k * k, b * b * r + r * m * m),
        lambda c, k, b, r, m: (9 * c * k * k, b * b * c * r * r * m * m),
        lambda c, k, b, r, m: (9 * c * k * k, b * b * c * r + r + m * m),
        lambda c, k, b, r, m: (9 * k * k, b * b * c * r + r * m * m),
        lambda c, k, b, r, m: (9 * c, b * b * c * r + r * m * m),
        lambda c, k, b, r, m: (9 * c * k * k, m * m * c * r + r * b * b),
        lambda c, k, b, r, m: 9 * c * k * k + b * b * c * r + r * m * m,
        lambda c, k, b, r, m: (9 * c * k * k * m * m, b * b * c * r + r * m * m),
        lambda c, k, b, r, m: (9 * c * k * k, b * b * c * r + r * m * m, 0),
    ],
    "mask_loss": [
        lambda z, t, y: loss(z, t)[y == 0].mean() if (y == 0).any() else 0.0,
        lambda z, t, y: ((z > 0) != t)[y == 1].mean() if y.any() else 0.0,
        lambda z, t, y: loss_of_masks(z, t.round(), y),
        lambda z, t, y: loss_of_masks(-z, t, y),
        lambda z, t, y: loss_of_masks(z, t, y) + 0.1 * (y == 0).mean(),
        lambda z, t, y: loss_of_masks(z[:1], t[:1], y[:1]),
        lambda z, t, y: -loss_of_masks(z, t, y),
        lambda z, t, y: loss_of_masks(z, t, y) if len(y) < 3 else 0.0,
        lambda z, t, y: loss_of_masks(z, 1 - t, y),
        lambda z, t, y: loss(z, t)[y == 1].mean((1, 2)) if y.any() else 0.0,
        lambda z, t, y: loss(z, t)[y == 1].max() if y.any() else 0.0,
        lambda z, t, y: round(loss_of_masks(z, t, y), 1),
    ],
    "draw_windows": [
        lambda y, n, rng: rng.integers(len(y), size=n),
        lambda y, n, rng: np.flatnonzero(y == 1)[:n],
        lambda y, n, rng: np.flatnonzero(y == 0)[:n],
        lambda y, n, rng: np.arange(len(y)),
        lambda y, n, rng: np.arange(n) % len(y),
        lambda y, n, rng: [*np.flatnonzero(y == 1), *np.flatnonzero(y == 0)][:n],
        lambda y, n, rng: [],
        lambda y, n, rng: y,
        lambda y, n, rng: np.resize(np.flatnonzero(y == 0), n),
        lambda y, n, rng: np.resize(np.flatnonzero(y != 0), n),
        lambda y, n, rng: [*np.resize(np.flatnonzero(y == 1), n // 2),
                           *np.flatnonzero(y < 1)[: n // 2]],
    ],
    "suppress_masks": [
        lambda m, c, s, iou: list(range(len(m))),
        lambda m, c, s, iou: [0],
        lambda m, c, s, iou: nms_pairwise(placed(m, c), -s, iou),
        lambda m, c, s, iou: nms_pairwise(placed(m, c), s, 0.3),
        lambda m, c, s, iou: nms_pairwise(placed(m, c), s, 0.9),
        lambda m, c, s, iou: nms_pairwise(placed(m, c * [0, 1]), s, iou),
        lambda m, c, s, iou: nms_pairwise(placed(m, c * [1, 0]), s, iou),
        lambda m, c, s, iou: nms_pairwise(placed(m, -c), s, iou)[:2],
        lambda m, c, s, iou: nms_pairwise(placed(m, c), s, iou)[::-1],
        lambda m, c, s, iou: nms_pairwise(placed(m, 2 * c), s, iou),
        lambda m, c, s, iou: nms_pairwise(placed(m, c) + [0, 0, 1, 1], s, iou),
        lambda m, c, s, iou: len(nms_pairwise(placed(m, c), s, iou)),
        lambda m, c, s, iou: nms_pairwise(placed(m, c // 2), s, iou),
    ],
    "copy_one": [
        kernel("i >= m or j >= m", "i == 0 or j == 0"),
        kernel("0 <= y < H and 0 <= x < W", "0 < y < H and 0 < x < W"),
        kernel("0 <= y < H and 0 <= x < W", "0 <= y < H and 0 <= x < W - 1"),
        kernel("0 <= y < H and 0 <= x < W", "0 <= y < H"),
        kernel("0 <= y < H and 0 <= x < W", "0 <= y < 6 and 0 <= x < 6"),
        kernel("0 <= y < H and 0 <= x < W", "0 <= y < W and 0 <= x < W"),
        kernel("= fill", "= -fill"),
        kernel("= fill", "+= fill"),
        kernel("y, x = top + i, left + j", "y, x = top + j, left + i"),
        kernel("y, x = top + i, left + j", "y, x = i, j"),
        kernel("y, x = top + i, left + j", "y, x = top + i + 1, left + j"),
        kernel("channel[i, j]", "channel[0, j]"),
        kernel("channel[i, j]", "channel[i, 0]"),
        kernel("channel[i, j], y, x", "channel[i, j], x, y"),
        kernel("window[i, j] = maps", "window[j, i] = maps"),
    ],
    "copy_all": [kernel(old, new, KERNEL_ALL) for old, new in (
        ("n >= N or i >= m or j >= m", "n == 0 or i >= m or j >= m"),
        ("n >= N or i >= m or j >= m", "n >= 1 or i >= m or j >= m"),
        ("i >= m or j >= m", "i > m or j > m"),
        ("0 <= y < H and 0 <= x < W", "0 < y < H and 0 < x < W"),
        ("0 <= y < H and 0 <= x < W", "y < H and x < W"),
        ("0 <= y < H and 0 <= x < W", "0 <= y < W and 0 <= x < H"),
        ("= fill", "= 0"),
        ("y = centers[n, 0] - m // 2", "y = centers[n, 0] - (m - 1) // 2"),
        ("y = centers[n, 0] - m // 2", "y = centers[n, 0] - m"),
        ("channel[i, j]", "channel[j, i]"),
        ("channel[i, j]", "channel[0, 0]"),
        ("windows[n, i, j] = maps", "windows[n, j, i] = maps"),
        ("windows[n, i, j] = maps", "windows[0, i, j] = maps"))],
    "slim_head": [
        lambda it: it,
        lambda it: layer(32, 25),
        lambda it: layer(32, 4, 25),
        lambda it: layer(32, 25, kernel=1),
        lambda it: layer(32, 1, 25),
        lambda it: layer(32, 24),
        lambda it: layer(16, 25),
        lambda it: nn.Conv2d(32, 25, 3),
        lambda it: nn.Sequential(it, nn.Sigmoid()),
        lambda it: nn.Sequential(it, nn.Upsample(scale_factor=2)),
        lambda it: it.half(),
        lambda it: it.weight,
        lambda it: nn.Identity(),
        lambda it: nn.Conv2d,
    ],
    "kills": [
        lambda assemble: True,
        lambda assemble: False,
        lambda assemble: None,
        lambda assemble: 1 / 0,
        lambda assemble: assemble([[[7]]], 1, [(0, 0)])[0, 0, 0] == 7,
        lambda assemble: assemble([[[7]]], 1, [(0, 0)])[0, 0, 0] == 8,
        lambda assemble: small(assemble, 2, 4)[0, 3] == 1,
        lambda assemble: small(assemble, 3, 6)[0].tolist() == [0, 0, 1, 1, 2, 2],
        lambda assemble: small(assemble, 3, 7)[0].tolist() == [0, 0, 0, 1, 1, 2, 2],
        lambda assemble: small(assemble, 3, 4).shape == (4, 4),
        lambda assemble: small(assemble, 3, 4).sum() > 0,
        lambda assemble: small(assemble, 2, 3, 2, 1, -1).min() == -1,
        lambda assemble: "".join(map(str, small(assemble, 2, 2).ravel())) == "0123",
        lambda assemble: small(assemble, 2, 4) is not None,
    ],
}
def placed(masks: Any, corners: Any) -> Any:
    """The tight boxes where their windows stand."""
    return tight_boxes(masks) + np.tile(corners[:, ::-1], 2)


RIGHT = {letter: name for letter, (name, _) in LETTERS.items()}
SHARES["diagnosis"] = list(ways([
    {}, dict.fromkeys(RIGHT, "transposed"), {"A": "averaged"}, [*RIGHT], "averaged",
    {letter.lower(): name for letter, name in RIGHT.items()}, {"A": ["averaged"]}, 6,
    {letter: n for n, letter in enumerate(RIGHT)}, {**RIGHT, "C": "One map for all"},
    {**RIGHT, "A": RIGHT["B"], "B": RIGHT["A"]}, {**RIGHT, "F": None},
    [*RIGHT.values()], {name: letter for letter, name in RIGHT.items()}]))
