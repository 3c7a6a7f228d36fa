"""The grader's side of one submission's process: start it, ask it, end it."""

from __future__ import annotations

import os
import queue
import secrets
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import psutil

from ifcn_course.grading import channel
from ifcn_course.grading.sandbox import bubblewrap
from ifcn_course.grading.sandbox.plan import Plan

_ROOT = Path(channel.__file__).resolve().parents[2]
_START = ("import sys; sys.path[:] = {paths!r}; "
          "from ifcn_course.grading.worker import main; main()")
_CHUNK, _TICK, _START_SECONDS = 1 << 16, 0.1, 60.0
_KEEPERS = 5  # processes of bubblewrap itself, at most
_KILLS = 1, 9, 15  # SIGHUP, SIGKILL, SIGTERM: what ends processes from outside
_PASSED_ON = ("PATH", "SYSTEMROOT", "SYSTEMDRIVE", "LD_LIBRARY_PATH", "WINDIR")


class Ended(Exception):
    """The process is gone, or had to be ended; the message says why."""


class Killed(Ended):
    """A signal ended it that may have come from outside."""


class Stopped(Exception):
    """The lecturer stopped grading; it says nothing about the submission."""


def patience(seconds: float) -> float:
    """How long what may use so much processor time may sleep.

    >>> patience(10)
    50
    """
    return 4 * seconds + 10


class Process:
    """A running submission. Whatever happens, `end` leaves nothing of it.

    Args:
        plan: its bounds.
        stop: set when grading is to stop; None: it never is.

    Attributes:
        spent: seconds of processor time, of all its processes and threads, so far.
        slept: seconds in which it could have run, and none of its threads wanted to.
    """

    def __init__(self, plan: Plan, stop: threading.Event | None = None) -> None:
        self._plan, self._stop = plan, stop or threading.Event()
        self._lines: queue.Queue[bytes | None] = queue.Queue(maxsize=4)
        self._said, self._over, self.spent, self.slept = b"", False, 0.0, 0.0
        self._own: dict[psutil.Process, float] = {}
        self._measured, self._no_memory = time.monotonic(), _no_memory()
        paths = [str(_ROOT), *filter(os.path.isabs, sys.path)]
        command = [sys.executable, "-I", "-B", "-c", _START.format(paths=paths)]
        if plan.walls:
            command = bubblewrap.command(plan, command)
        self._started = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=_environment(plan), cwd=plan.given,
            start_new_session=True, bufsize=0,
        )
        self._root = psutil.Process(self._started.pid)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._greet()

    def _greet(self) -> None:
        """Send the plan, and wait until it is kept to."""
        try:
            self._write(channel.line(asdict(self._plan)))
            if not self._next(_START_SECONDS).get("ready"):
                raise Ended("it gave another answer than expected")
        except BaseException as error:
            self.end()
            if not isinstance(error, Ended):
                raise
            said = self._said.decode("utf-8", "replace").strip()[-1000:]
            raise OSError(f"a process for a notebook cannot be started here: {error}. "
                          f"{said}") from None

    def ask(self, seconds: float, **message: object) -> dict[str, object]:
        """Send one message and return its answer.

        Raises:
            Ended: there was none in time, or it was none; the process is gone then.
            OSError: it ended, and not by what it did.
        """
        named = secrets.token_hex(8)
        text = channel.line({**message, "id": named})
        threading.Thread(target=self._write, args=(text,), daemon=True).start()
        try:
            told = self._next(seconds)
        except BaseException:
            self.end()
            raise
        if told.get("id") != named:
            self.end()
            raise Ended("wrote to the grader's channel")
        return told

    def _next(self, seconds: float) -> dict[str, object]:
        """The next answer, within so many seconds of the processor's time."""
        self._measure()
        most, longest = self.spent + seconds, self.slept + patience(seconds)
        while self.slept < longest:
            with suppress(queue.Empty):
                text = self._lines.get(timeout=_TICK)
                if text is None:
                    raise self._death()
                try:
                    return channel.message(text)
                except ValueError as error:
                    raise Ended(str(error)) from None
            self._watch()
            if self.spent > most:
                raise Ended(f"stopped after {seconds:g} seconds of processor time")
        raise Ended(f"stopped after {patience(seconds):g} seconds without an answer")

    def _watch(self) -> None:
        """Refuse what uses more than planned in all its processes together."""
        if self._stop.is_set():
            raise Stopped
        memory, threads = self._measure()
        if memory > self._plan.memory:
            raise Ended(f"used more than {self._plan.memory >> 20} MB of memory in "
                        "all its processes")
        if threads > self._plan.processes + _KEEPERS:
            raise Ended(f"started more than {self._plan.processes} processes and "
                        "threads")

    def _measure(self) -> tuple[int, int]:
        """Bytes and threads in use; `spent` and `slept` are brought up to date."""
        memory, threads, spent, wants = 0, 0, 0.0, False
        for one in self._family():
            with suppress(psutil.Error):
                memory += one.memory_info().rss
                threads += one.num_threads()
                times = one.cpu_times()
                spent += sum(times[:4])  # with those of children that were waited for
                self._own[one] = sum(times[:2])
            wants = wants or _wants_to_run(one.pid)
        used = max(0.0, max(spent, sum(self._own.values())) - self.spent)
        now = time.monotonic()
        self.slept += 0.0 if wants else max(0.0, now - self._measured - used)
        self.spent, self._measured = self.spent + used, now
        return memory, threads

    def _family(self) -> list[psutil.Process]:
        with suppress(psutil.Error):
            return [self._root, *self._root.children(recursive=True)]
        return []

    def _death(self) -> Exception:
        """Why the process ended."""
        try:
            code = self._started.wait(timeout=10.0)
        except subprocess.TimeoutExpired:
            return Ended("closed the grader's channel")
        number = -code if code < 0 else code - 128
        if not 0 < number <= 64:
            return Ended(f"ended its process (exit code {code})")
        names = {one.value: one.name for one in signal.Signals}
        said = f"crashed ({names.get(number, f'signal {number}')})"
        if number not in _KILLS:
            return Ended(said)
        if _no_memory() > self._no_memory:
            return OSError(f"{said}, as this machine had no memory left")
        if code < 0 and self._plan.walls:  # no notebook reaches the walls themselves
            return OSError(f"{said} from outside")
        return Killed(said)

    def end(self) -> None:
        """Kill the process and everything that it started."""
        self._over = True
        family = self._family()
        for one in family:  # behind walls the kernel ends all with the first
            with suppress(psutil.Error):
                one.kill()
        self._started.kill()
        self._started.wait()
        until = time.monotonic() + 10.0
        while not all(map(_is_dead, family)) and time.monotonic() < until:
            time.sleep(0.005)
        while self._reader.is_alive() and time.monotonic() < until:
            with suppress(queue.Empty):  # what it still holds is of no use
                self._lines.get(timeout=_TICK)
        self._listener.join(max(0.0, until - time.monotonic()))
        for pipe in (self._started.stdin, self._started.stdout, self._started.stderr):
            with suppress(OSError):
                pipe.close()

    def _write(self, text: bytes) -> None:
        view = memoryview(text)
        with suppress(OSError, ValueError):  # gone: the reader tells
            while view:
                view = view[self._started.stdin.write(view):]

    def _read(self) -> None:
        """Pass whole lines on, of one that is far too long the beginning; then None."""
        rest, source = bytearray(), self._started.stdout.fileno()
        with suppress(OSError, ValueError):
            while len(rest) <= channel.LONGEST and (piece := os.read(source, _CHUNK)):
                rest += piece
                if b"\n" in piece:
                    *lines, rest = rest.split(b"\n")
                    for text in [] if self._over else lines:
                        self._lines.put(bytes(text))
        self._lines.put(bytes(rest[:80]) if len(rest) > channel.LONGEST else None)

    def _listen(self) -> None:
        """Keep the end of what Python says when it cannot start."""
        with suppress(OSError, ValueError):
            while piece := os.read(self._started.stderr.fileno(), _CHUNK):
                self._said = (self._said + piece)[-_CHUNK:]


