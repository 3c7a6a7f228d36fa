"""Wrong answers to lessons 1 to 3, ten and more for each check, none of the museum's.

They were looked for: other formulas, other borders, other types, right on small cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import product
from math import isqrt
from typing import Any

import numpy as np

from ifcn_course.museum.adapting import counting, one_window
from ifcn_lab.assembling import assemble

Wrong = dict[str, list[Callable[..., Any]]]


def splits(m: int, k: int) -> np.ndarray:
    """The part of each offset as `np.array_split` would have it."""
    return np.repeat(range(k), [len(part) for part in np.array_split(range(m), k)])


CELLS: list[Callable[[int, int, int], Any]] = [
    lambda i, k, m: min((i + 1) * k // m, k - 1),
    lambda i, k, m: i * k // (m + 1),
    lambda i, k, m: i * (k - 1) // max(m - 1, 1),
    lambda i, k, m: min(i // max(round(m / k), 1), k - 1),
    lambda i, k, m: i * (k // m),
    lambda i, k, m: max(i * k - 1, 0) // m,
    lambda i, k, m: i * k % m,
    lambda i, k, m: k - 1 - i * k // m,
    lambda i, k, m: i // ((m + 1) // k),
    lambda i, k, m: round(i * (k - 1) / max(m - 1, 1)),
    lambda i, k, m: (m - 1 - i) * k // m,
    lambda i, k, m: int(np.searchsorted(np.linspace(0, m, k + 1)[1:], i)),
    lambda i, k, m: int(np.digitize(i, np.linspace(0, m, k + 1).astype(int)[1:-1])),
    lambda i, k, m: int(splits(m, k)[i]),
    lambda i, k, m: i * max(k, 2) // m,
    lambda i, k, m: k * (i // m),
]


def cell(i: int, k: int, m: int) -> int:
    """The right one."""
    return i * k // m


def windows(
    rule: Callable[..., Any] = cell, number: Callable[..., Any] = lambda a, b, k, m:
    a * k + b, first: Callable[..., Any] = lambda y, x, m: (y - m // 2, x - m // 2),
    place: Callable[..., Any] = lambda y, x, H, W: (y, x),
    on: Callable[..., Any] = lambda y, x, H, W: 0 <= y < H and 0 <= x < W,
) -> Callable[..., Any]:
    """An `assemble` with one thing in it that is wrong."""
    def wrong(maps: Any, m: int, centers: Any, fill: Any) -> Any:
        k, (_, H, W) = isqrt(len(maps)), maps.shape
        made = np.full((len(centers), m, m), fill, maps.dtype)
        for (n, center), i, j in product(enumerate(centers), range(m), range(m)):
            top, left = first(*center, m)
            y, x = place(top + i, left + j, H, W)
            if on(y, x, H, W):
                at = number(rule(i, k, m), rule(j, k, m), k, m)
                made[n, i, j] = maps[int(at) % len(maps), y % H, x % W]
        return made

    return wrong


INSIDE = [
    *(windows(each) for each in CELLS[:-2]),
    windows(number=lambda a, b, k, m: a * m + b),
    windows(number=lambda a, b, k, m: a * k + b + 1),
    windows(number=lambda a, b, k, m: (k - 1 - a) * k + b),
    windows(number=lambda a, b, k, m: k * k - 1 - a * k - b),
    windows(number=lambda a, b, k, m: a * k + (b if a % 2 == 0 else k - 1 - b)),
    windows(number=lambda a, b, k, m: max(a, b) * k + min(a, b)),
    windows(first=lambda y, x, m: (y - m // 2, x - m // 2 + 1)),
    windows(first=lambda y, x, m: (y - m // 2 + 1, x - m // 2)),
    windows(first=lambda y, x, m: (y - (m + 1) // 2, x - (m + 1) // 2)),
    windows(first=lambda y, x, m: (y - m + 1, x - m + 1)),
    windows(first=lambda y, x, m: (y - (m - 1) // 2, x - m // 2)),
]
BORDER = [
    windows(on=lambda y, x, H, W: y in range(1, H) and x in range(1, W)),
    windows(on=lambda y, x, H, W: 0 <= y < H and 0 <= x < W - 1),
    windows(on=lambda y, x, H, W: 0 <= y < H - 1 and 0 <= x < W),
    windows(on=lambda y, x, H, W: min(y, x) >= 0),
    windows(on=lambda y, x, H, W: 0 <= y < H),
    windows(on=lambda y, x, H, W: 0 <= x < W),
    windows(on=lambda y, x, H, W: True),
    windows(place=lambda y, x, H, W: (abs(y), abs(x))),
    windows(place=lambda y, x, H, W: (min(y, H - 1), min(x, W - 1))),
    windows(place=lambda y, x, H, W: (max(y, 0), max(x, 0))),
    windows(on=lambda y, x, H, W: 0 <= y < min(H, W) and 0 <= x < min(H, W)),
]
ONE = [one_window(each) for each in INSIDE]


def ways(values: list[Any]) -> Iterator[Callable[..., Any]]:
    """Functions that always answer the same."""
    for value in values:
        yield lambda *args, value=value: deepcopy(value)


def ring(layer: Any, image: Any, shift: int, frame: int, rows: Any, columns: Any,
         equal: Any = np.array_equal) -> bool:
    """`commutes` with other frames and other ways to be equal."""
    one, other = layer(image)[shift:], layer(image[shift:])
    return bool(equal(one[rows, columns], other[rows, columns]))


S = slice
FRAMES = {
    "top and left": lambda f: (S(f, None), S(f, None)),
    "bottom and right": lambda f: (S(None, -f), S(None, -f)),
    "left and right": lambda f: (S(None), S(f, -f)),
    "top": lambda f: (S(f, None), S(None)),
    "one only": lambda f: (S(1, -1), S(1, -1)),
    "one too thin": lambda f: (S(f - 1 or None, 1 - f or None),) * 2,
    "one too thick": lambda f: (S(f + 1, -f - 1), S(f + 1, -f - 1)),
    "three sides": lambda f: (S(f, -f), S(f, None)),
    "not left": lambda f: (S(f, -f), S(None, -f)),
    "the middle row": lambda f: (S(3, 4), S(2, 4)),
}
COMMUTES = [lambda layer, image, shift, frame, cut=cut:
            ring(layer, image, shift, frame, *cut(frame)) for cut in FRAMES.values()]
COMMUTES += [lambda layer, image, shift, frame, equal=equal: ring(
    layer, image, shift, frame, S(frame, -frame), S(frame, -frame), equal)
    for equal in (
    lambda a, b: abs(a - b).mean() <= 0.1,
    lambda a, b: abs(a - b).mean() <= 2,
    lambda a, b: np.allclose(a, b, rtol=0.2),
    lambda a, b: np.any(a == b),
    lambda a, b: np.mean(a == b) > 0.5,
    lambda a, b: a.sum() == b.sum(),
    lambda a, b: a.max() == b.max(),
    lambda a, b: a[0, 0] == b[0, 0],
    lambda a, b: (a[:, 0] == b[:, 0]).all(),
    lambda a, b: (a[-1] == b[-1]).all(),
    lambda a, b: not (a - b).sum(),
    lambda a, b: np.array_equal(np.sort(a, None), np.sort(b, None)),
)]


def multiples(step: Any, most: Any, first: Any = None) -> list[int]:
    """Multiples of a step up to a number."""
    return list(range(int(step if first is None else first), int(most) + 1, int(step)))


RULES: Wrong = {
    "spoiled": [
        lambda s: sum(x / 2 for x in s),
        lambda s: sum((x + 1) // 2 for x in s),
        lambda s: len(s) if max(s) < 4 else sum(s) // 2,
        lambda s: int(np.prod(s)) // 2,
        lambda s: sum(x // 2 for x in set(s)),
        lambda s: s[0] // 2 * len(s),
        lambda s: max(s) // 2 * len(s),
        lambda s: sum(x // 2 for x in s[1:]) + 1,
        lambda s: (sum(s) - 1) // 2,
        lambda s: sum(x // 3 for x in s),
        lambda s: [x // 2 for x in s],
        lambda s: sum(x // 2 for x in s[:3]),
    ],
    "commutes": COMMUTES,
    "commuting_shifts": [
        lambda s, most: multiples(np.prod(s), most)[:2],
        lambda s, most: multiples(s[-1], most),
        lambda s, most: multiples(s[0], most),
        lambda s, most: multiples(2 ** len(s), most),
        lambda s, most: multiples(np.prod(s), most)[::-1],
        lambda s, most: len(multiples(np.prod(s), most)),
        lambda s, most: set(multiples(np.prod(s), most)),
        lambda s, most: [np.prod(s) ** n for n in (1, 2) if np.prod(s) ** n <= most],
        lambda s, most: multiples(np.prod(s), most + 1) if most % 2 else [4, 8],
        lambda s, most: multiples(1, most, np.prod(s)),
        lambda s, most: multiples(s[0] * s[-1] if len(s) > 1 else s[0], most),
        lambda s, most: [int(np.prod(s)) * 2**n for n in range(2)],
        lambda s, most: str(multiples(np.prod(s), most)),
    ],
    "best_answer": [
        lambda a: 0,
        lambda a: 1.0,
        lambda a: max(a),
        lambda a: sum(a) / (len(a) + 1),
        lambda a: (sum(a) + 1) / (len(a) + 2),
        lambda a: round(sum(a) / len(a), 1),
        lambda a: np.mean(a) + 1e-4,
        lambda a: min(np.linspace(0, 1, 11), key=lambda p: sum((x - p)**2 for x in a)),
        lambda a: np.clip(np.mean(a), 0.01, 0.99),
        lambda a: len(a) - sum(a),
        lambda a: 1 - np.mean(a),
        lambda a: [np.mean(a)],
        lambda a: np.mean(a) ** 2,
        lambda a: np.sqrt(np.mean(a)),
    ],
    "halve": [
        lambda im: im[::2, ::2],
        lambda im: im[1::2, 1::2],
        lambda im: im[::2],
        lambda im: im[::2, ::2] + 0.5,
        lambda im: im.reshape(len(im) // 2, 2, -1, 2).mean((1, 3)),
        lambda im: im.reshape(len(im) // 2, 2, -1, 2).max((1, 3)),
        lambda im: im[im[0, 0] % 2::2, ::2],
        lambda im: im[im[::2].sum() < im[1::2].sum()::2, ::2],
        lambda im: im[::2, im[:, ::2].sum() < im[:, 1::2].sum()::2],
        lambda im: im[im[0].sum() > im[1].sum()::2, im[0, 0] > im[0, 1]::2],
        lambda im: im[: len(im) // 2, : im.shape[1] // 2],
        lambda im: np.zeros_like(im[::2, ::2]),
    ],
    "part": [
        *(lambda p, c, k, m, of=of: of(p[0] - c[0] + m // 2, k, m) * k
          + of(p[1] - c[1] + m // 2, k, m) for of in CELLS),
        lambda p, c, k, m: (p[0] - c[0] + m // 2) * k // m * m + p[1] * k // m,
        lambda p, c, k, m: cell(p[0] - c[0] + k // 2, k, m) * k + cell(p[1], k, m),
    ],
    "oracle": [
        lambda mask, parts, k: np.stack([mask & (parts == c) for c in range(k)]),
        lambda mask, parts, k: np.stack([mask & (parts == c + 1)
                                         for c in range(k * k)]),
        lambda mask, parts, k: np.stack([mask & (parts >= c) for c in range(k * k)]),
        lambda mask, parts, k: np.stack([mask & (parts != c) for c in range(k * k)]),
        lambda mask, parts, k: np.stack([mask | (parts == c) for c in range(k * k)]),
        lambda mask, parts, k: np.stack([mask ^ (parts == c) for c in range(k * k)]),
        lambda mask, parts, k: np.stack([~mask & (parts == c) for c in range(k * k)]),
        lambda mask, parts, k: np.stack([mask * parts == c for c in range(k * k)]),
        lambda mask, parts, k: np.stack([mask & (parts == c)
                                         for c in range(k * k)][::-1]),
        lambda mask, parts, k: np.stack([mask & (parts % k == c % k)
                                         for c in range(k * k)]),
        lambda mask, parts, k: np.stack([mask & (parts == c)
                                         for c in range(k * k)], -1),
        lambda mask, parts, k: np.stack([mask * parts * (parts == c)
                                         for c in range(k * k)]),
        lambda mask, parts, k: mask * parts,
    ],
    "restore": [
        lambda s, order: s[np.argsort(order)][::-1],
        lambda s, order: np.roll(s, 1, 0),
        lambda s, order: np.roll(s, -1, 0),
        lambda s, order: np.roll(s, order[0], 0),
        lambda s, order: s[np.argsort(order)[::-1]],
        lambda s, order: s[[0, *np.argsort(order)[1:]]],
        lambda s, order: s[order][order],
        lambda s, order: s[np.argsort(order)].swapaxes(1, 2),
        lambda s, order: s[np.argsort(order)] + 1,
        lambda s, order: s[np.argsort(order)][:4],
        lambda s, order: sorted(s[order].ravel().tolist()),
    ],
    "part_of": CELLS,
    "assemble_loop": ONE,
    "assemble_blocks": ONE,
    "assemble_whole": [*INSIDE, *BORDER],
    "assemble": [*INSIDE, *BORDER],
    "count_copies": [
        *map(counting, INSIDE[:-5]),
        lambda c, k, m, H, W: np.ones((k * k, H, W), int),
        lambda c, k, m, H, W: len(c) * np.ones((k * k, H, W), int),
        *(lambda c, k, m, H, W, of=of: of(counting(windows())(c, k, m, H, W))
          for of in (
            lambda n: n + 1, lambda n: n.sum(0), lambda n: n / n.sum(),
            lambda n: n[::-1], lambda n: np.minimum(n, 2), lambda n: n.swapaxes(1, 2))),
    ],
    "view_strides": [
        lambda k, m, c, y, x: (m // k * y, y, m // k * x, x, k * c, c),
        lambda k, m, c, y, x: (y, x, k * c + k * y, y, c + k * x, x),
        lambda k, m, c, y, x: (y, x, k * c + m * y, y, c + m * x, x),
        lambda k, m, c, y, x: (10, 1, k * 100 + m // k * 10, 10, 100 + m // k, 1),
        lambda k, m, c, y, x: (y, x, k * c, m // k * y, c, m // k * x),
        lambda k, m, c, y, x: (y, x, k * c + m // k * y, x, c + m // k * x, y),
        lambda k, m, c, y, x: (x, y, k * c + m // k * y, y, c + m // k * x, x),
        lambda k, m, c, y, x: (y, x, k * k * c + m // k * y, y, c + m // k * x, x),
        lambda k, m, c, y, x: (y, x, k * c + m // k * y, y, c + m // k * x),
        lambda k, m, c, y, x: (y, x, k * c + m // k * x, y, c + m // k * y, x),
        lambda k, m, c, y, x: (k * c + m // k * y, y, c + m // k * x, x),
        lambda k, m, c, y, x: (y, 1, k * c + m // k * y, y, c + m // k, 1),
    ],
}


def disc(y: int, x: int, r: int) -> np.ndarray:
    """A disc on the map of exercise 2.4."""
    rows, columns = np.ogrid[:32, :32]
    return (rows - y) ** 2 + (columns - x) ** 2 <= r * r


def box(y0: int, y1: int, x0: int, x1: int) -> np.ndarray:
    """A box on the map of exercise 2.4."""
    made = np.zeros((32, 32), bool)
    made[y0:y1, x0:x1] = True
    return made


RULES["fool"] = list(ways([
    [disc(8, 8, 4), disc(24, 24, 4)],
    [disc(8, 8, 4), disc(8, 12, 4)],
    [disc(8, 8, 2), disc(24, 24, 2)],
    [disc(8, 8, 4)],
    [disc(8, 8, 4), disc(24, 24, 4), disc(8, 24, 4)],
    [disc(8, 8, 4) * 2, disc(24, 24, 4) * 2],
    [disc(8, 8, 4) | disc(24, 8, 4), disc(8, 24, 4)],
    [disc(10, 9, 6), disc(10, 23, 6)],
    [box(4, 10, 4, 10), box(4, 10, 10, 16)],
    [box(4, 26, 4, 6), box(4, 26, 20, 22)],
    [box(0, 32, 0, 32), box(0, 0, 0, 0)],
    np.zeros((2, 32, 32), bool), np.ones((2, 32, 32), bool), assemble,
]))
