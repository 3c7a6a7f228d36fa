"""No wrong answer of a long list is called right, or taken for one of the museum's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ifcn_course.check import _HOME
from tests.museum_cases import verdict
from tests.wrong_measures import MEASURES
from tests.wrong_rules import RULES
from tests.wrong_shares import SHARES

EVERY = {**RULES, **MEASURES, **SHARES}
ONE_BY_ONE = [pytest.param(name, wrong, id=f"{name}-{number}")
              for name, several in EVERY.items()
              for number, wrong in enumerate(several)]


def test_there_are_ten_wrong_answers_to_every_exercise() -> None:
    assert {name for name, several in EVERY.items() if len(several) >= 10} == {*_HOME}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "wrong"), ONE_BY_ONE)
def test_a_wrong_answer_is_refused(name: str, wrong: Callable[..., Any]) -> None:
    said = verdict(name, wrong)
    assert "correct" not in said
    assert "It looks as if" not in said, "the museum has it already"