def _is_dead(one: psutil.Process) -> bool:
    """Whether it runs no more; somebody else's child may wait to be counted out."""
    try:
        return one.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def _wants_to_run(pid: int) -> bool:
    """Whether one of its threads runs, or waits for a processor or a disk (Linux)."""
    with suppress(OSError):
        for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
            if stat.read_bytes().rpartition(b")")[2].split()[0] in (b"R", b"D"):
                return True
    return False


def _no_memory() -> int:
    """How often Linux has ended a process for want of memory."""
    with suppress(OSError, IndexError):
        return int(Path("/proc/vmstat").read_text().split("\noom_kill ")[1].split()[0])
    return 0


def _environment(plan: Plan) -> dict[str, str]:
    """Nothing of the grader's environment but where programs and libraries lie."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    places = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP", "USERPROFILE"), plan.home)
    hidden = str(Path(plan.home, ".settings"))
    places |= dict.fromkeys(("MPLCONFIGDIR", "IPYTHONDIR", "NUMBA_CACHE_DIR",
                             "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), hidden)
    settings = {"MPLBACKEND": "Agg", "PYTHONHASHSEED": "0", "LANG": "C.UTF-8",
                "USER": "student", "LOGNAME": "student", "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
                "NUMBA_NUM_THREADS": "1", "IFCN_LAB_PROGRESS": ""}
    return {**kept, **places, **settings}
