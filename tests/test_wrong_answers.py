"""No wrong answer of a long list is called right, or taken for one of the museum's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ifcn_course.check import _HOME
from ifcn_course.check.answers import correct
from tests.museum_cases import asked, verdict
from tests.wrong_lesson_09 import LESSON_09
from tests.wrong_lesson_10 import LESSON_10
from tests.wrong_lesson_11 import LESSON_11
from tests.wrong_lesson_12 import LESSON_12
from tests.wrong_lesson_13 import LESSON_13
from tests.wrong_lesson_14 import LESSON_14
from tests.wrong_measures import MEASURES
from tests.wrong_rules import RULES
from tests.wrong_shares import SHARES

EVERY = {**RULES, **MEASURES, **SHARES, **LESSON_09, **LESSON_10, **LESSON_11,
         **LESSON_12, **LESSON_13, **LESSON_14}


def test_there_are_ten_wrong_answers_to_every_exercise() -> None:
    assert {name for name, several in EVERY.items() if len(several) >= 10} == {*_HOME}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(_HOME))
def test_wrong_answers_are_refused_and_no_hint_misses(name: str) -> None:
    for number, wrong in enumerate(EVERY[name]):
        said = verdict(name, wrong)
        assert "correct" not in said, number
        assert "It looks as if" not in said, f"{number} is in the museum already"
        assert not asked(name) or fair(name, wrong, said.splitlines()[-1]), number


def fair(name: str, wrong: Callable[..., Any], last: str) -> bool:
    """Whether the last line is the rule, or a hint that all failing cases have."""
    cases, agree, _, rule = asked(name)
    answers = zip(asked(name).answers(wrong), cases, strict=True)
    hints = {case.hint for answer, case in answers if not correct(answer, case, agree)}
    return last not in {case.hint for case in cases} - {rule, ""} or hints == {last}


class Never:
    """An object whose every method raises."""

    def refuse(self, *args: Any, **kwargs: Any) -> Any:
        """Whatever is asked of it."""
        raise RuntimeError("never")

    __getattribute__ = __eq__ = __ne__ = __lt__ = __hash__ = __bool__ = refuse
    __repr__ = __str__ = __format__ = __len__ = __iter__ = __getitem__ = refuse
    __array__ = __call__ = __int__ = __float__ = __index__ = __contains__ = refuse


class Other:
    """A class that may be returned itself."""


OTHERS: dict[str, Callable[[], object]] = {
    "a text": lambda: "text", "bytes": lambda: b"text", "None": lambda: None,
    "a dict": lambda: {"a": 1}, "a dict of such": lambda: {Never: Never()},
    "a class": lambda: Other, "a generator": lambda: (n for n in range(3)),
    "a set": lambda: {1}, "a list of texts": lambda: ["a", "b"],
    "uneven rows": lambda: [["a"], ["b", "c"]], "a function": lambda: print,
    "one that raises": Never, "a list of such": lambda: [Never()],
}


@pytest.mark.parametrize("name", sorted({*_HOME} - {"copy_one", "copy_all"}))
def test_an_answer_of_another_kind_is_told_in_a_sentence(name: str) -> None:
    for what, other in OTHERS.items():
        said = verdict(name, lambda *args, other=other: other())
        assert said.startswith(("Exercise ", "Your ")), what
        assert "correct" not in said and "TypeError" not in said, what
        if asked(name):
            assert "function returned" in said and said.count("\n") == 1, what


@pytest.mark.parametrize(("name", "wrong", "accused"), [
    ("part", lambda p, c, k, m: (p[0] - c[0] + m // 2) * (k // m), "centre"),
    ("assemble_whole", RULES["assemble_whole"][0], "Off the map"),
    ("answer_score", MEASURES["answer_score"][0], "false positive"),
    ("best_answer", lambda answers: 0, "near it"),
])
def test_nothing_is_guessed_that_does_not_explain_all_that_is_wrong(
    name: str, wrong: Callable[..., Any], accused: str
) -> None:
    said = verdict(name, wrong)
    assert "not yet right" in said and accused not in said.split("Expected:")[1]
