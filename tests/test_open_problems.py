"""Checks of open problems, and of lessons 3 and 4: many answers pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from open_cases import said, stub
from torch import nn

from ifcn_course.check.assembling import lines_run
from ifcn_course.check.properties import Trial, judge
from ifcn_lab import assemble
from ifcn_lab.grid import Grid


def broken(*_: object) -> None:
    raise KeyError("nothing here")


OPEN = {"assemble_whole": "3.7", "slim_head": "4.5", "augment": "5.5",
        "rescore": "6.5", "take_apart": "7.7", "sharpen": "9.6",
        "group": "13.6", "spend": "14.7"}


@pytest.mark.parametrize("name", OPEN)
def test_what_is_not_begun_or_raises_or_returns_nothing_is_told_calmly(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exercise = f"Exercise {OPEN[name]}: "
    assert said(name, stub, capsys) == f"{exercise}not done yet.\n"
    assert said(name, lambda *_: None, capsys).startswith(
        f"{exercise}your function returned nothing for")
    told = said(name, broken, capsys)
    assert told.startswith(f"{exercise}stopped for ") and "KeyError: 'nothing" in told


@pytest.mark.parametrize("name", OPEN)
@pytest.mark.parametrize("junk", ["words", 7, [[1], [2, 3]], {"a": 1}, np.zeros(3)])
def test_no_return_value_breaks_a_check(
    name: str, junk: object, capsys: pytest.CaptureFixture[str]
) -> None:
    told = said(name, lambda *_: junk, capsys)
    assert re.match(rf"Exercise {OPEN[name]}: "
                    r"(not yet right|stopped|your function returned a .*) for ", told)


def test_the_verdict_says_where_the_learners_own_line_raised(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cell = compile("def f():\n    x = 1\n    return x / 0\n", "<cell 7>", "exec")
    names: dict[str, Any] = {}
    exec(cell, names)
    judge("Exercise 1.9", [Trial("n = 1", names["f"], lambda _: None)], "all is well")
    assert "stopped for n = 1 in line 3 of your cell." in capsys.readouterr().out


# lesson 3


def by_index(maps: Any, m: int, centers: Any, fill: Any) -> Any:
    _, H, W = maps.shape
    steps = np.arange(m) - m // 2
    y = centers[:, 0, None, None] + steps[:, None]
    x = centers[:, 1, None, None] + steps
    on = (y >= 0) & (y < H) & (x >= 0) & (x < W)
    channel = Grid(round(len(maps) ** 0.5), m).channel
    return np.where(on, maps[channel, y.clip(0, H - 1), x.clip(0, W - 1)], fill)


def by_offset(maps: Any, m: int, centers: Any, fill: Any) -> Any:
    """Pads by m and loops over the m * m offsets."""
    channel = Grid(round(len(maps) ** 0.5), m).channel
    padded = np.pad(maps, ((0, 0), (m, m), (m, m)), constant_values=fill)
    y, x = (centers - m // 2 + m).T
    out = np.empty((len(centers), m, m), maps.dtype)
    for i, j in np.ndindex(m, m):
        out[:, i, j] = padded[channel[i, j], y + i, x + j]
    return out


def by_window(maps: Any, m: int, centers: Any, fill: Any) -> Any:
    return np.stack([by_index(maps, m, each[None], fill)[0] for each in centers])


def clipped(maps: Any, m: int, centers: Any, fill: Any) -> Any:
    steps = np.arange(m) - m // 2
    y = (centers[:, 0, None, None] + steps[:, None]).clip(0, maps.shape[1] - 1)
    x = (centers[:, 1, None, None] + steps).clip(0, maps.shape[2] - 1)
    return maps[Grid(round(len(maps) ** 0.5), m).channel, y, x]


def transposed(maps: Any, m: int, centers: Any, fill: Any) -> Any:
    return by_index(maps, m, centers, fill).swapaxes(1, 2)


@pytest.mark.parametrize(
    "answer", [by_index, by_offset,
               lambda maps, m, c, fill: assemble(maps, m, centers=c, fill=fill)])
def test_windows_may_be_assembled_at_once_in_any_way(answer: Callable, capsys) -> None:
    assert "3.7: correct, the definition's scores" in said("assemble_whole", answer,
                                                           capsys)


@pytest.mark.parametrize(
    ("answer", "says"),
    [(by_window, "300 windows take"), (clipped, "places off the map are moved"),
     (transposed, "rows and columns of the window are"),
     (lambda *a: by_index(*a)[0], "Yours has shape (1, 1), expected is (1, 1, 1)")])
def test_wrong_or_looping_assemblers_are_told(
    answer: Callable, says: str, capsys
) -> None:
    assert says in said("assemble_whole", answer, capsys)


def test_lines_are_counted_wherever_the_loop_hides() -> None:
    loops = [lambda n: [i for i in range(n)],
             lambda n: list(map(lambda i: i, range(n))),
             lambda n: np.vectorize(lambda i: i)(np.arange(n))]
    for loop in loops:
        assert lines_run(loop, 500) - lines_run(loop, 10) >= 490
    assert lines_run(lambda n: np.arange(n) * 2, 500) == 1


# lesson 4


def thin(layer: Any, rank: int = 6) -> Any:
    maps, channels = layer.weight.shape[:2]
    matrix = layer.weight.detach().permute(0, 2, 3, 1).reshape(-1, channels)
    U, S, V = torch.linalg.svd(matrix, full_matrices=False)
    first = nn.Conv2d(channels, rank, 1, bias=False)
    second = nn.Conv2d(rank, maps, 3, padding=1)
    first.weight.data = V[:rank, :, None, None]
    both = (U[:, :rank] * S[:rank]).reshape(maps, 3, 3, rank)
    second.weight.data = both.permute(0, 3, 1, 2)
    second.bias.data = layer.bias.data
    return nn.Sequential(first, second)


def row_and_column(layer: Any, rank: int = 10) -> Any:
    maps, channels = layer.weight.shape[:2]
    matrix = layer.weight.detach().permute(0, 2, 1, 3).reshape(maps * 3, channels * 3)
    U, S, V = torch.linalg.svd(matrix, full_matrices=False)
    row = nn.Conv2d(channels, rank, (1, 3), padding=(0, 1), bias=False)
    column = nn.Conv2d(rank, maps, (3, 1), padding=(1, 0))
    row.weight.data = V[:rank].reshape(rank, channels, 1, 3)
    both = (U[:, :rank] * S[:rank]).reshape(maps, 3, rank)
    column.weight.data = both.permute(0, 2, 1)[..., None]
    column.bias.data = layer.bias.data
    return nn.Sequential(row, column)


def pruned(layer: Any) -> Any:
    weight = layer.weight.data
    weight[weight.abs() < weight.abs().flatten().quantile(0.76)] = 0
    return layer


def middle(layer: Any) -> Any:
    one = nn.Conv2d(32, 25, 1)
    one.weight.data, one.bias.data = layer.weight.data[:, :, 1:2, 1:2], layer.bias.data
    return one


@pytest.mark.parametrize("answer", [thin, row_and_column, pruned])
def test_a_head_may_be_made_slim_in_any_way(answer: Callable, capsys) -> None:
    assert "4.5: correct" in said("slim_head", answer, capsys)


@pytest.mark.parametrize(
    ("answer", "says"),
    [(lambda layer: layer, "Yours has 7,200 weights of 7,200; at most 1,800"),
     (middle, "at least 0.9 is asked"), (lambda layer: thin(layer, 2), "mean IoU"),
     (lambda layer: nn.Conv2d(32, 25, 3), "yours makes (1, 25, 6, 7)"),
     (lambda layer: layer.weight, "yours is of type Parameter")])
def test_a_head_that_will_not_do_is_told_why(
    answer: Callable, says: str, capsys
) -> None:
    assert says in said("slim_head", answer, capsys)


@pytest.mark.parametrize(
    ("answer", "says"),
    [(lambda k, m, a, b: max(0, m - k * abs(a)) / (m - abs(a))
      * max(0, m - k * abs(b)) / (m - abs(b)), "correct, all 8 cases agree."),
     (lambda k, m, a, b: (m - k * abs(a)) * (m - k * abs(b))
      / ((m - abs(a)) * (m - abs(b))), "below 0 for long steps"),
     (lambda k, m, a, b: max(0, m - k * a) * max(0, m - k * b)
      / ((m - a) * (m - b)), "take the absolute value"),
     (lambda k, m, a, b: ((m - k) / (m - 1)) ** 2, "not yet right"),
     (stub, "not done")])
def test_the_share_of_any_step(answer: Callable, says: str, capsys) -> None:
    assert says in said("step_share", answer, capsys)
