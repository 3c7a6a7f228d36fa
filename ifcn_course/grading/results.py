"""What grading found: points with reasons, for each case, function and student."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

NOT_DONE = "not done yet"


@dataclass(frozen=True)
class CaseResult:
    """One call: points, and why there are not more."""

    what: str
    points: int
    of: int
    reason: str = ""
    shown: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True)
class FunctionResult:
    """One function with its cases; `right`: what stood in place of the student's."""

    name: str
    task: str
    cases: tuple[CaseResult, ...]
    right: tuple[str, ...] = ()

    @property
    def tried(self) -> bool:
        """Whether the student wrote it."""
        return any(case.reason != NOT_DONE for case in self.cases)

    @property
    def points(self) -> int:
        """What the cases gave together."""
        return sum(case.points for case in self.cases)

    @property
    def of(self) -> int:
        """What they could have given."""
        return sum(case.of for case in self.cases)


@dataclass(frozen=True)
class Result:
    """One student.

    Args:
        name: of the student, from the file's name.
        file: which notebook was graded; empty where there was none.
        digest: of the files; a second grading keeps what has not changed.
        problems: of the notebook as a whole: cells that failed or hung.
        seconds: that grading took.
        graded: False where the grader itself failed; its points then say nothing.
        prints: short sums of the answers, by which two are found to be alike.
    """

    name: str
    file: str
    digest: str
    functions: tuple[FunctionResult, ...]
    problems: tuple[str, ...] = ()
    seconds: float = 0.0
    graded: bool = True
    prints: tuple[str, ...] = ()

    @property
    def points(self) -> int:
        """What the functions gave together."""
        return sum(one.points for one in self.functions)

    @property
    def of(self) -> int:
        """What they could have given."""
        return sum(one.of for one in self.functions)

    @property
    def percent(self) -> float:
        """Points of a hundred, with one decimal."""
        return round(100 * self.points / self.of, 1) if self.of else 0.0

    def document(self) -> dict[str, Any]:
        """As plain dicts and lists."""
        sums = {"points": self.points, "of": self.of, "percent": self.percent}
        sums = sums if self.graded else dict.fromkeys(sums)
        made = {**asdict(self), **sums}
        for one, whole in zip(made["functions"], self.functions, strict=True):
            one |= {"points": whole.points, "of": whole.of}
        return made

    @classmethod
    def from_document(cls, made: dict[str, Any]) -> Result:
        """What `document` wrote.

        Raises:
            ValueError: something else.
        """
        try:
            functions = tuple(_function(one) for one in made["functions"])
            return cls(made["name"], made["file"], made["digest"], functions,
                       tuple(made["problems"]), float(made["seconds"]),
                       made.get("graded", True), tuple(made.get("prints", ())))
        except (KeyError, TypeError) as error:
            raise ValueError(f"no result of an earlier grading: {error}") from None


def _function(made: dict[str, Any]) -> FunctionResult:
    cases = tuple(
        CaseResult(case["what"], case["points"], case["of"], case["reason"],
                   tuple(case["shown"]), case["hint"])
        for case in made["cases"]
    )
    right = tuple(made.get("right", ()))
    return FunctionResult(made["name"], made["task"], cases, right)
