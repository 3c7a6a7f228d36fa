"""The README says what is so: lessons, minutes, the promise of each command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from lessons import build, source
from lessons.opening import opening

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
LESSONS = build.lessons(ROOT)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_stands_with_its_title_and_its_minutes(lesson: Path) -> None:
    read = source.read(lesson)
    title = read.cells[0]["source"].splitlines()[0].removeprefix("# ")
    states = opening(read)
    assert states
    row = f"[{title}](notebooks/{lesson.stem}.ipynb) | {states.minutes} |"
    assert f"| {int(lesson.stem[:2])} | {row}" in README


def test_the_citation_is_that_of_the_citation_file() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert f"title   = {{{citation['title']}}}," in README
    assert f"version = {{{citation['version']}}}," in README
    assert citation["references"][0]["title"] in README


def test_a_picture_and_the_two_commands_come_in_the_first_thirty_lines() -> None:
    first = "\n".join(README.splitlines()[:30])
    assert re.search(r"!\[[^]]{40,}\]\(lessons/pictures/\w+\.gif\)", first)
    assert "make lab" in first and "make test" in first


def test_every_target_the_readme_names_can_be_made() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.M))
    assert {"lab", "test", "slides", "site", "wheelhouse"} <= named <= targets
