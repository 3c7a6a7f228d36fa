"""Grade one notebook: run its cells, call its functions, compare, keep count."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event

from ifcn_course.assignment.agreement import agrees
from ifcn_course.assignment.key import Key, KeyCase, KeyFunction
from ifcn_course.assignment.values import decode, encode
from ifcn_course.check.answers import common
from ifcn_course.grading.process import Ended, Killed, Process, patience
from ifcn_course.grading.results import NOT_DONE, CaseResult, FunctionResult
from ifcn_course.grading.safe_text import clean, difference, side_by_side
from ifcn_course.grading.sandbox.plan import Plan

_EXHAUSTED = {
    "MemoryError": "memory",
    "RuntimeError: can't start new thread": "processes and threads",
    "BlockingIOError: [Errno 11]": "processes and threads",
    "OSError: [Errno 24]": "open files", "OSError: [Errno 27]": "the size of a file",
    "OSError: [Errno 28]": "what may be written",
}
"""Errors that mean a limit, by words of theirs, and what is limited."""
_OUTSIDE = "its process was ended from outside; grade it again"


@dataclass(frozen=True)
class Allowance:
    """What one student's notebook may use.

    Args:
        cell: seconds of processor time of one cell.
        case: the same of one call.
        total: the same of everything, restarts included.
        restarts: times that the notebook is run again after a hang or a crash.
        memory: bytes.
        disk: bytes.
    """

    cell: float = 60.0
    case: float = 10.0
    total: float = 300.0
    restarts: int = 10
    memory: int = 4 * 2**30
    disk: int = 256 * 2**20


class Notebook:
    """A notebook that runs, and is run again after a hang or a crash."""

    def __init__(
        self, cells: Sequence[str], plan: Plan, allowed: Allowance,
        stop: Event | None = None,
    ) -> None:
        self._cells, self._plan, self._allowed = cells, plan, allowed
        self._stop = stop
        self._process: Process | None = None
        self._starts, self._spent, self._slept = 0, 0.0, 0.0
        self._failed: Counter[int] = Counter()
        self._killed: set[int] = set()
        self._given: dict[str, str] = {}
        self.problems: dict[int, str] = {}

    def give(self, name: str, source: str) -> None:
        """Put a right function in place of the notebook's own, from now on.

        The cells run anew, and what they work out with the function follows from it.
        """
        self._given[name] = source
        if self._process is not None:
            self.end()
            self._starts -= 1  # no fault of the notebook's

    def call(self, name: str, args: Sequence[object]) -> dict[str, object]:
        """Call a function of the notebook; its cells have run before.

        Raises:
            Ended: the call hung, crashed, or cannot be made any more.
            OSError: it ended, and not by what it did.
        """
        try:
            return self._asked(name, args)
        except Killed as killed:
            try:
                self._asked(name, args)
            except Killed:
                raise killed from None
            raise OSError(_OUTSIDE) from None

    def _asked(self, name: str, args: Sequence[object]) -> dict[str, object]:
        process = self._running()
        try:
            return process.ask(self._seconds(self._allowed.case), do="call", name=name,
                               args=[encode(arg) for arg in args])
        except Ended:
            self.end()
            raise

    def _running(self) -> Process:
        while self._process is None:
            if self._starts > self._allowed.restarts:
                raise Ended(f"not tried: the notebook was stopped {self._starts} times")
            self._seconds(1.0)
            self._start()
        return self._process

    def _start(self) -> None:
        """Run the cells; stop at the first that hangs or crashes.

        The next time only its definitions run, and then nothing of it.
        """
        self._starts += 1
        shutil.rmtree(self._plan.home, ignore_errors=True)  # without walls: the last's
        self._process = Process(self._plan, self._stop)
        right = "".join(f"\n\n{source}" for source in self._given.values())
        cells = [cell + right for cell in (*self._cells, "")] if right else self._cells
        for number, source in enumerate(cells):
            if self._failed[number] < 2 and not self._run(number, source):
                self.end()
                return

    def _run(self, number: int, source: str) -> bool:
        """Run one cell; whether the others can go on after it."""
        try:
            told = self._process.ask(self._seconds(self._allowed.cell), do="cell",
                                     source=source, calm=self._failed[number] > 0)
            error = clean(told.get("error") or "")
            limit = _limit(error)  # it may have left nothing for the others
        except Ended as ended:
            if isinstance(ended, Killed) and number not in self._killed:
                self._killed.add(number)  # if it was its own doing, then again
                return False
            error, limit = clean(ended), "; only its definitions were kept"
            self._killed.discard(number)
        if number in self._killed:
            raise OSError(_OUTSIDE)
        if "[Errno 28]" in error and not self._plan.walls:
            raise OSError(error)  # it was the lecturer's own disk
        if error:
            self.problems.setdefault(number, error + limit)
        self._failed[number] += bool(limit)
        return not limit

    def _seconds(self, wanted: float) -> float:
        now = self._process
        left = self._allowed.total - self._spent - (now.spent if now else 0.0)
        slept = self._slept + (now.slept if now else 0.0)
        if left <= 0 or slept > patience(self._allowed.total):
            raise Ended(f"not tried: {self._allowed.total:g} seconds for the whole "
                        "notebook are over")
        return min(wanted, left)

    def end(self) -> None:
        """Leave nothing of it."""
        if self._process is not None:
            self._process.end()
            self._spent += self._process.spent
            self._slept += self._process.slept
            self._process = None


def mark(notebook: Notebook, key: Key) -> tuple[FunctionResult, ...]:
    """Points for every function of the key; one mistake costs its own points only.

    What gets less than all is marked again with the right functions in place of
    earlier ones that are wrong, and the better of both counts.
    """
    own = [_function(notebook, one) for one in key.functions]
    told, wrong, better = dict(notebook.problems), [], []
    for one, found in zip(key.functions, own, strict=True):
        if found.points < found.of and found.tried and wrong:
            again = _function(notebook, one)
            if again.points > found.points:
                found = replace(again, right=tuple(wrong))
        better.append(found)
        if found.points < found.of and one.solution:
            notebook.give(one.name, one.solution)
            wrong.append(one.name)
    notebook.problems = told
    return tuple(better)


def nothing(key: Key, reason: str) -> tuple[FunctionResult, ...]:
    """No points for any function, all for one reason."""
    return tuple(
        FunctionResult(one.name, one.task, tuple(_lost(c, reason) for c in one.cases))
        for one in key.functions
    )


def _function(notebook: Notebook, wanted: KeyFunction) -> FunctionResult:
    found: list[CaseResult] = []
    for case in wanted.cases:
        shown = any(result.shown for result in found)
        found.append(_case(notebook, wanted, case, show=not shown))
    hint = common(each.hint for each in found if each.points < each.of)
    found = [replace(each, hint=each.hint and hint) for each in found]
    return FunctionResult(wanted.name, wanted.task, tuple(found))


def _case(
    notebook: Notebook, wanted: KeyFunction, case: KeyCase, *, show: bool
) -> CaseResult:
    try:
        told = notebook.call(wanted.name, case.args)
    except Ended as ended:
        return _lost(case, clean(ended))
    if told.get("state") != "value":
        return _lost(case, _reason(told))
    try:
        yours = decode(told.get("value"))
    except ValueError as error:
        return _lost(case, clean(f"returned what cannot be read: {error}"))
    if _agree(case.expected, yours, wanted.agree):
        return CaseResult(case.what, case.points, case.points)
    lines = side_by_side(yours, case.expected) if show else ()
    return CaseResult(case.what, 0, case.points, difference(yours, case.expected),
                      tuple(lines), case.hint)


def _agree(expected: object, yours: object, how: str) -> bool:
    try:
        return agrees(expected, yours, how)
    except (ValueError, TypeError, RecursionError, OverflowError):
        return False


def _limit(error: str) -> str:
    """What to add to an error that means that a limit was reached; else nothing.

    >>> _limit("MemoryError: (line 2 of its cell)"), _limit("KeyError: 3")
    (' (the limit of memory)', '')
    """
    for words, what in _EXHAUSTED.items():
        if words in error:
            return f" (the limit of {what})"
    return ""


def _reason(told: dict[str, object]) -> str:
    text = clean(told.get("text", ""))
    text += _limit(text)
    return {
        "missing": "not found" + (f"; is it `{text}`?" if text else ""),
        "no function": f"is no function, but of type {text}",
        "not done": NOT_DONE,
        "error": f"stopped: {text}",
        "no value": f"returned what cannot be compared: {text}",
    }.get(str(told.get("state")), "gave an answer that cannot be read")


def _lost(case: KeyCase, reason: str) -> CaseResult:
    return CaseResult(case.what, 0, case.points, reason, (), case.hint)
