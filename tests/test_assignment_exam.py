"""What a student can do who has the package and the handout, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from assignment_cases import code_of, made, namespace_of, total, words_of

from ifcn_course.assignment.handout import assignment
from ifcn_course.assignment.key import read_key
from ifcn_course.assignment.numbering import NUMBERINGS, SHUFFLED
from ifcn_course.assignment.tasks import tasks_of
from ifcn_course.assignment.variant import WORK, Draws, Variant, stretched
from ifcn_course.contents import LESSONS
from ifcn_lab.__main__ import main

EXAM = Path(__file__).with_name("exam_tasks.py")


def solved_by_the_package(handout: str) -> list[str]:
    """The solutions of lesson 3 that the package holds, for what a handout shows."""
    words = words_of(handout)
    k, m = map(int, re.search(r"K, M = (\d+), (\d+)", words).groups())
    scene = int(re.search(r"scenes\.make\((\d+)\)", words)[1])
    named = [n for n, rule in NUMBERINGS.items() if f"**{rule.words}**" in words]
    order = NUMBERINGS[named[0]].table(k).ravel() if named else \
        eval(re.search(r"ORDER = (\[.*?\])", words, re.S)[1])
    seen = Variant(3, 0, k, m, named[0] if named else SHUFFLED,
                   tuple(map(int, order)), scene, Draws("a guess"))
    return [task.solution for task in tasks_of(3)[1](seen).tasks]


@pytest.mark.parametrize("seed", [1, 2, 3, 2027])
def test_the_package_solves_a_practice_handout_whatever_the_secret(seed: int) -> None:
    one = assignment(3, seed, "a word that nobody guesses")
    names = namespace_of([*code_of(one.handout()),
                          *solved_by_the_package(one.handout())])
    # Only the number that is drawn for sum_of_window has to be copied by hand.
    assert total(one.key, names) >= one.key.points - 2


def test_the_package_alone_solves_nothing_of_an_exam() -> None:
    one = assignment(EXAM, 2027, "a word")
    cells = code_of(one.handout())
    for lesson in LESSONS:
        names = namespace_of(cells)
        for task in made(lesson, 2027).sheet.tasks:
            exec(task.solution, names)
        assert total(one.key, names) == 0
    wrong = assignment(EXAM, 2027)      # with the file, without the word
    assert wrong.key.variant != one.key.variant
    assert total(one.key, namespace_of(code_of(wrong.solutions()))) == 0
    assert total(one.key, namespace_of(code_of(one.solutions()))) == one.key.points == 4


def test_an_exams_solutions_lie_with_the_lecturer_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, safe = tmp_path / "out", tmp_path / "safe"
    line = ["assignment", "--exam", str(EXAM), "--seed", "7", "--out", str(out),
            "--key", str(safe), "--secret", "a word", "--solutions"]
    assert main(line) == 0
    assert [path.name for path in out.iterdir()] == ["exam_tasks_7.ipynb"]
    assert "a * " not in (out / "exam_tasks_7.ipynb").read_text("utf-8")
    assert "Practice, not an exam" not in capsys.readouterr().out
    key = read_key(safe / "exam_tasks_7.key.json")
    assert [one.name for one in key.functions] == ["tilted", "tilted_sum"]


@pytest.mark.parametrize(("text", "says"), [
    ("import nothing_of_the_kind", "no tasks (ModuleNotFoundError"),
    ("def leaf(variant): ...", "no tasks (KeyError: 'sheet')"),
    ("def sheet(variant:", "no tasks (SyntaxError"),
    (None, "No such file"),
])
def test_a_file_that_is_no_exam_is_told_in_a_line(
    text: str | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if text:
        (tmp_path / "exam.py").write_text(text)
    line = ["assignment", "--exam", str(tmp_path / "exam.py"), "--seed", "7", "--out"]
    assert main([*line, str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert says in told and told.count("\n") == 1
    assert main([*line, str(tmp_path)]) == 2
    assert "the folder of --exam" in capsys.readouterr().err


def test_a_secret_costs_scrypts_work_and_the_key_says_so() -> None:
    plain, one = made(3, 2027), assignment(3, 2027, "word")
    assert WORK["n"] * WORK["r"] * 128 >= 2**27          # bytes, for every guess
    assert one.key.secret == "scrypt n=131072 r=8 p=1" and plain.key.secret == ""
    assert stretched("Grün", 1) == stretched("Gru\N{COMBINING DIAERESIS}n", 1)
    assert len({stretched("word", 1), stretched("word", 2), stretched("wort", 1)}) == 3
    assert stretched("word", 2027) not in json.dumps(one.handout()) + str(one.key)
