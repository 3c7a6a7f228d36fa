"""A notebook's cells, run without a browser: an IPython shell that shows nothing."""

from __future__ import annotations

import ast
import importlib
import re
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import CodeType

from IPython.core.autocall import ExitAutocall
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from traitlets import default
from traitlets.config import Config

_LONGEST, _MOST_ERRORS = 300, 5
_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import,
            ast.ImportFrom)
_WORKS = ast.Call, ast.comprehension, ast.Await
_NO_PROGRAMS = "`!` and `%%` commands start no program while grading"


class _Leave(ExitAutocall):
    def __call__(self, *args: object, **options: object) -> None:
        raise SystemExit


class QuietShell(InteractiveShell):
    """An IPython shell without history, display and other programs.

    A statement or a magic that fails here (`%matplotlib widget`, `!pip install`) is
    passed over, and the rest of its cell runs.
    """

    errors: list[BaseException] = []
    calm = False

    @default("exiter")
    def _exiter_default(self) -> ExitAutocall:
        return _Leave(self)

    async def run_ast_nodes(
        self, nodelist: list[ast.stmt], cell_name: str, interactivity: str = "none",
        compiler: Callable[..., CodeType] = compile,
        result: ExecutionResult | None = None,
    ) -> bool:
        """Run each statement alone; an error is kept, and no reason to stop."""
        for node in nodelist:
            if self.calm and not _gives_names(node):
                continue
            importlib.invalidate_caches()  # a module may have been written just now
            noted = ExecutionResult(None)
            mode = interactivity if node is nodelist[-1] else "none"
            await super().run_ast_nodes([node], cell_name, mode, compiler, noted)
            if error := noted.error_before_exec or noted.error_in_exec:
                self.errors.append(error)
        return False

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


def run_cell(made: QuietShell, source: str, calm: bool = False) -> str:
    """Run one cell, statement by statement; returns what went wrong, in one line.

    What Python cannot read is left out, and the statements around it run. If `calm`,
    only what gives names without much work runs: definitions, imports, constants.
    """
    made.errors, made.calm = [], calm
    source = re.sub(r"\A\s*%%(time|capture)\b.*", "", source)  # they run it whole
    for _ in range(_MOST_ERRORS):
        error = made.run_cell(source, store_history=False).error_before_exec
        if error is None:
            break
        made.errors.append(error)  # nothing has run yet
        source = _without(source, getattr(error, "lineno", None))
    return "; ".join(dict.fromkeys(map(told, made.errors[:_MOST_ERRORS])))


def _gives_names(node: ast.stmt) -> bool:
    """Whether a statement is a definition, an import or a constant."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return not any(isinstance(part, _WORKS) for part in ast.walk(node))
    return isinstance(node, _DEFINES)


def _without(source: str, line: int | None) -> str:
    """The source without the statement that this line belongs to.

    >>> _without("a = 1\\nb = (\\n  2\\nc = 3", 2)
    'a = 1\\n\\n\\nc = 3'
    """
    lines = source.split("\n")
    if not isinstance(line, int) or not 0 < line <= len(lines):
        return source
    first, last = line - 1, line
    while first and _goes_on(lines[first]):
        first -= 1
    while last < len(lines) and _goes_on(lines[last]):
        last += 1
    return "\n".join([*lines[:first], *[""] * (last - first), *lines[last:]])


def _goes_on(line: str) -> bool:
    return not line or line[0] in " \t)]}"


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
