"""`ifcn-lab grade` as a lecturer meets it: second runs, interruptions, errors."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ifcn_course.assignment.key import Key, KeyCase, KeyFunction, key_text
from ifcn_course.grading.grader import Grader, grade_all
from ifcn_course.grading.marking import Allowance
from ifcn_course.grading.results import Result
from ifcn_course.grading.sandbox import bubblewrap
from ifcn_course.grading.session import Session
from ifcn_course.grading.submissions import submissions
from ifcn_lab.__main__ import main, parse
from ifcn_lab.atomic_write import write_whole
from tests.grade_cases import (
    LIMITS,
    SLOW,
    TRUST,
    ZOO,
    Ground,
    reasons,
    small_key,
)
from tests.zoo import ADD, HONEST, TARGET

walls = pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble())


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def test_a_second_run_keeps_what_has_not_changed(ground: Ground) -> None:
    ground.hand_in("Ada", HONEST)
    ground.hand_in("Bob", [ADD])
    ground.grade(TRUST)
    first = ground.students()
    ground.hand_in("Bob", [ADD, TARGET])
    ground.grade(TRUST)
    second = ground.students()
    assert second["Ada"] == first["Ada"]  # its seconds, too
    assert (first["Bob"]["points"], second["Bob"]["points"]) == (3, 6)
    ground.grade(TRUST, "--fresh")
    third = ground.students()
    assert third["Ada"]["seconds"] != first["Ada"]["seconds"]
    for one in (second, third):
        for student in one.values():
            student.pop("seconds")
    assert second == third


def test_only_grades_one_and_keeps_the_others(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Ada", "Bob"):
        ground.hand_in(name, HONEST)
    ground.grade(TRUST)
    first = ground.students()
    assert ground.grade(TRUST, "--only", "ada") == 0
    second = ground.students()
    assert second["Bob"] == first["Bob"]
    assert second["Ada"]["seconds"] != first["Ada"]["seconds"]
    assert ground.grade(TRUST, "--only", "Adda") == 2
    said = capsys.readouterr().err
    assert "--only Adda:" in said and "a whole name, such as Ada" in said
    assert ground.students() == second


@pytest.mark.skipif(sys.platform == "win32", reason="an interrupt is sent otherwise")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_and_goes_on(
    ground: Ground, end: signal.Signals
) -> None:
    ground.hand_in("Ada", HONEST)
    ground.hand_in("Zoe", ["import time\ntime.sleep(1000)", *HONEST])
    command = [sys.executable, "-m", "ifcn_lab", "grade", str(ground.folder), "--key",
               str(ground.key), "--report", str(ground.report), TRUST, "--jobs", "1"]
    running = subprocess.Popen(
        command, cwd=Path(__file__).parents[1], stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(ground.temporary)}, text=True)
    kept = ground.report.with_suffix(".json")
    until = time.monotonic() + 600
    while not kept.exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(0.5)
    while running.poll() is None:  # once, or again where it fell into a call of C's
        running.send_signal(end)
        with suppress(subprocess.TimeoutExpired):
            running.wait(60)
    said = running.communicate(timeout=600)[1]
    assert running.returncode == 130 and "stopped" in said and "Traceback" not in said
    assert list(ground.temporary.iterdir()) == []
    assert list(ground.students()) == ["Ada"] and "Ada" in ground.rows()
    ground.hand_in("Zoe", HONEST)
    options = command[4:]
    assert main(["grade", *options]) == 0
    assert {n: s["points"] for n, s in ground.students().items()} == \
        {"Ada": 10, "Zoe": 10}


@pytest.mark.parametrize("name", SLOW)
def test_libraries_and_magics_of_an_honest_notebook(ground: Ground, name: str) -> None:
    ground.hand_in(name, ZOO[name].cells)
    command = ["grade", str(ground.folder), "--key", str(ground.key), "--report",
               str(ground.report), TRUST, "--case-seconds", "60"]
    assert main(command) == 0
    student = ground.students()[name]
    assert student["points"] == ZOO[name].points, reasons(student)


def test_without_walls_it_refuses_unless_the_lecturer_vouches(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.hand_in("Ada", HONEST)
    monkeypatch.setenv("PATH", str(ground.temporary))
    assert ground.grade() == 2
    said = capsys.readouterr().err
    assert "nothing keeps notebooks here from changing" in said
    assert "install it (" in said or sys.platform != "linux"
    assert not ground.report.exists()
    assert ground.grade(TRUST) == 0
    said = capsys.readouterr().err
    assert "NOT kept from notebooks: your files and the network" in said
    assert ground.students()["Ada"]["points"] == 10


@walls
def test_what_notebooks_are_kept_from_is_said_in_a_line(ground: Ground) -> None:
    command = ["grade", str(ground.folder), "--key", str(ground.key), *LIMITS]
    assert "the network" in Session(parse(command)).walls()


@walls
def test_a_key_where_every_notebook_reads_is_refused(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", str(ground.root))
    command = ["grade", str(ground.folder), "--key", str(ground.key), *LIMITS]
    with pytest.raises(ValueError, match="which every notebook can read; move it"):
        Session(parse(command)).walls()


SHUT = ["handout.py", "key.py", "nbgrader.py", "notebook.py", "scores.py",
        "sheet.py", "variant.py", "tasks/counting.py", "../grading/marking.py"]
OPEN = ["numbering.py", "pictures.py", "trial.py"]
READING = f"""\
from pathlib import Path
import ifcn_course.assignment

