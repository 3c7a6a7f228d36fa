"""The walls, tried in a real process: what is seen, what is limited, what is left."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from ifcn_course.grading.process import Ended, Process, Stopped, _is_dead
from ifcn_course.grading.sandbox import bubblewrap
from ifcn_course.grading.sandbox.plan import Plan

CHECKOUT = Path(__file__).resolve().parent.parent
walls = pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble())


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "given").mkdir()
    return Plan(str(tmp_path / "home"), str(tmp_path / "given"), memory=2 * 2**30,
                walls=not bubblewrap.trouble())


@pytest.fixture
def started(plan: Plan) -> Iterator[Process]:
    process = Process(plan)
    yield process
    process.end()


def told(process: Process, source: str) -> str:
    """What a cell found out, which it says as an error."""
    return str(process.ask(60, do="cell", source=source)["error"])


@walls
def test_behind_the_walls_stands_python_and_nothing_else(started: Process) -> None:
    source = """import os, sys
there = [p for p in ("/bin", "/usr/bin/env", "/etc/passwd", "/var", "/dev/shm")
         if os.path.lexists(p)]
raise ValueError([there, sorted(os.listdir(sys.path[0]))])"""
    for path in ("/bin", "/usr/bin/env", "/etc/passwd"):
        assert Path(path).exists()
    seen = {"constraints.txt", "data", "ifcn_course", "ifcn_lab"}
    for base in map(Path, (sys.prefix, sys.base_prefix)):  # a .venv in the checkout
        if base.is_relative_to(CHECKOUT):
            seen.add(base.relative_to(CHECKOUT).parts[0])
    assert told(started, source).startswith(f"ValueError: [[], {sorted(seen)}]")


def cannot_leave_root() -> bool:
    """Whether this is root without the right to become anybody else."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    done = subprocess.run(["setpriv", "--reuid=1", "--regid=1", "--clear-groups",
                           "true"], stderr=subprocess.DEVNULL)
    return done.returncode != 0


@walls
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="for root")
@pytest.mark.skipif(cannot_leave_root(), reason="this root cannot become nobody")
def test_root_becomes_nobody_first(plan: Plan) -> None:
    process = Process(plan)
    inside = process._family()[-1].uids().real
    process.end()
    assert inside != 0


@walls
@pytest.mark.skipif(cannot_leave_root(), reason="no limit of processes binds root")
def test_no_more_processes_than_planned(plan: Plan) -> None:
    process = Process(replace(plan, processes=20))
    source = """import ctypes
c = ctypes.CDLL(None)
born = [c.fork() or c.pause() for _ in range(40)]
raise ValueError(10 < sum(pid > 0 for pid in born) < 20)"""
    assert told(process, source).startswith("ValueError: True")
    process.end()


@walls
def test_no_more_is_written_than_planned(plan: Plan) -> None:
    process = Process(replace(plan, disk=2**20))
    source = """written = 0
try:
    for number in range(100):
        with open(str(number), "wb") as file:
            written += file.write(bytes(2**16))
except OSError as error:
    raise ValueError(f"{error.errno} {written <= 2**20}")"""
    assert told(process, source).startswith("ValueError: 28 True")
    process.end()
    assert not Path(plan.home).exists()


def test_the_processor_is_counted_and_not_the_clock(plan: Plan) -> None:
    process = Process(plan)
    source = "import time\ntime.sleep(1.5)"
    assert process.ask(1.0, do="cell", source=source)["error"] == ""
    with pytest.raises(Ended, match="stopped after 1 seconds of processor time"):
        process.ask(1.0, do="cell", source="while True: pass")


def test_what_sleeps_for_ever_is_ended_by_the_clock(plan: Plan) -> None:
    process = Process(plan)
    with pytest.raises(Ended, match="stopped after 10.4 seconds without an answer"):
        process.ask(0.1, do="cell", source="import time\ntime.sleep(1000)")


