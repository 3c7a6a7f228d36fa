"""No wrong program is called right: every small change of a right one is tried.

A mutant is a right program with one operator, number, name or comparison changed. Where
it differs from the definition on any of many inputs, its check has to say so.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ifcn_course.check.answers import Case, alike, answer_of, silence
from ifcn_course.check.proposals import share_found
from ifcn_course.check.training import copies
from ifcn_lab.assembling import assemble
from ifcn_lab.grid import Grid
from ifcn_lab.layers.nms import nms_pairwise, pair_iou
from ifcn_lab.windows.labels import WindowRule
from tests.museum_cases import Solution, asked, solutions
from tests.rewriting import made

RIGHT = {
    "part_of": "def part_of(i, k, m):\n    return i * k // m\n",
    "assemble_loop": """
def assemble_loop(maps, k, m, y, x):
    window = np.zeros((m, m), maps.dtype)
    for i in range(m):
        for j in range(m):
            c = (i * k // m) * k + j * k // m
            window[i, j] = maps[c, y - m // 2 + i, x - m // 2 + j]
    return window
""",
    "assemble": """
def assemble(maps, m, centers, fill):
    k = int(len(maps) ** 0.5)
    _, H, W = maps.shape
    windows = np.full((len(centers), m, m), fill, maps.dtype)
    for n, (y, x) in enumerate(centers):
        for i in range(m):
            for j in range(m):
                r, c = y - m // 2 + i, x - m // 2 + j
                if 0 <= r < H and 0 <= c < W:
                    windows[n, i, j] = maps[(i * k // m) * k + j * k // m, r, c]
    return windows
""",
    "count_copies": """
def count_copies(centers, k, m, H, W):
    counts = np.zeros((k * k, H, W), int)
    for y, x in centers:
        for i in range(m):
            for j in range(m):
                r, c = y - m // 2 + i, x - m // 2 + j
                if 0 <= r < H and 0 <= c < W:
                    counts[(i * k // m) * k + j * k // m, r, c] += 1
    return counts
""",
    "box_overlap": """
def box_overlap(a, b):
    w = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    h = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    first = (a[2] - a[0]) * (a[3] - a[1])
    second = (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (first + second - w * h)
""",
    "suppress": """
from ifcn_lab.layers.nms import pair_iou
def suppress(boxes, scores, iou):
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if all(pair_iou(boxes[i], boxes[j]) <= iou for j in kept):
            kept.append(i)
    return kept
""",
    "recall": """
def recall(overlap, n, iou):
    best = overlap[:n].max(0)
    return (best >= iou).mean()
""",
    "label": """
def label(distance, octaves, rule):
    if distance <= rule.center_tolerance and octaves <= rule.scale_tolerance:
        return 1
    far = distance >= rule.negative_center
    return 0 if far or octaves >= rule.negative_scale else -1
""",
}
SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Div,
         ast.Div: ast.Mult, ast.LtE: ast.Lt, ast.Lt: ast.LtE, ast.GtE: ast.Gt,
         ast.And: ast.Or, ast.Or: ast.And}
NAMES = {"i": "j", "j": "i", "y": "x", "x": "y", "k": "m", "m": "k", "H": "W", "W": "H",
         "r": "c", "c": "r", "a": "b", "b": "a", "min": "max", "max": "min",
         "any": "all", "all": "any", "first": "second", "w": "h",
         "distance": "octaves", "octaves": "distance", "n": "len(overlap)"}


def places(text: str) -> list[tuple[int, Callable[[Any], None]]]:
    """All that can be changed: the number of a node, and the change."""
    nodes = enumerate(ast.walk(ast.parse(text)))
    return [(number, change) for number, node in nodes for change in changes(node)]


def changed(text: str, number: int, change: Callable[[Any], None]) -> str:
    """The program with one node changed."""
    tree = ast.parse(text)
    change(list(ast.walk(tree))[number])
    return ast.unparse(tree)


def changes(node: ast.AST) -> Iterator[Callable[[Any], None]]:
    """What can be changed about one node."""
    if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPS:
        yield lambda it: setattr(it, "op", SWAPS[type(it.op)]())
    if isinstance(node, ast.Compare):
        for at, sign in enumerate(node.ops):
            if type(sign) in SWAPS:
                new = SWAPS[type(sign)]
                yield lambda it, at=at, new=new: it.ops.__setitem__(at, new())
    if isinstance(node, ast.Constant) and type(node.value) is int:
        for step in (1, -1):
            yield lambda it, step=step: setattr(it, "value", it.value + step)
    read = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    if read and node.id in NAMES:
        yield lambda it: setattr(it, "id", NAMES[it.id])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield lambda it: setattr(it, "op", ast.UAdd())


@cache
def many_inputs(name: str) -> tuple[Case, ...]:
    """Inputs by the dozen, with what the definition gives; small ones among them."""
    rng = np.random.default_rng(0)
    makers: dict[str, Callable[[np.random.Generator], tuple[Sequence[Any], Any]]] = {
        "part_of": some_part, "assemble_loop": some_window, "assemble": some_windows,
        "count_copies": some_counts, "box_overlap": some_boxes,
        "suppress": some_ranking, "recall": some_recall, "label": some_label,
    }
    found = (makers[name](rng) for _ in range(400 if name == "part_of" else 60))
    return tuple(Case("", tuple(args), expected) for args, expected in found)


def some_part(rng: np.random.Generator) -> tuple[Sequence[Any], Any]:
    k = int(rng.integers(1, 8))
    m = int(rng.integers(k, 25))
    i = int(rng.integers(m))
    return (i, k, m), int(Grid(k, m).part_of[i])


def some_window(rng: np.random.Generator) -> tuple[Sequence[Any], Any]:
    k = int(rng.integers(1, 4))
    m = int(rng.integers(k, 8))
    H, W = (rng.integers(m, m + 5, 2)).tolist()
    y, x = (int(rng.integers(m // 2, side - m + m // 2 + 1)) for side in (H, W))
    maps = rng.permutation(k * k * H * W).reshape(k * k, H, W)
    return (maps, k, m, y, x), assemble(maps, m, centers=[(y, x)], backend="loop")[0]


def some_windows(rng: np.random.Generator) -> tuple[Sequence[Any], Any]:
    k = int(rng.integers(1, 4))
    m = int(rng.integers(k, 8))
    H, W = rng.integers(1, 9, 2).tolist()
    centers = np.stack([rng.integers(H, size=3), rng.integers(W, size=3)], axis=1)
    maps = rng.permutation(k * k * H * W).reshape(k * k, H, W) + 1
    expected = assemble(maps, m, centers=centers, fill=-1, backend="loop")
    return (maps, m, centers, -1), expected


def some_counts(rng: np.random.Generator) -> tuple[Sequence[Any], Any]:
    k = int(rng.integers(1, 4))
    m = int(rng.integers(k, 8))
    H, W = rng.integers(1, 9, 2).tolist()
    centers = np.stack([rng.integers(H, size=3), rng.integers(W, size=3)], axis=1)
    return (centers.tolist(), k, m, H, W), copies(centers, k, m, (H, W))


def some_boxes(rng: np.random.Generator) -> tuple[Sequence[Any], Any]:
    corner, size = rng.integers(0, 6, (2, 2)), rng.integers(1, 6, (2, 2))
    a, b = (tuple(row) for row in np.hstack([corner, corner + size]).tolist())
    return (a, b), pair_iou(np.array(a), np.array(b))


def some_ranking(rng: np.random.Generator) -> tuple[Sequence[Any], Any]:
    boxes = np.zeros((6, 4), int)
    boxes[:, 0] = rng.integers(0, 12, 6)
    boxes[:, 2:] = boxes[:, :2] + 6
    scores, iou = rng.permutation(6) / 7, float(rng.choice([0.2, 0.5, 0.7]))
    return (boxes, scores, iou), nms_pairwise(boxes, scores, iou)


def some_recall(rng: np.random.Generator) -> tuple[Sequence[Any], Any]:
    overlap, n = rng.integers(0, 11, (4, 3)) / 10, int(rng.integers(1, 5))
    iou = float(rng.integers(1, 11) / 10)
    return (overlap, n, iou), share_found(overlap, n, iou)


def some_label(rng: np.random.Generator) -> tuple[Sequence[Any], Any]:
    rule = WindowRule(center_tolerance=0.1, scale_tolerance=0.3, negative_center=0.2,
                      negative_scale=1.0)
    d, o = rng.choice([0, 0.1, 0.15, 0.2, 0.3]), rng.choice([0, 0.3, 0.6, 1.0, 1.2])
    off = d >= 0.2 or o >= 1.0
    return (float(d), float(o), rule), 1 if d <= 0.1 and o <= 0.3 else -(not off) or 0


def differs(name: str, function: Callable[..., Any]) -> bool:
    """Whether a function is wrong on any of many inputs."""
    with silence():
        answers = ((answer_of(function, case), case) for case in many_inputs(name))
        return any(a.values is None or not alike(a, a._replace(
            values=np.array(case.expected))) for a, case in answers)


def called_right(name: str, function: Callable[..., Any]) -> bool:
    """Whether all cases of the check agree; `report` says "correct" then, else not."""
    cases, agree, *_ = asked(name)
    return all(answer.values is not None and agree(answer.values, np.array(c.expected))
               for answer, c in zip(asked(name).answers(function), cases, strict=True))


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_the_program_that_is_changed_is_right(name: str) -> None:
    function = made(RIGHT[name], name)
    assert called_right(name, function) and not differs(name, function)


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_a_wrong_program_is_never_called_right(name: str) -> None:
    texts = [changed(RIGHT[name], *place) for place in places(RIGHT[name])]
    tried = [(text, made(text, name)) for text in texts]
    wrong = [(text, f) for text, f in tried if differs(name, f)]
    assert len(wrong) >= 4
    assert [text for text, function in wrong if called_right(name, function)] == []


THE_SAME = {
    ("view_strides", "c = m // k", "c = m / k"),  # 6 / 2 is 3.0, which equals 3
    ("polygon_area", "(-1, 2)", "(-2, 2)"),  # NumPy works out any negative length
    ("assemble", "y.clip(0,", "y.clip(-1,"),  # what is read there is not used
    ("assemble", "x.clip(0,", "x.clip(-1,"),
    ("assemble_whole", "y.clip(0,", "y.clip(-1,"),
    ("assemble_whole", "x.clip(0,", "x.clip(-1,"),
    # Any number that is no object's will do beside the row, and of the ground it is
    # not asked whether it begins or ends.
    ("ends", "[-1, *row", "[-2, *row"), ("ends", "[-1, *row", "[-0, *row"),
    ("ends", "*row, -1]", "*row, -2]"), ("ends", "*row, -1]", "*row, -0]"),
    ("better_at", "range(50, 100, 5)", "range(50, 99, 5)"),  # both end with 95
}
"""Changes of a lesson's solution that change no answer."""


@pytest.mark.parametrize("name", sorted({*solutions()} - {"copy_one", "copy_all"}))
def test_no_small_change_of_a_lessons_solution_is_called_right(name: str) -> None:
    solved, survive = solutions()[name], []
    plain = ast.unparse(ast.parse(solved.text))
    same = [(old, new) for check, old, new in THE_SAME if check == name]
    for place in places(solved.text):
        text = changed(solved.text, *place)
        harmless = any(text == plain.replace(old, new) for old, new in same)
        if not harmless and called_right(name, made_or_raising(solved, text)):
            survive.append(text)
    assert survive == [], "add a case that tells, or list the change in THE_SAME"


def made_or_raising(solved: Solution, text: str) -> Callable[..., Any]:
    try:
        return solved.made(text)
    except Exception:  # a cell that stops is no right answer
        return lambda *args: None


@pytest.mark.parametrize("name", ["assemble", "count_copies"])
@settings(max_examples=40, derandomize=True,
          suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nor_is_one_with_two_things_changed(name: str, data: st.DataObject) -> None:
    text = RIGHT[name]
    for _ in range(2):
        every = places(text)
        text = changed(text, *every[data.draw(st.integers(0, len(every) - 1))])
    function = made(text, name)
    assert not (called_right(name, function) and differs(name, function)), text
