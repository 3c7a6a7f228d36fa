"""The walls, each tried alone and in a real process; the filter, run by a slow twin."""

from __future__ import annotations

import errno
import os
import re
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ifcn_course.grading.probing import ESSENTIAL, trial
from ifcn_course.grading.process import Ended, Process, Stopped
from ifcn_course.grading.sandbox import clearing, kernel, seccomp, syscalls, tree
from ifcn_course.grading.sandbox.plan import Plan

linux = pytest.mark.skipif(not kernel.is_linux(), reason="these walls are Linux's")
KERNEL = ("namespaces", "landlock", "seccomp")
CONTAINER = ("namespaces",)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    for name in ("home", "given"):
        (tmp_path / name).mkdir()
    return Plan(str(tmp_path / "home"), str(tmp_path / "given"), memory=2 * 2**30)


@pytest.fixture
def started(plan: Plan) -> Iterator[Process]:
    process = Process(plan)
    yield process
    process.end()


def holding(plan: Plan) -> str:
    process = Process(plan)
    process.end()
    return " ".join(process.walls).lower()


def test_with_every_wall_nothing_is_reached(plan: Plan) -> None:
    secret = Path(plan.given).parent / "key.json"
    secret.write_text("secret")
    reached, walls = trial(replace(plan, hide=(str(secret),)), [secret])
    missing = {wall for wall in KERNEL if wall not in " ".join(walls).lower()}
    if missing:
        pytest.skip(f"this machine has no {', '.join(sorted(missing))}")
    assert reached == set()


@linux
@pytest.mark.parametrize(("without", "reached"), [
    (("namespaces",), set()),
    (("landlock",), {"secrets"}),
    (("seccomp",), {"processes"}),
    (("namespaces", "landlock"), {"files", "secrets"}),
    (KERNEL, set(ESSENTIAL)),
], ids=lambda names: "+".join(sorted(names)))
def test_what_is_reached_where_walls_are_missing(
    plan: Plan, without: tuple[str, ...], reached: set[str]
) -> None:
    walls = holding(plan)
    if missing := [wall for wall in KERNEL if wall not in walls]:
        pytest.skip(f"this machine has no {', '.join(missing)}")
    if "landlock" not in without and int(re.search(r"landlock (\d+)", walls)[1]) < 6:
        pytest.skip("what Landlock alone holds grew until its version 6")
    found, _ = trial(replace(plan, leave_out=without), [])
    assert found == reached


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
    process = Process(replace(plan, leave_out=KERNEL, hide=(str(key),)))
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


@linux
def test_a_daemon_dies_with_its_submission_even_without_walls(plan: Plan) -> None:
    process = Process(replace(plan, leave_out=("namespaces", "seccomp")))
    source = """import ctypes, os, time
c = ctypes.CDLL(None)
if c.fork() == 0:
    c.setsid()
    if c.fork() == 0:
        c.setsid()
        time.sleep(1000)
    os._exit(0)
time.sleep(0.5)"""
    process.ask(30, do="cell", source=source)
    mine = tree.descendants(os.getpid())
    process.end()
    assert len(mine) >= 3
    assert [pid for pid in mine if Path(f"/proc/{pid}/exe").exists()] == []


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


def test_a_folder_is_emptied_whatever_lies_in_it(tmp_path: Path) -> None:
    folder, outside = tmp_path / "home", tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("whole")
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "closed").mkdir()
    (folder / "closed" / "file").write_text("x")
    (folder / "closed").chmod(0)
    here = os.getcwd()
    os.chdir(folder)
    for _ in range(40):  # a path longer than any system call takes
        os.mkdir("deep" * 50)
        os.chdir("deep" * 50)
    os.chdir(here)
    clearing.clear(folder)
    assert list(folder.iterdir()) == []
    clearing.remove(folder)
    assert (outside / "kept").read_text() == "whole" and not folder.exists()


def test_counting_a_folder_ends_at_its_limit(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / str(number)).write_bytes(bytes(1000))
    (tmp_path / "link").symlink_to("/")
    assert 10_000 <= tree.disk(tmp_path, 10**6) < 20_000
    assert tree.disk(tmp_path, 5000) > 5000


