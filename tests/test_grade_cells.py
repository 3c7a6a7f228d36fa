"""A notebook's cells and calls, in this very process: what the worker answers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from IPython.core.interactiveshell import InteractiveShell

from ifcn_course.assignment.values import decode, encode
from ifcn_course.grading import cells, worker


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[cells.QuietShell]:
    """A shell that takes nothing of this process with it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    for hook in ("displayhook", "excepthook"):
        monkeypatch.setattr(sys, hook, getattr(sys, hook))
    made = cells.shell()
    yield made
    made.restore_sys_module_state()
    InteractiveShell.clear_instance()


def told(shell: cells.QuietShell, **message: object) -> dict[str, object]:
    return worker._answer(shell, message)


def call(shell: cells.QuietShell, name: str, *args: object) -> dict[str, object]:
    return told(shell, do="call", name=name, args=[encode(arg) for arg in args])


@pytest.mark.filterwarnings("ignore:To exit")
@pytest.mark.parametrize(("source", "error"), [
    ("x = 1", ""),
    ("1 / 0", "ZeroDivisionError: division by zero (line 1 of its cell)"),
    ("x = 2\nraise KeyError('k')", "KeyError: 'k' (line 2 of its cell)"),
    ("def f(:", "SyntaxError"), ("import sys; sys.exit(3)", "ended by sys.exit()"),
    ("%no magic at all", ""), ("!echo hello", ""),
    ("files = !ls\nassert files == []", ""),
    ("await __import__('asyncio').sleep(0)", ""),
    ("from time import nothing", "Import"),
])
def test_a_cell_says_in_one_line_what_went_wrong(
    shell: cells.QuietShell, source: str, error: str
) -> None:
    with ThreadPoolExecutor(1) as own:  # a browser's tests leave a loop running in ours
        said = own.submit(told, shell, do="cell", source=source).result()["error"]
    assert str(said).startswith(error) and bool(said) == bool(error)
    assert "\n" not in str(said)


DEFINED = "def first(): return 1\n{}\ndef last(): return 2"


@pytest.mark.filterwarnings("ignore:To exit")
@pytest.mark.parametrize(("line", "error"), [
    ("1 / 0", "ZeroDivisionError: division by zero (line 2 of its cell)"),
    ("exit()", "ended by"), ("quit(0)", "ended by"),
    ("exit(keep_kernel=True)", "ended by"), ("raise SystemExit", "ended by"),
    ("return 3", "SyntaxError"), ("x = = 3", "SyntaxError"), ("break", "SyntaxError"),
    ("The answer is 42.", "SyntaxError"), ("f(1,\n  2", "SyntaxError"),
    ("if True:\n    x = (\nelse:\n    x = 2", "SyntaxError"),
    ("raise KeyboardInterrupt", "KeyboardInterrupt"), ("%nothing at all", ""),
    ("await nobody", "NameError"), ("class Odd(3): pass", "TypeError"),
])
def test_one_line_that_fails_loses_no_function_before_or_after_it(
    shell: cells.QuietShell, line: str, error: str
) -> None:
    with ThreadPoolExecutor(1) as own:
        source = DEFINED.format(line)
        said = own.submit(told, shell, do="cell", source=source).result()["error"]
    assert str(said).startswith(error) and bool(said) == bool(error)
    assert call(shell, "first")["value"] == 1 and call(shell, "last")["value"] == 2


def test_every_error_of_a_cell_is_told_and_some_of_a_hundred(
    shell: cells.QuietShell,
) -> None:
    said = told(shell, do="cell", source="1 / 0\nx = 3\nnobody")["error"]
    assert "ZeroDivisionError" in said and "NameError" in said
    many = "\n".join(f"raise ValueError({n})" for n in range(100))
    assert told(shell, do="cell", source=many)["error"].count("ValueError") == 5


def test_a_cell_that_hung_keeps_what_gives_names(shell: cells.QuietShell) -> None:
    source = DEFINED.format("import math\nK = 3 * 4\nraise KeyError\nhung = hang()")
    assert told(shell, do="cell", source=source, calm=True)["error"] == ""
    assert call(shell, "first")["value"] == 1 and call(shell, "last")["value"] == 2
    assert shell.user_ns["K"] == 12 and "hung" not in shell.user_ns


def test_a_call_answers_with_the_value_or_the_reason(shell: cells.QuietShell) -> None:
    told(shell, do="cell", source="""import random
import numpy as np
def add(a, b): return a + b
def later(): raise NotImplementedError
def leave(): raise SystemExit
def lost(): return object()
def chance(): return [random.random(), np.random.random()]
number = 5""")
    assert call(shell, "add", 2, 3) == {"state": "value", "value": 5}
    assert call(shell, "later") == {"state": "not done"}
    assert call(shell, "leave")["text"] == "ended by sys.exit() or exit()"
    assert call(shell, "lost")["state"] == "no value"
    assert call(shell, "number") == {"state": "no function", "text": "int"}
    assert call(shell, "Add") == {"state": "missing", "text": "add"}
    assert call(shell, "something_else") == {"state": "missing", "text": ""}
    assert call(shell, "add", 1)["text"].startswith("TypeError: add() missing 1")
    first, second = (call(shell, "chance")["value"] for _ in range(2))
    assert decode(first) == decode(second)


def test_arguments_are_fresh_in_every_call(shell: cells.QuietShell) -> None:
    told(shell, do="cell", source="def grow(a):\n    a.append(1)\n    return a")
    for _ in range(2):
        assert decode(call(shell, "grow", [0])["value"]) == [0, 1]


def test_an_error_without_words_is_told_all_the_same() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert cells.told(Mute()) == "Mute: (an error without words)"
    assert len(cells.told(ValueError("x" * 10**6))) < 400
