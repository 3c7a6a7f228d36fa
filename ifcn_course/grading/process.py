"""The grader's side of one submission's process: start it, ask it, end it."""

from __future__ import annotations

import os
import queue
import secrets
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from ifcn_course.grading import channel
from ifcn_course.grading.sandbox import tree
from ifcn_course.grading.sandbox.plan import Plan

_ROOT = Path(channel.__file__).resolve().parents[3]
_START = ("import sys; sys.path[:] = {paths!r}; "
          "from ifcn_course.grading.worker import main; main()")
_CHUNK, _TICK = 1 << 16, 0.05
_PASSED_ON = ("PATH", "SYSTEMROOT", "SYSTEMDRIVE", "LD_LIBRARY_PATH", "WINDIR")


class Ended(Exception):
    """The process is gone, or had to be ended; the message says why."""


class Stopped(Exception):
    """The lecturer stopped grading; it says nothing about the submission."""


class Process:
    """A running submission. Whatever happens, `end` leaves nothing of it.

    Args:
        plan: its walls.
        stop: set when grading is to stop; None: it never is.
        start_seconds: for Python itself to start.
    """

    def __init__(
        self, plan: Plan, stop: threading.Event | None = None,
        start_seconds: float = 60.0,
    ) -> None:
        self._plan, self._pid, self._stop = plan, 0, stop or threading.Event()
        self._lines: queue.Queue[bytes | None] = queue.Queue(maxsize=4)
        self._said, self._over = b"", False
        paths = [str(_ROOT), *filter(os.path.isabs, sys.path)]
        command = [sys.executable, "-I", "-B", "-c", _START.format(paths=paths)]
        self._started = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=_environment(plan), cwd=plan.given,
            start_new_session=True, bufsize=0,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        threading.Thread(target=self._listen, daemon=True).start()
        self.walls = self._greet(start_seconds)

    def _greet(self, seconds: float) -> list[str]:
        """Send the plan, wait for the walls; returns their names."""
        until = time.monotonic() + seconds
        try:
            self._write(self._plan.line())
            told = self._next(until)
            if "pid" in told:
                self._pid = int(str(told["pid"]))
                told = self._next(until)
            return [str(name) for name in told["ready"]]
        except Stopped:
            self.end()
            raise
        except (Ended, KeyError, ValueError, TypeError) as error:
            self.end()
            said = self._said.decode("utf-8", "replace").strip()[-1000:]
            raise OSError(f"a process for a notebook cannot be started here: {error}. "
                          f"{said}") from None

    def ask(self, seconds: float, **message: object) -> dict[str, object]:
        """Send one message and return its answer.

        Raises:
            Ended: there was none in time, or it was none; the process is gone then.
        """
        named = secrets.token_hex(8)
        text = channel.line({**message, "id": named})
        threading.Thread(target=self._write, args=(text,), daemon=True).start()
        try:
            told = self._next(time.monotonic() + seconds, seconds)
        except (Ended, Stopped):
            self.end()
            raise
        if told.get("id") != named:
            self.end()
            raise Ended("wrote to the grader's channel")
        return told

    def _next(self, until: float, seconds: float = 0.0) -> dict[str, object]:
        while (left := until - time.monotonic()) > 0:
            with suppress(queue.Empty):
                text = self._lines.get(timeout=min(left, _TICK))
                if text is None:
                    raise Ended(self._death())
                try:
                    return channel.message(text)
                except ValueError as error:
                    raise Ended(str(error)) from None
            self._watch()
        raise Ended(f"stopped after {seconds:g} seconds")

    def _watch(self) -> None:
        """Refuse a process that holds more memory or disk than planned."""
        if self._stop.is_set():
            raise Stopped
        used = tree.memory(self._pid or self._started.pid)
        if used > self._plan.memory:
            raise Ended(f"used more than {self._plan.memory >> 20} MB of memory")
        if tree.disk(Path(self._plan.home), self._plan.disk) > self._plan.disk:
            raise Ended(f"wrote more than {self._plan.disk >> 20} MB to the disk")

    def _death(self) -> str:
        """Why the process ended."""
        try:
            code = self._started.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            return "closed the grader's channel"
        if code > 128 or code < 0:
            return f"crashed ({tree.signal_name(code - 128 if code > 0 else -code)})"
        return f"ended its process (exit code {code})"

    def end(self) -> None:
        """Kill the process and everything that it started."""
        self._over = True
        with suppress(OSError):
            tree.kill(self._started.pid, self._pid)
        self._started.kill()
        self._started.wait()
        until = time.monotonic() + 2.0
        while self._reader.is_alive() and time.monotonic() < until:
            with suppress(queue.Empty):  # what it still holds is of no use
                self._lines.get(timeout=_TICK)
        for pipe in (self._started.stdin, self._started.stdout):
            with suppress(OSError):
                pipe.close()

    def _write(self, text: bytes) -> None:
        view = memoryview(text)
        with suppress(OSError, ValueError):  # gone: the reader tells
            while view:
                view = view[self._started.stdin.write(view):]

    def _read(self) -> None:
        """Pass whole lines on; None at the end, or where a line is far too long."""
        rest, source = bytearray(), self._started.stdout.fileno()
        with suppress(OSError, ValueError):
            while len(rest) <= channel.LONGEST and (piece := os.read(source, _CHUNK)):
                rest += piece
                if b"\n" in piece:
                    *lines, rest = rest.split(b"\n")
                    for text in [] if self._over else lines:
                        self._lines.put(bytes(text))
        self._lines.put(None)

    def _listen(self) -> None:
        """Keep the end of what Python says when it cannot start."""
        with suppress(OSError, ValueError):
            while piece := os.read(self._started.stderr.fileno(), _CHUNK):
                self._said = (self._said + piece)[-_CHUNK:]


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
                "NUMBA_NUM_THREADS": "1"}
    return {**kept, **places, **settings}
