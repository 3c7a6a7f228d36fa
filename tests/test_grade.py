"""The whole zoo in one run: each graded alone, nothing outside harmed, nothing left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ifcn_course.grading.sandbox import bubblewrap
from tests.grade_cases import (
    SLOW,
    ZOO,
    Ground,
    hand_in_zoo,
    listening,
    reasons,
    was_called,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(bubblewrap.trouble()), reason=bubblewrap.trouble()),
]


class Run:
    """What one grading of the zoo left behind."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        before = set(psutil.Process().children(recursive=True))
        with listening() as (port, name, servers):
            hand_in_zoo(ground, port, name)
            self.before = ground.snapshot()
            self.status = ground.grade("--jobs", "3")
            self.called = [was_called(server) for server in servers]
        self.after = ground.snapshot()
        self.left = set(psutil.Process().children(recursive=True)) - before
        self.homes = sorted(ground.temporary.iterdir())
        self.students = ground.students()


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    run = Run(Ground(tmp_path_factory.mktemp("zoo")))
    yield run


@pytest.mark.parametrize("name", [name for name in ZOO if name not in SLOW])
def test_each_specimen_gets_its_points_and_its_reasons(zoo: Run, name: str) -> None:
    student, wanted = zoo.students[name], ZOO[name]
    said = reasons(student)
    assert student["points"] == wanted.points, said
    assert [word for word in wanted.words if word not in said] == [], said


def test_the_run_ends_well_and_grades_everybody(zoo: Run) -> None:
    assert zoo.status == 0
    assert set(zoo.students) == set(ZOO) - set(SLOW)
    assert {student["of"] for student in zoo.students.values()} == {10}


def test_no_file_beside_the_reports_has_changed(zoo: Run) -> None:
    assert zoo.after == zoo.before


def test_no_process_and_no_folder_is_left(zoo: Run) -> None:
    assert zoo.homes == []
    assert zoo.left == set()
    assert marked(zoo.ground.temporary) == []


def test_nobody_was_called(zoo: Run) -> None:
    assert zoo.called == [False] * len(zoo.called)


def test_every_page_and_row_is_there_and_none_holds_markup(zoo: Run) -> None:
    rows = zoo.ground.report.read_text("utf-8").splitlines()
    pages = sorted(zoo.ground.report.with_suffix("").glob("*.html"))
    assert len(rows) == len(zoo.students) + 1 == len(pages)
    assert [p.name for p in pages if "<script" in p.read_text("utf-8").lower()] == []


def test_a_stopped_call_costs_its_own_case_and_no_other(zoo: Run) -> None:
    add, table, target = zoo.students["loop in a function"]["functions"]
    assert [case["points"] for case in add["cases"]] == [1, 0, 1]
    assert (table["points"], target["points"]) == (4, 3)


def test_the_first_difference_is_shown_as_digits(zoo: Run) -> None:
    table = zoo.students["transposed"]["functions"][1]
    first, second = (case["shown"] for case in table["cases"])
    assert first[:3] == ["Yours:", "0 2", "1 3"]
    assert first[3:6] == ["Expected:", "0 1", "2 3"]
    assert second == []


def marked(temporary: Path) -> list[int]:
    """Every process of this machine whose home is one of the run's folders."""
    return [one.pid for one in psutil.process_iter() if _home(one).startswith(
        str(temporary))]


def _home(one: psutil.Process) -> str:
    try:
        return one.environ().get("HOME", "")
    except psutil.Error:
        return ""
