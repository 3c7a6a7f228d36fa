"""A task of an assignment: what it asks, its stub, its solution, its cases.

What students write stands between `# solution` and `# end`, indented alike, as in
the lessons. The answers are computed by the library when an assignment is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from textwrap import indent, wrap

from ifcn_course.assignment.key import KeyCase, KeyFunction
from ifcn_course.assignment.trial import kind_of

MARKED = re.compile(
    r"^(?P<indent> +)# solution\n(?P<lines>.*?)^(?P=indent)# end(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Asked:
    """One call that is graded; `what` names it: "i = 5"."""

    what: str
    args: tuple = ()
    hint: str = ""
    points: int = 1


def calls(what: str, hint: str, rows: Iterable[Sequence]) -> tuple[Asked, ...]:
    """A call for each row of arguments, which have their places in `what`.

    >>> calls("a = {}, b = {}", "Add.", [(1, 2)])
    (Asked(what='a = 1, b = 2', args=(1, 2), hint='Add.', points=1),)
    """
    return tuple(Asked(what.format(*row), tuple(row), hint) for row in rows)


@dataclass(frozen=True)
class Lead:
    """What leads to a task and is not graded: prose, then code, if there is any."""

    prose: str
    code: str = ""


@dataclass(frozen=True)
class Tried:
    """What the cell below a task calls, where that is not its first case.

    Args:
        call: the source of a call, on what the notebook holds.
        kind: of value it should return, as `trial.kind_of` says it.
        prose: what stands above a printed target.
        target: which is printed and not graded; None: there is none.
    """

    call: str
    kind: str
    prose: str = ""
    target: float | int | None = None


@dataclass(frozen=True)
class Task:
    """A function that students write.

    Args:
        head: of the function, "part_of(i)"; the grader looks for its name.
        title: a heading.
        prose: what it shall do.
        lines: of its body, all of them to be written; or its whole source, with the
            solution marked.
        truth: computes what each case should return, from the library.
        cases: the calls that are graded, the easiest first.
        agree: how values are compared, "exact" or "close".
        before: cells that come before the task.
        tried: what the cell below it calls; None: the first case.
    """

    head: str
    title: str
    prose: str
    lines: str
    truth: Callable[..., object]
    cases: tuple[Asked, ...]
    agree: str = "exact"
    before: tuple[Lead, ...] = ()
    tried: Tried | None = None

    @property
    def name(self) -> str:
        """Of the function."""
        return self.head.partition("(")[0]

    @property
    def code(self) -> str:
        """Its source, with the solution marked.

        >>> print(Task("double(x)", "", "", "return 2 * x", float, ()).code)
        def double(x):
            # solution
            return 2 * x
            # end
        """
        if MARKED.search(self.lines):
            return self.lines
        marked = f"# solution\n{self.lines.strip()}\n# end"
        return f"def {self.head}:\n{indent(marked, '    ')}"

    @property
    def is_number(self) -> bool:
        """Whether this is a numeric target: a function without arguments."""
        return not self.cases[0].args

    @property
    def solution(self) -> str:
        """The source that gets all points, without marks."""
        return MARKED.sub(lambda match: match["lines"], self.code).rstrip("\n")

    @property
    def points(self) -> int:
        """The sum over the cases."""
        return sum(case.points for case in self.cases)

    def stub(self, number: int) -> str:
        """The source that students get."""
        return MARKED.sub(lambda match: _refusal(match, number), self.code).rstrip("\n")

    def answers(self, number: int) -> KeyFunction:
        """What the key says of it."""
        cases = tuple(
            KeyCase(case.what, case.args, self.truth(*deepcopy(case.args)),
                    case.points, case.hint)
            for case in self.cases
        )
        return KeyFunction(self.name, str(number), self.agree, cases, self.solution)

    def trial(self, number: int) -> str:
        """The cell that tries it: it knows what kind of value is asked for."""
        tried = self.tried or self._first()
        call = tried.call
        call = f"{self.name}" if call == f"{self.name}()" else f"lambda: {call}"
        pieces = [f'"Task {number}"', call, f'kind="{tried.kind}"']
        if tried.target is not None:
            pieces.append(f"target={tried.target!r}")
        line = f"trial({', '.join(pieces)})"
        if len(line) <= 79:
            return line
        return "trial(\n" + "".join(f"{narrow(piece)},\n" for piece in pieces) + ")"

    def _first(self) -> Tried:
        call = f"{self.name}({', '.join(map(spelled, self.cases[0].args))})"
        kinds = [kind_of(self.truth(*deepcopy(case.args))) for case in self.cases]
        # A share may be 1 in the first case; what is asked for is a number.
        return Tried(call, "a number" if "a number" in kinds else kinds[0])


def narrow(code: str) -> str:
    """Source that stands in brackets, its lines at most 78 wide.

    >>> print(narrow("lambda: " + " + ".join(["number"] * 9)))
        lambda: number + number + number + number + number + number + number +
            number + number
    """
    return "\n".join(wrap(code, 78, initial_indent="    ", break_long_words=False,
                          subsequent_indent="        ", break_on_hyphens=False))


def spelled(value: object) -> str:
    """A small argument as Python source; arrays as `np.array`.

    >>> spelled((1, 2)), spelled(0.5)
    ('(1, 2)', '0.5')
    """
    if hasattr(value, "tolist") and getattr(value, "ndim", 0):
        dtype = "" if value.dtype.kind in "if" else f", {value.dtype}"
        return f"np.array({value.tolist()}{dtype})"
    return repr(value)


def numbered(tasks: Sequence[Task]) -> list[tuple[int, Task]]:
    """Tasks with their numbers, from 1."""
    return list(enumerate(tasks, start=1))


def _refusal(match: re.Match[str], number: int) -> str:
    lines = [line for line in match["lines"].splitlines() if line.strip()]
    about = f"about {len(lines)} line" + ("s" if len(lines) != 1 else "")
    space = match["indent"]
    return (f"{space}# your code, {about}\n"
            f'{space}raise NotImplementedError("Task {number} is not done yet")\n')