@pytest.mark.parametrize(("source", "words"), [
    ("import subprocess; subprocess.run(['ls'])", "no other program can be started"),
    ("import os; os.system('ls')", "no other program can be started"),
    ("import socket; socket.create_connection(('127.0.0.1', 9))", "no network"),
    ("open('../outside', 'w')", "only in the current folder"),
    ("import os; os.remove('../given')", "only in the current folder"),
    ("import shutil; shutil.rmtree('..')", "only in the current folder"),
    ("import os; os.rename('../given', 'mine')", "only in the current folder"),
    ("import os; os.kill(os.getppid(), 9)", "cannot be signalled"),
    ("open('../key.json')", "cannot be read"),
])
def test_the_last_wall_says_plainly_what_it_stops(
    plan: Plan, source: str, words: str
) -> None:
    key = Path(plan.given).parent / "key.json"
    key.write_text("secret")
    process = Process(replace(plan, walls=False, hide=(str(key),)))
    try:
        assert words in process.ask(30, do="cell", source=source)["error"]
    finally:
        process.end()
    assert key.read_text() == "secret"


def test_nothing_of_the_graders_environment_is_passed_on(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_OF_THE_LECTURER", "secret")
    process = Process(plan)
    source = "import os\nraise ValueError(' '.join(map(str.lower, os.environ)))"
    said = process.ask(30, do="cell", source=source)["error"]
    process.end()
    assert "token" not in said and "home" in said


@walls
def test_a_daemon_dies_with_its_submission(plan: Plan) -> None:
    process = Process(plan)
    source = """import ctypes, os, time
c = ctypes.CDLL(None)
if c.fork() == 0:
    c.setsid()
    if c.fork() == 0:
        c.setsid()
        time.sleep(1000)
    os._exit(0)
c.wait(None)"""
    process.ask(30, do="cell", source=source)
    mine = process._family()
    process.end()
    assert len(mine) >= 4
    assert [one for one in mine if not _is_dead(one)] == []


@walls
def test_nothing_outlives_a_grader_that_was_killed(plan: Plan) -> None:
    code = f"""from ifcn_course.grading.process import Process
from ifcn_course.grading.sandbox.plan import Plan
running = Process({plan!r})
running.ask(600, do="cell", source="import ctypes\\nc = ctypes.CDLL(None)\\n"
            "c.fork() or c.pause()")
print(*[one.pid for one in running._family()], flush=True)
running.ask(600, do="cell", source="while True: pass")"""
    grader = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    left = [psutil.Process(int(pid)) for pid in grader.stdout.readline().split()]
    grader.kill()
    grader.communicate()
    until = time.monotonic() + 60
    while not all(map(_is_dead, left)) and time.monotonic() < until:
        time.sleep(0.05)
    assert len(left) >= 4 and [one for one in left if not _is_dead(one)] == []


@pytest.mark.parametrize(("source", "words"), [
    ("os.write(fd, b'x' * 2**26)", "closed|crashed|no JSON|stopped|ended"),
    ("os.write(fd, b'\\n' * 10**6)", "no JSON"),
    ("os.write(fd, b'[' * 10**6 + b'\\n')", "items"),
    ("os.write(fd, b'{\"id\": NaN}\\n')", "NaN"),
    ("os.write(fd, b'[1]\\n')", "no JSON object"),
    ("os.write(fd, b'\\xff\\n')", "no JSON"),
    ("os.write(fd, b'9' * 10**5 + b'\\n')", "digits|no JSON"),
    ("os.closerange(3, 64)", "closed|crashed|ended"),
])
def test_noise_on_the_channel_ends_the_process_and_nothing_else(
    started: Process, source: str, words: str
) -> None:
    lines = ["import os", "for fd in range(3, 64):", "    try:", f"        {source}",
             "    except OSError: pass"]
    with pytest.raises(Ended, match=words):
        started.ask(5, do="cell", source="\n".join(lines))


def test_a_stop_ends_the_process_at_once(plan: Plan) -> None:
    stop = threading.Event()
    process = Process(plan, stop)
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(Stopped):
        process.ask(600, do="cell", source="while True: pass")


def test_a_machine_where_python_does_not_start_is_told_apart(plan: Plan) -> None:
    with pytest.raises(OSError, match="cannot be started here"):
        Process(replace(plan, memory=2**20))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="for root")
@walls
def test_root_without_capabilities_grades_or_is_told_what_to_do() -> None:
    code = ("from ifcn_course.grading.sandbox import bubblewrap; "
            "print(bubblewrap.trouble())")
    bare = "setpriv --bounding-set=-all --inh-caps=-all --".split()
    done = subprocess.run([*bare, sys.executable, "-c", code], capture_output=True,
                          text=True, check=True)
    said = done.stdout.strip()
    assert said == "" or "grade as an ordinary user" in said or "AppArmor" in said
