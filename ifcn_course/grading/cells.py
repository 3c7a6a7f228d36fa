"""A notebook's cells, run without a browser: an IPython shell that shows nothing."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import suppress

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

_LONGEST = 300
_NO_PROGRAMS = "`!` and `%%` commands start no program while grading"


class QuietShell(InteractiveShell):
    """An IPython shell without history, display and other programs.

    A magic that fails here (`%matplotlib widget`, `!pip install`) is passed over, and
    the rest of its cell runs.
    """

    def init_history(self) -> None:
        """Keep none: a data base on disk is of no use here."""
        config = Config({"HistoryManager": {"enabled": False}})
        self.config.merge(config)
        super().init_history()

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no window to wait for."""

    def system(self, cmd: str) -> None:
        """Start no program."""
        print(_NO_PROGRAMS)

    system_piped = system_raw = system

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> list[str]:
        """Start no program; its output is empty."""
        return []

    def run_line_magic(
        self, magic_name: str, line: str, _stack_depth: int = 1
    ) -> object:
        """Run a magic; one that fails is passed over."""
        with suppress(Exception):
            return super().run_line_magic(magic_name, line, _stack_depth + 1)
        return None

    def _showtraceback(self, etype: type, evalue: object, stb: object) -> None:
        """Print nothing: the error is told in the reasons."""


def shell() -> QuietShell:
    """A new shell; `get_ipython()` finds it."""
    made = QuietShell.instance()
    made.colors = "nocolor"
    return made


def run_cell(made: QuietShell, source: str) -> str:
    """Run one cell; returns what went wrong, in one line, or nothing."""
    done = made.run_cell(source, store_history=False, silent=False)
    error = done.error_before_exec or done.error_in_exec
    return told(error) if error is not None else ""


def told(error: BaseException) -> str:
    """An error in one line, with the line of the student's cell where it arose.

    >>> told(ValueError("k is 0"))
    'ValueError: k is 0'
    """
    name = type(error).__name__
    if isinstance(error, SystemExit):
        return "ended by sys.exit() or exit()"
    try:
        said = " ".join(str(error).split())
    except BaseException:  # its __str__ is the student's
        said = "(an error without words)"
    place = _place(error)
    where = f" (line {place} of its cell)" if place else ""
    return f"{name}: {said}"[:_LONGEST] + where


def _place(error: BaseException) -> int | None:
    if isinstance(error, SyntaxError):
        return error.lineno if isinstance(error.lineno, int) else None
    frames = traceback.extract_tb(error.__traceback__, limit=-50)
    own = [f.lineno for f in frames if f.filename.startswith("<ipython-input")]
    return own[-1] if own else None


def functions(made: QuietShell) -> dict[str, Callable[..., object]]:
    """What can be called in the notebook's final namespace, by name."""
    return {name: value for name, value in made.user_ns.items()
            if not name.startswith("_") and callable(value)}
