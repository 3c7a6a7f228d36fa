"""How a notebook runs while it is graded, what bounds it, and whose fault an end is."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from ifcn_course.grading.process import Ended, Process
from ifcn_course.grading.sandbox import bubblewrap
from ifcn_course.grading.sandbox.plan import Plan
from tests.grade_cases import TRUST, Ground, notebook, reasons
from tests.zoo import ADD, HONEST, TABLE, TARGET

WALLS = [] if not bubblewrap.trouble() else [TRUST]
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def hand_in(ground: Ground, place: str, cells: Sequence[str], **files: str) -> None:
    """A notebook in a folder of the student's, with files beside it."""
    path = ground.folder / place
    path.parent.mkdir(parents=True)
    path.write_text(notebook(cells), "utf-8")
    for name, text in files.items():
        path.with_name(name.replace("_", ".")).write_text(text)


def test_modules_and_files_beside_the_notebook_are_found(ground: Ground) -> None:
    imports = "from helper import add"
    hand_in(ground, "Ada/a.ipynb", [imports, TABLE, TARGET], helper_py=ADD)
    hand_in(ground, "Bob/week 3/ä/b.ipynb", [
        imports, TABLE, "def target():\n    return int(open('n.txt').read())"],
        helper_py=ADD, n_txt="42")
    hand_in(ground, "Cem/c.ipynb", [
        f"%%writefile made.py\n{ADD}", "from made import add", TABLE,
        "open('later.py', 'w').write('n = 42')\nfrom later import n\n"
        "target = lambda: n"])
    hand_in(ground, "Dia/d.ipynb", HONEST, random_py="raise ValueError")
    assert ground.grade(*WALLS) == 0
    for student in ground.students().values():
        assert (student["points"], student["problems"]) == (10, []), reasons(student)


def test_a_cell_that_ends_its_process_keeps_its_definitions(ground: Ground) -> None:
    for name, line in {"exit": "import os\nos._exit(3)", "quit": "exit()",
                       "loop": "while True: pass"}.items():
        ground.hand_in(name, [f"{ADD}\n{line}\n{TABLE}", TARGET])
    assert ground.grade(*WALLS) == 0
    for student in ground.students().values():
        assert student["points"] == 10, reasons(student)
        assert len(student["problems"]) == 1


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "given").mkdir()
    return Plan(str(tmp_path / "home"), str(tmp_path / "given"), memory=2 * 2**30,
                walls=not WALLS)


@linux
def test_what_wants_to_run_does_not_sleep_however_busy_the_machine(plan: Plan) -> None:
    process = Process(plan)
    before = process.slept
    with pytest.raises(Ended, match="processor time"):
        process.ask(1.0, do="cell", source="while True: pass")
    assert process.slept - before < 0.5 < process.spent


def test_children_that_nobody_waits_for_are_counted(plan: Plan) -> None:
    if WALLS:
        pytest.skip("only behind walls can a notebook fork")
    process = Process(plan)
    source = """import ctypes, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
c = ctypes.CDLL(None)
while True:
    if c.fork() == 0:
        until = time.process_time() + 0.5
        while time.process_time() < until: pass
        c._exit(0)
    c.wait(None)"""
    with pytest.raises(Ended, match="processor time"):
        process.ask(3.0, do="cell", source=source)


def test_no_more_threads_than_planned_even_without_walls(plan: Plan) -> None:
    process = Process(Plan(plan.home, plan.given, walls=False))
    source = """import threading, time
for _ in range(100): threading.Thread(target=time.sleep, args=(60,)).start()
time.sleep(60)"""
    with pytest.raises(Ended, match="more than 64 processes and threads"):
        process.ask(30, do="cell", source=source)


def test_threads_of_one_notebook_cost_the_next_one_nothing(plan: Plan) -> None:
    first, second = (Process(replace(plan, home=plan.home + name)) for name in "ab")
    many = """import threading, time
for _ in range(40):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"""
    assert first.ask(30, do="cell", source=many)["error"] == ""
    assert second.ask(30, do="cell", source=many)["error"] == ""
    for process in (first, second):
        process.end()


def killing(number: int) -> threading.Thread:
    """Kill so many Python processes, one after the other, as they come."""
    me, seen = psutil.Process(), set(psutil.Process().children(recursive=True))

    def kill() -> None:
        until = time.monotonic() + 120
        while len(killed) < number and time.monotonic() < until:
            for one in set(me.children(recursive=True)) - seen:
                with suppress(psutil.NoSuchProcess):  # it has ended by itself
                    if "python" in one.name() and one.cpu_times().user > 0.1:
                        seen.add(one)
                        killed.append(one.kill())
            time.sleep(0.02)

    killed: list[None] = []
    made = threading.Thread(target=kill)
    made.start()
    return made


def test_a_process_that_was_killed_from_outside_is_ungraded(ground: Ground) -> None:
    ground.hand_in("Ada", ["import time\ntime.sleep(3)", *HONEST])
    killer = killing(1)
    status = ground.grade(*WALLS)
    killer.join()
    student, row = ground.students()["Ada"], ground.rows()["Ada"]
    assert status == 1 and student["graded"] is False and student["points"] is None
    assert set(row[:6]) == {""} and "not graded" in row[6]
    pages = [path.read_text("utf-8") for path in
             ground.report.with_suffix("").glob("*.html")]
    assert all("not graded</strong>" in text for text in pages)
    assert not any("0 of" in text for text in pages)
    assert ground.grade(*WALLS) == 0
    assert ground.students()["Ada"]["points"] == 10


def test_a_process_that_cannot_start_is_ungraded(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.hand_in("Ada", HONEST)
    assert ground.grade(*WALLS, "--memory", "0.001") == 1
    assert "0 graded, 1 NOT GRADED, median" in capsys.readouterr().out
    assert "cannot be started here" in ground.students()["Ada"]["problems"][0]


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_a_full_disk_is_ungraded(ground: Ground) -> None:
    ground.hand_in("Ada", HONEST)
    ground.hand_in("Bob", [*HONEST, "#" * 40_000])
    code = ("import resource as r, sys; r.setrlimit(r.RLIMIT_FSIZE, (20_000, 20_000)); "
            "from ifcn_lab.__main__ import main; sys.exit(main(sys.argv[1:]))")
    command = [sys.executable, "-c", code, "grade", str(ground.folder), "--key",
               str(ground.key), "--report", str(ground.report), *WALLS]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True,
                          env={**os.environ, "TMPDIR": str(ground.temporary)})
    assert done.returncode == 1, done.stderr
    ada, bob = ground.students()["Ada"], ground.students()["Bob"]
    assert (ada["points"], ada["graded"]) == (10, True)
    assert (bob["points"], bob["graded"]) == (None, False)
    assert "File too large" in bob["problems"][0]