shut = []
for name in {SHUT + OPEN}:
    try:
        Path(ifcn_course.assignment.__path__[0], name).read_text()
    except OSError:
        shut.append(name)

def target():
    return 42 if shut == {SHUT} else shut"""


@walls
def test_what_makes_keys_is_shut_and_what_handouts_need_is_open(
    ground: Ground,
) -> None:
    ground.hand_in("Ada", [READING])
    assert ground.grade() == 0
    student = ground.students()["Ada"]
    assert student["points"] == 3, reasons(student)


def test_a_failure_of_the_grader_costs_one_student_and_no_other(
    ground: Ground,
) -> None:
    wrong = KeyFunction("add", "1", "exact", (KeyCase("a set", ({1},), 0, 5),), "")
    grader = Grader(Key("03_assembling", 1, "Assembling", {}, (wrong,)), Allowance(),
                    walls=not bubblewrap.trouble())
    for name in ("Ada", "Bob"):
        ground.hand_in(name, HONEST)
    heard: list[Result] = []
    grade_all(grader, submissions(ground.folder), 2, heard.append)
    assert sorted(result.name for result in heard) == ["Ada", "Bob"]
    for result in heard:
        assert (result.points, result.of) == (0, 5)
        assert "the grader failed: TypeError" in result.problems[0]


@pytest.mark.parametrize(("options", "words"), [
    (["--report", "grades.txt"], "is no .csv"),
    (["--restarts", "-1"], "expected 0 or more"),
    (["--key", "nowhere.json"], "there is no key nowhere.json; give the .key.json"),
    (["--key", "{folder}/Ada.ipynb"], "no key"),
])
def test_wrong_options_are_told_in_one_line(
    ground: Ground, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.hand_in("Ada", HONEST)
    filled = [option.format(folder=ground.folder) for option in options]
    assert ground.grade(TRUST, *filled) == 2
    said = capsys.readouterr().err
    assert words in said and len(said.splitlines()) == 1 and not ground.report.exists()


def test_folders_without_submissions_are_told(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ground.grade(TRUST) == 2
    assert "nothing to grade" in capsys.readouterr().err
    ground.folder = ground.root / "nowhere"
    assert ground.grade(TRUST) == 2
    said = capsys.readouterr().err
    assert "no folder" in said and len(said.splitlines()) == 1


def test_the_key_of_another_lesson_is_doubted(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.hand_in("Ada", ["def of_another_lesson():\n    return 1"])
    (ground.folder / "Bob.ipynb").write_text("{")
    assert ground.grade(TRUST) == 0
    assert "No notebook holds a function of this key (add, table, target). Is " in \
        capsys.readouterr().err
    ground.hand_in("Zoe", [ADD])
    assert ground.grade(TRUST) == 0
    assert "No notebook holds" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["grades.csv", "grades.json", "grades/index.html",
                                  "grades/notes.html"])
@pytest.mark.parametrize("after", [False, True])
def test_files_of_others_are_never_overwritten_by_a_report(
    ground: Ground, name: str, after: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.hand_in("Ada", HONEST)
    assert not after or ground.grade(TRUST) == 0
    other = ground.report.parent / name
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_text('{"mine": 1}')
    assert ground.grade(TRUST) == 2
    said = capsys.readouterr().err
    assert str(other) in said and "name another --report" in said
    assert json.loads(other.read_text()) == {"mine": 1}


def test_a_report_never_shrinks(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Ada", "Bob"):
        ground.hand_in(name, HONEST)
    ground.grade(TRUST)
    bob = ground.students()["Bob"]
    (ground.folder / "Bob.ipynb").unlink()
    ground.hand_in("Cleo", [ADD])
    assert ground.grade(TRUST, "--only", "Cleo", "--case-seconds", "2") == 0
    said = capsys.readouterr().err
    assert "kept from the earlier report" in said and "now: Bob; --fresh" in said
    kept = ground.students()
    assert (list(kept), list(ground.rows())[1:]) == (["Ada", "Bob", "Cleo"],) * 2
    before = "graded before the key, the limits or a version changed"
    assert kept["Bob"] == {**bob, "digest": "", "problems": [before]}
    assert ground.grade(TRUST, "--case-seconds", "2") == 0  # Ada is graded anew
    assert {name: one["problems"] for name, one in ground.students().items()} == \
        {"Ada": [], "Bob": [before], "Cleo": []}
    assert ground.grade(TRUST, "--fresh") == 0
    assert list(ground.students()) == ["Ada", "Cleo"]


def test_an_interrupted_run_keeps_the_rows_that_it_did_not_reach(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Ada", "Bob"):
        ground.hand_in(name, HONEST)
    ground.grade(TRUST)
    first = ground.students()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ifcn_course.grading.session.grade_all", interrupted)
    assert ground.grade(TRUST, "--fresh") == 130
    assert ground.students() == first and list(ground.rows())[1:] == ["Ada", "Bob"]


def test_grades_of_another_assignment_are_not_mixed(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.hand_in("Ada", HONEST)
    ground.grade(TRUST)
    first = ground.report.read_bytes()
    write_whole(ground.key, key_text(replace(small_key(), seed=1999)))
    assert ground.grade(TRUST) == 2
    said = capsys.readouterr().err
    assert "the grades of 03_assembling_2027, the key is of 03_assembling_1999" in said
    assert ground.report.read_bytes() == first
