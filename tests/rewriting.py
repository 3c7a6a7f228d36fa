"""Random programs that are right: many ways to write the same few functions.

A program is a template with gaps; each gap is filled with one of many expressions that
mean the same. `Draw` is what hypothesis gives: a choice among some things.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import indent
from typing import Any

Draw = Callable[[Sequence[Any]], Any]
IMPORTS = """
import math
from itertools import product
import numpy as np
import torch
from ifcn_lab import Grid
"""
CELL = [
    "i * k // m", "int(i * k / m)", "(i * k - i * k % m) // m", "divmod(i * k, m)[0]",
    "math.floor(i * k / m)", "sum(i * k >= m * a for a in range(1, k))",
    "max(a for a in range(k) if a * m <= i * k)", "Grid(k, m).part_of[i]",
    "next(a for a in reversed(range(k)) if i * k >= a * m)",
    "np.searchsorted(Grid(k, m).edges, i, side='right') - 1",
    "[a for a in range(k) for _ in range(-(-a * m // k), -(-(a + 1) * m // k))][i]",
]
NUMBER = ["{}", "int({})", "np.int64({})", "np.array({})", "float({})",
          "torch.tensor(int({}))", "[{}][0]"]
CHANNEL = [
    "g(i) * k + g(j)", "g(j) + k * g(i)", "np.arange(k * k).reshape(k, k)[g(i), g(j)]",
    "np.ravel_multi_index((g(i), g(j)), (k, k))", "Grid(k, m).channel[i, j]",
    "list(product(range(k), repeat=2)).index((g(i), g(j)))",
]
HALF = ["m // 2", "(m >> 1)", "int(m / 2)", "(m - m % 2) // 2", "(m - (m + 1) // 2)"]
LOOPS = [
    "for i in range(m):\n    for j in range(m):\n        {}",
    "for j in range(m):\n    for i in range(m):\n        {}",
    "for i, j in np.ndindex(m, m):\n    {}",
    "for i, j in product(range(m), range(m)):\n    {}",
    "for p in range(m * m):\n    i, j = divmod(p, m)\n    {}",
    "for i in reversed(range(m)):\n    for j in range(m - 1, -1, -1):\n        {}",
]
EMPTY = [
    "np.zeros((m, m), maps.dtype)", "np.empty((m, m), maps.dtype)", "np.zeros((m, m))",
    "np.full((m, m), 0, dtype=maps.dtype)", "np.empty_like(maps, shape=(m, m))",
    "[[0] * m for _ in range(m)]", "np.zeros((m, m), maps.dtype, order='F')",
]
WINDOW = ["window", "np.array(window)", "torch.tensor(np.array(window))",
          "np.array(window).tolist()", "np.array(window).copy(order='F')"]
INSIDE = [
    "0 <= r < H and 0 <= c < W", "not (r < 0 or r >= H or c < 0 or c >= W)",
    "r in range(H) and c in range(W)", "min(r, c, H - 1 - r, W - 1 - c) >= 0",
    "r >= 0 and c >= 0 and r <= H - 1 and c <= W - 1",
]


def made(text: str, name: str) -> Callable[..., Any]:
    """The function that a program defines."""
    names: dict[str, Any] = {}
    exec(IMPORTS + text, names)
    return names[name]


def cell_function(draw: Draw) -> str:
    return f"def g(i):\n    return {draw(CELL)}\n"


def part_of(draw: Draw) -> str:
    """Exercise 3.1."""
    answer = draw(NUMBER).format(f"({draw(CELL)})")
    return f"def part_of(i, k, m):\n    return {answer}\n"


def body(name: str, arguments: str, *lines: str) -> str:
    """A function of these lines, each of which may be a block."""
    return f"def {name}({arguments}):\n" + indent("\n".join(lines), "    ") + "\n"


def window_loop(draw: Draw) -> str:
    """Exercise 3.2, pixel by pixel."""
    half, empty = draw(HALF), draw(EMPTY)
    place = "window[i][j]" if empty[0] == "[" else draw(["window[i, j]",
                                                         "window[i][j]"])
    r, c = draw([(f"y - {half} + i", f"x - {half} + j"),
                 (f"y + i - {half}", f"x + j - {half}")])
    loop = draw(LOOPS).format(f"{place} = maps[{draw(CHANNEL)}][{r}, {c}]")
    return body("assemble_loop", "maps, k, m, y, x", cell_function(draw),
                f"window = {empty}", loop, f"return {draw(WINDOW)}")


def window_whole(draw: Draw) -> str:
    """Exercise 3.2 or 3.3 without a loop over pixels."""
    half = draw(HALF)
    crop = f"crop = maps[:, y - {half} : y - {half} + m, x - {half} : x - {half} + m]"
    way = draw([
        "i, j = np.indices((m, m))\nwindow = crop[Grid(k, m).channel, i, j]",
        "window = np.take_along_axis(crop, Grid(k, m).channel[None], 0)[0]",
        "window = np.choose(Grid(k, m).channel, crop) if k < 5 else "
        "sum(np.where(Grid(k, m).channel == c, crop[c], 0) for c in range(k * k))",
        "window = sum(crop[c] * (Grid(k, m).channel == c) for c in range(k * k))",
        "e = Grid(k, m).edges\nwindow = np.block([[crop[a * k + b, e[a]:e[a + 1], "
        "e[b]:e[b + 1]] for b in range(k)] for a in range(k)])",
        "window = torch.gather(torch.tensor(crop), 0, "
        "torch.tensor(Grid(k, m).channel)[None])[0]",
    ])
    answer = "window" if "torch" in way else draw(WINDOW)
    return body("assemble_blocks", "maps, k, m, y, x", crop, way, f"return {answer}")


def assembler(draw: Draw) -> str:
    """A whole assemble(score_maps, m, centers, fill)."""
    start = "k = math.isqrt(len(maps))\n_, H, W = maps.shape\nwindows = []"
    window = draw([scalar_window, padded_window, masked_window, clipped_window])(draw)
    end = draw([
        "return np.array(windows)", "return np.stack(windows)", "return windows",
        "return torch.tensor(np.array(windows))", "return tuple(windows)",
        "return [torch.tensor(np.array(w)) for w in windows]",
        "out = np.empty((len(windows), m, m), maps.dtype)\n"
        "for n in reversed(range(len(windows))):\n    out[n] = windows[n]\nreturn out",
    ])
    steps = draw(["for y, x in centers:", "for n in range(len(centers)):\n"
                  "    y, x = int(centers[n][0]), int(centers[n, 1])",
                  "for y, x in np.asarray(centers).tolist():"])
    return body("assemble", "maps, m, centers, fill", start, cell_function(draw),
                steps, indent(f"{window}\nwindows.append(window)", "    "), end)


def scalar_window(draw: Draw) -> str:
    half = draw(HALF)
    pixel = (f"r, c = y - {half} + i, x - {half} + j\n"
             f"if {draw(INSIDE)}:\n    window[i, j] = maps[{draw(CHANNEL)}, r, c]")
    loop, depth = draw(LOOPS), "    "
    depth = loop.rsplit("\n", 1)[1].split("{")[0]
    return ("window = np.full((m, m), fill, maps.dtype)\n"
            + loop.format(pixel.replace("\n", "\n" + depth)))


def padded_window(draw: Draw) -> str:
    half = draw(HALF)
    wide = draw(["np.pad(maps, ((0, 0), (m, m), (m, m)), constant_values=fill)",
                 "np.pad(maps, [(0, 0), (m, m), (m, m)], 'constant', "
                 "constant_values=fill)"])
    crop = f"crop = wide[:, y + m - {half} :, x + m - {half} :][:, :m, :m]"
    copy = draw([
        "i, j = np.indices((m, m))\nwindow = crop[Grid(k, m).channel, i, j]",
        "window = np.array([[crop[g(i) * k + g(j), i, j] for j in range(m)] "
        "for i in range(m)])",
        "e = Grid(k, m).edges\nwindow = np.empty((m, m), maps.dtype)\n"
        "for a, b in product(range(k), range(k)):\n"
        "    s = np.s_[e[a]:e[a + 1], e[b]:e[b + 1]]\n"
        "    window[s] = crop[a * k + b][s]",
    ])
    return f"wide = {wide}\n{crop}\n{copy}"


def masked_window(draw: Draw) -> str:
    half = draw(HALF)
    return (f"i, j = np.indices((m, m))\nr, c = y - {half} + i, x - {half} + j\n"
            "on = (r >= 0) & (r < H) & (c >= 0) & (c < W)\n"
            "window = np.full((m, m), fill, maps.dtype)\n"
            "window[on] = maps[Grid(k, m).channel[on], r[on], c[on]]")


def clipped_window(draw: Draw) -> str:
    half = draw(HALF)
    return (f"r = np.arange(m)[:, None] + (y - {half})\n"
            f"c = np.arange(m)[None] + (x - {half})\n"
            "read = maps[Grid(k, m).channel, r.clip(0, H - 1), c.clip(0, W - 1)]\n"
            "off = (r != r.clip(0, H - 1)) | (c != c.clip(0, W - 1))\n"
            "window = np.where(off, np.array(fill, maps.dtype), read)")


def box_overlap(draw: Draw) -> str:
    """Exercise 6.2."""
    return body(
        "box_overlap", "a, b",
        draw(["ax, ay, aX, aY = a\nbx, by, bX, bY = b",
              "(ax, ay, aX, aY), (bx, by, bX, bY) = np.array(a), np.array(b)",
              "ax, ay, aX, aY, bx, by, bX, bY = [float(v) for v in (*a, *b)]"]),
        draw(["w = max(0, min(aX, bX) - max(ax, bx))",
              "w = np.clip(min(aX, bX) - max(ax, bx), 0, None)",
              "w = min(aX, bX) - max(ax, bx)\nw = w if w > 0 else 0",
              "w = max(min(aX - bx, bX - ax, aX - ax, bX - bx), 0)"]),
        draw(["h = max(0, min(aY, bY) - max(ay, by))",
              "h = len(range(int(max(ay, by)), int(min(aY, bY))))",
              "h = max(min(aY, bY), max(ay, by)) - max(ay, by)"]),
        draw(["u = (aX - ax) * (aY - ay) + (bX - bx) * (bY - by) - w * h",
              "u = np.prod([aX - ax, aY - ay]) - w * h + (bY - by) * (bX - bx)"]),
        draw(["return w * h / u", "return 1 - (u - w * h) / u", "return np.float64("
              "w * h / u)", "return torch.tensor(float(w * h / u)).double()",
              "return 1 / (u / (w * h)) if w * h else 0"]),
    )


def suppress(draw: Draw) -> str:
    """Exercise 6.3."""
    overlap = "expected_iou(boxes[i], boxes[j])"
    greedy = draw([
        f"for i in order:\n    if all({overlap} <= iou for j in kept):\n"
        "        kept.append(i)",
        f"for i in order:\n    if not any({overlap} > iou for j in kept):\n"
        "        kept += [int(i)]",
        f"for i in order:\n    if max([{overlap} for j in kept], default=0) <= iou:\n"
        "        kept.append(i)",
        "rest = list(order)\nwhile rest:\n    j = rest.pop(0)\n    kept.append(j)\n"
        f"    rest = [i for i in rest if not {overlap} > iou]",
        "gone = set()\nfor j in order:\n    if j in gone:\n        continue\n"
        f"    kept.append(j)\n    gone |= {{i for i in order if {overlap} > iou}}",
    ])
    return "from ifcn_course.check.proposals import expected_iou\n" + body(
        "suppress", "boxes, scores, iou",
        draw(["order = np.argsort(-scores, kind='stable')",
              "order = sorted(range(len(scores)), key=lambda i: -scores[i])",
              "order = np.lexsort((np.arange(len(scores)), -np.asarray(scores)))"]),
        "kept = []", greedy,
        draw(["return kept", "return np.array(kept)", "return tuple(kept)",
              "return torch.tensor([int(i) for i in kept])"]),
    )


def recall(draw: Draw) -> str:
    """Exercise 6.4."""
    way = draw([
        "return (overlap[:n].max(0) >= iou).mean()",
        "return (overlap[:n] >= iou).any(axis=0).mean()",
        "return float(np.mean(np.max(overlap[:n], axis=0) >= iou))",
        "return 1 - (overlap[:n] < iou).all(0).mean()",
        "return sum(max(column) >= iou for column in overlap[:n].T) / len(overlap.T)",
        "found = set(np.argwhere(overlap[:n] >= iou)[:, 1].tolist())\n"
        "return len(found) / overlap.shape[1]",
        "return torch.tensor(overlap[:n]).amax(0).ge(iou).double().mean()",
    ])
    return body("recall", "overlap, n, iou", way)


def count_copies(draw: Draw) -> str:
    """Exercise 5.4."""
    half = draw(HALF)
    pixel = (f"r, c = y - {half} + i, x - {half} + j\nif {draw(INSIDE)}:\n"
             f"    counts[{draw(CHANNEL)}, r, c] += 1")
    loop = draw(LOOPS)
    depth = loop.rsplit("\n", 1)[1].split("{")[0]
    scalar = loop.format(pixel.replace("\n", "\n" + depth))
    every = ("i, j = np.indices((m, m))\n"
             f"r, c = y - {half} + i, x - {half} + j\n"
             "on = (r >= 0) & (r < H) & (c >= 0) & (c < W)\n")
    way = draw([
        scalar,
        every + "counts[Grid(k, m).channel[on], r[on], c[on]] += 1",
        every + "np.add.at(counts, (Grid(k, m).channel[on], r[on], c[on]), 1)",
        "e = Grid(k, m).edges\nfor a, b in product(range(k), range(k)):\n"
        f"    t, l = y - {half}, x - {half}\n"
        "    counts[a * k + b, max(0, t + e[a]):max(0, t + e[a + 1]), "
        "max(0, l + e[b]):max(0, l + e[b + 1])] += 1",
    ])
    return body(
        "count_copies", "centers, k, m, H, W", cell_function(draw),
        draw(["counts = np.zeros((k * k, H, W), int)",
              "counts = np.zeros((k * k, H, W))",
              "counts = np.zeros((k * k, H, W), np.uint8)"]),
        draw(["for y, x in centers:", "for y, x in reversed(centers):"]),
        indent(way, "    "),
        draw(["return counts", "return counts.tolist()",
              "return torch.tensor(counts)"]),
    )


def label(draw: Draw) -> str:
    """Exercise 5.2."""
    start = "P, S = rule.center_tolerance, rule.scale_tolerance\n" \
            "N, T = rule.negative_center, rule.negative_scale"
    way = draw([
        "if distance <= P and octaves <= S:\n    return 1\n"
        "return 0 if distance >= N or octaves >= T else -1",
        "if distance >= N or octaves >= T:\n    return 0\n"
        "return 1 if distance <= P and octaves <= S else -1",
        "if not (distance > P or octaves > S):\n    return 1\n"
        "if distance < N and octaves < T:\n    return -1\nreturn 0",
        "if distance < N and octaves < T:\n"
        "    return 1 if distance <= P and octaves <= S else -1\nreturn 0",
        "return np.select([distance <= P and octaves <= S, distance >= N or "
        "octaves >= T], [1, 0], -1)",
        "return -1 + 2 * (distance <= P) * (octaves <= S) + "
        "max(distance >= N, octaves >= T)",
    ])
    return body("label", "distance, octaves, rule", start, way)
