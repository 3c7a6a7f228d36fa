"""Pairs of answers that are alike beyond what the handout explains."""

from __future__ import annotations

import inspect
import random
import re
from collections.abc import Callable, Sequence
from textwrap import dedent

from assignment_cases import made

from ifcn_course.check import rewrites
from ifcn_course.grading.likeness import Alike, alike, prints
from ifcn_course.grading.pages import index_page
from ifcn_course.grading.results import Result

KEY = made(3, 2027).key
PLACES = ("top = y - m // 2", "top = y - (m // 2)", "top = -(m // 2) + y",
          "top = y - int(m / 2)")
LOOPS = ("for i in range(m):\n        for j in range(m):", "for i, j in np.ndindex(m, "
                                                           "m):",
         "for n in range(m * m):\n        i, j = divmod(n, m)",
         "for j in range(m):\n        for i in range(m):")
ROWS = ("a = i * k // m\n        b = j * k // m", "a, b = i * k // m, j * k // m",
        "b = j * k // m\n        a = i * k // m",
        "a = int(i * k / m)\n        b = int(j * k / m)")
COPIES = ("window[i, j] = maps[map_of(i, j, k, m), top + i, left + j]",
          "score = maps[map_of(i, j, k, m)]\n        window[i, j] = score[top + i, "
          "left + j]",
          "window[i][j] = maps[map_of(i, j, k, m)][top + i][left + j]",
          "number = map_of(i, j, k, m)\n        window[i, j] = maps[number, i + top, j "
          "+ left]")


EMPTY = ("np.zeros((m, m))", "np.full((m, m), 0)", "np.zeros([m, m], maps.dtype)",
         "np.empty((m, m), int)", "np.zeros((m, m), dtype=int)")
CHECKS = ("", "    assert len(maps) == k * k\n", "    kk, h, w = maps.shape\n",
          "    size = maps.shape[1:]\n", "    maps = np.asarray(maps)\n")


def written(seed: int) -> list[str]:
    """One student's cells: two functions, each put together from ways to say it."""
    draw = random.Random(seed).choice
    return ["import numpy as np", *(function(head, draw) for head in (
        "assemble_loop(maps, k, m, y, x)", "assemble_filled(maps, k, m, y, x, fill)"))]


def function(head: str, draw: Callable[[Sequence[str]], str]) -> str:
    """One function, put together from ways to say it."""
    left = draw(PLACES).replace("top", "left").replace("y", "x")
    inside = draw(LOOPS)
    deep = "            " if inside.count("for") == 2 else "        "
    body = f"{draw(ROWS)}\n        {draw(COPIES)}".replace("        ", "").splitlines()
    lines = "\n".join(deep + line for line in body)
    return (f"def {head}:\n{draw(CHECKS)}    {draw(PLACES)}\n    {left}\n{draw(CHECKS)}"
            f"    window = {draw(EMPTY)}\n    {inside}\n{lines}\n    return window")


def students(cells: dict[str, Sequence[str]]) -> list[Result]:
    return [Result(name, "a.ipynb", name, (), prints=prints(own))
            for name, own in cells.items()]


def renamed(cells: list[str]) -> list[str]:
    """The same answers with other names, comments and layout."""
    other = {"top": "first", "left": "second", "window": "out", "i": "p", "j": "q"}
    text = "\n\n# mine\n".join(cells)
    for old, new in other.items():
        text = re.sub(rf"\b{old}\b", new, text)
    return [text.replace(" = ", "  =  ")]


def test_of_300_students_the_two_who_share_their_answers_are_named() -> None:
    cells = {f"student {n}": written(n) for n in range(299)}
    cells["the other"] = renamed(cells["student 7"])
    found = alike(students(cells), KEY)
    assert [sorted(pair[:2]) for pair in found[:1]] == [["student 7", "the other"]]
    assert len(found) == 1


def test_right_programs_that_were_written_apart_are_not_alike() -> None:
    sources = {name: dedent(inspect.getsource(one)) for name, one in
               inspect.getmembers(rewrites, inspect.isfunction)
               if one.__module__ == rewrites.__name__}
    assert len(sources) > 5
    assert alike(students({name: [text] for name, text in sources.items()}), KEY) == []


def test_what_the_handout_holds_is_no_likeness() -> None:
    solved = [one.solution for one in KEY.functions]
    assert alike(students({"Ada": solved, "Bob": solved}), KEY) == []
    stubs = [task.stub(n) for n, task in enumerate(made(3, 2027).sheet.tasks, 1)]
    assert alike(students({"Ada": stubs, "Bob": stubs}), KEY) == []


def test_cells_that_are_no_python_are_passed_over() -> None:
    assert prints(["def f(:", "%%html\n<b>", "x = " + "(" * 5000, "\0"]) == ()
    assert prints(["%matplotlib inline\ndef f(a):\n    return a"]) != ()


def test_the_list_says_look_and_accuses_nobody() -> None:
    cells = written(3) + written(4) + ["def more(a):\n" + "".join(
        f"    b{n} = a + {n * n}\n" for n in range(12)) + "    return b1"]
    both = students({"Ada": cells, "<Bob>": renamed(cells)})
    [pair] = alike(both, KEY)
    assert isinstance(pair, Alike) and "helpers" in pair.functions
    page = index_page(both, KEY)
    assert "Look at these two" in page and "&lt;Bob&gt;" in page
    assert not re.search("cheat|copied|plagiar", page)
    assert "Look at these two" not in index_page(both[:1], KEY)
