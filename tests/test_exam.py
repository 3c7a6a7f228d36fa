"""The bank of questions, the papers drawn from it, and their keys."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from pathlib import Path
from textwrap import indent

import numpy as np
import pytest

from ifcn_course.assignment.variant import Draws
from ifcn_course.cli import exam
from ifcn_course.contents import LESSONS
from ifcn_course.exam.bank import (
    Asking,
    lesson_03,
    lesson_06,
    lesson_07,
    lessons,
    of_lesson,
)
from ifcn_course.exam.paper import html, markdown, paper, with_numbers
from ifcn_course.exam.question import Question
from ifcn_lab.assembling import assemble
from ifcn_lab.layers.nms import nms_pairwise, pair_iou

BANK = [(lesson, asking) for lesson in lessons() for asking in of_lesson(lesson)]
each_question = pytest.mark.parametrize(
    "asking", [asking for _, asking in BANK], ids=[one.__name__ for _, one in BANK])


def kinds(one: Question) -> set[str]:
    return {one.kind, "figure"} if one.figure else {one.kind}


def test_every_lesson_has_all_kinds_of_questions() -> None:
    assert len(BANK) >= 30 and lessons() == sorted(LESSONS)
    for lesson in lessons():
        found = [kinds(with_numbers(asking, "any")) for asking in of_lesson(lesson)]
        assert {"figure", "calculation", "fault"} <= set().union(*found), lesson
    assert len({asking.__name__ for _, asking in BANK}) == len(BANK)


@each_question
def test_a_question_has_variants_and_one_right_answer(asking: Asking) -> None:
    made = [with_numbers(asking, f"seed {n}") for n in range(25)]
    assert len({(one.ask, one.answer, one.code, one.figure) for one in made}) >= 3
    assert made[0] == with_numbers(asking, "seed 0")
    for one in made:
        assert one.answer and one.why and one.answer not in one.wrong
        assert one.kind == "fault" or one.wrong
        assert " cell" not in f"{one.ask} {one.answer} {one.why} {one.wrong}"
        assert bool(one.figure) == ("aria-label" in one.figure)


def lines_of(asking: Asking, seed: int) -> tuple[str, str]:
    """The right lines of a question, and those with the fault."""
    one = with_numbers(asking, f"seed {seed}")
    number = int(one.answer.removeprefix("Line "))
    right = one.why.rpartition("Right: `")[2].removesuffix("`.")
    lines = one.code.splitlines()
    wrong = lines[number - 1]
    lines[number - 1] = wrong[:len(wrong) - len(wrong.lstrip())] + right
    return "\n".join(lines), one.code


def result_of(code: str, name: str, **given: object) -> object:
    """What lines return, or leave in a name; an error is a result, too."""
    body = code if "return " in code else f"{code}\nreturn {name}"
    names = {"np": np, "iou": pair_iou, **given}
    exec("def f():\n" + indent(body, "    "), names)
    try:
        return np.asarray(names["f"]()).tolist()
    except (IndexError, TypeError) as error:
        return str(error)


@pytest.mark.parametrize("seed", range(6))
def test_lines_with_a_fault_go_wrong_and_without_it_right(seed: int) -> None:
    maps = np.random.default_rng(seed).integers(99, size=(9, 8, 11))
    window = dict(m=7, k=3, y=1, x=9, H=8, W=11, fill=-1, maps=maps)
    boxes = np.array([[0, 0, 9, 9], [1, 0, 9, 9], [3, 0, 12, 9], [30, 0, 39, 9.0]])
    scores = np.array([0.5, 0.9, 0.8, 0.1])
    sorting = dict(boxes=boxes, scores=scores, limit=0.5)
    truths = [
        (lesson_03.loops, window,
         assemble(maps, 7, centers=[(1, 9)], fill=-1)[0].tolist()),
        (lesson_06.greedy, sorting, nms_pairwise(boxes, scores, 0.5)),
        (lesson_07.decoding, dict(counts=[1, 2, 3], h=2, w=3),
         [[False, True, False], [True, False, False]])]
    for asking, given, truth in truths:
        right, wrong = lines_of(asking, seed)
        assert result_of(right, "window", **given) == truth
        assert result_of(wrong, "window", **given) != truth


def test_some_answers_by_hand() -> None:
    assert lesson_07.runs(np.array([0, 1, 1, 0])) == [1, 2, 1]
    one = lesson_03.part_heights(Draws("any"))
    k, m = map(int, re.findall(r"\d+", one.ask)[:2])
    assert [int(n) for n in one.answer.split(", ")] == [
        sum(i * k // m == a for i in range(m)) for a in range(k)]


def test_a_paper_lasts_an_hour_and_holds_no_answer() -> None:
    one = paper(lessons(), 2027, "a word")
    assert 56 <= one.minutes <= 60 and {e.lesson for e in one.questions} == {*lessons()}
    for printed in (html(one), markdown(one)):
        assert "Right:" not in printed and "Not:" not in printed
        for each in one.questions:
            assert each.question.why not in printed
    key = markdown(one, key=True)
    for each in one.questions:
        assert each.right.rstrip(".") in key and each.question.why in key
    places = {each.options.index(each.question.answer)
              for seed in range(6) for each in paper(lessons(), seed).questions
              if each.options}
    assert places == {0, 1, 2, 3}


def test_versions_ask_the_same_with_other_numbers() -> None:
    a, b = (paper([2, 3, 5], 7, minutes=30, version=name) for name in "AB")
    assert [e.lesson for e in a.questions] == [e.lesson for e in b.questions]
    assert sum(one.question.answer != other.question.answer for one, other in
               zip(a.questions, b.questions, strict=True)) > len(a.questions) / 2
    assert paper([2], 7, "word") != paper([2], 7, "other") != paper([2], 7)


def run(line: str) -> int:
    parser = ArgumentParser()
    exam.add_options(parser)
    return exam.run(parser.parse_args(line.split()))


def test_the_command_keeps_the_key_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"--seed 7 --lessons 3 8 --minutes 30 --versions 2 --out {tmp_path}/exam"
    assert run(line) == 0
    assert "exam_7_A.html  (for students" in capsys.readouterr().out
    mine, theirs = tmp_path / "exam_key", tmp_path / "exam"
    assert {path.name for path in mine.glob("*.html")} == {
        "exam_7_A_key.html", "exam_7_B_key.html"}
    text = (theirs / "exam_7_B.md").read_text("utf-8")
    named = re.findall(r"\]\((.*\.svg)\)", text)
    assert named and all((theirs / name).exists() for name in named)
    with pytest.raises(FileExistsError, match="--force"):
        run(line)
    with pytest.raises(ValueError, match="lies in --out"):
        run(f"{line} --key {theirs}/key")
    with pytest.raises(ValueError, match="--minutes 1"):
        run(f"--seed 7 --minutes 1 --out {tmp_path}/none")


def test_the_command_is_one_of_ifcn_lab() -> None:
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8")
    assert 'exam = "ifcn_course.cli.exam"' in text