def filtered(machine: str, number: int, *arguments: int, arch: str = "") -> int:
    """Run the filter line by line, as the kernel would; returns what it answers."""
    lines, at, loaded = seccomp.program(machine, 7), 0, 0
    data = {0: number, 4: syscalls.ARCHITECTURES[arch or machine]}
    for i in range(6):
        value = arguments[i] if i < len(arguments) else 0
        data |= {16 + 8 * i: value & 0xFFFFFFFF, 20 + 8 * i: value >> 32 & 0xFFFFFFFF}
    while True:
        operation, yes, no, operand = lines[at]
        at += 1
        if operation == 0x06:
            return operand
        if operation == 0x20:
            loaded = data[operand]
            continue
        met = {0x15: loaded == operand, 0x25: loaded > operand,
               0x45: bool(loaded & operand)}[operation]
        at += yes if met else no


ALLOW, KILL, FAKED = 0x7FFF0000, 0x80000000, 0x50000
REFUSE, MISSING = FAKED | errno.EPERM, FAKED | errno.ENOSYS
THREAD = 0x3D0F00  # what the C library passes for a new thread


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize(("name", "arguments", "answer"), [
    ("execve", (), REFUSE), ("socket", (1,), REFUSE), ("ptrace", (), REFUSE),
    ("clone", (signal.SIGCHLD,), REFUSE), ("clone", (THREAD,), ALLOW),
    ("clone3", (), MISSING), ("kill", (7, 9), ALLOW), ("kill", (8, 9), REFUSE),
    ("kill", (2**32 - 1, 9), REFUSE), ("kill", (0, 9), REFUSE),
    ("kill", (7 + 2**32, 9), ALLOW), ("tgkill", (7, 9), ALLOW),
    ("tgkill", (1, 7), REFUSE), ("prlimit64", (0,), ALLOW), ("prlimit64", (9,), REFUSE),
    ("socketpair", (1,), ALLOW), ("socketpair", (2,), REFUSE),
    ("sendto", (5, 1, 1, 0, 0), ALLOW), ("sendto", (5, 1, 1, 0, 2**32), REFUSE),
    ("sendto", (5, 1, 1, 0, 1), REFUSE), ("fcntl", (3, 3), ALLOW),
    ("fcntl", (3, 8), REFUSE), ("ioctl", (0, 0x5412), REFUSE), ("prctl", (1,), REFUSE),
    ("prctl", (15,), ALLOW), ("fchmod", (3, 0), FAKED),
])
def test_the_filter_answers_each_call_as_it_should(
    machine: str, name: str, arguments: tuple[int, ...], answer: int
) -> None:
    number = syscalls.number(name, machine)
    assert number is not None
    assert filtered(machine, number, *arguments) == answer


def test_the_filter_knows_other_numberings_and_newer_calls() -> None:
    assert filtered("x86_64", 0x40000000 + 57) == MISSING
    assert filtered("x86_64", 57, arch="aarch64") == KILL
    assert filtered("x86_64", 600) == filtered("aarch64", 600) == MISSING
    assert filtered("x86_64", 0) == filtered("aarch64", 63) == ALLOW  # read
    assert filtered("x86_64", 59) == filtered("aarch64", 221) == REFUSE  # execve


def test_the_numbers_are_those_of_the_kernels_headers() -> None:
    header = Path("/usr/include/asm-generic/unistd.h")
    folder = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not header.exists() or not folder.exists():
        pytest.skip("the kernel's headers are not installed here")
    for machine, path in (("x86_64", folder), ("aarch64", header)):
        pattern = r"#define __NR(?:3264)?_(\w+)\s+(\d+)\s"
        real = dict(re.findall(pattern, path.read_text()))
        for name in (*syscalls.REFUSED, *syscalls.PRETENDED, *syscalls.CONDITIONAL):
            number = syscalls.number(name, machine)
            assert number == (int(real[name]) if name in real else None), name


def test_a_machine_where_python_does_not_start_is_told_apart(plan: Plan) -> None:
    with pytest.raises(OSError, match="cannot be started here"):
        Process(replace(plan, memory=2**20))
