"""Progress: what was right is kept on this machine, and never disturbs a lesson."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from ifcn_course import check, progress
from ifcn_course.cli.progress import add_options, run
from ifcn_course.contents import LESSONS
from lessons import build, rules, source


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's file, which is not there yet."""
    path = tmp_path / "below" / "progress.json"
    monkeypatch.setenv("IFCN_LAB_PROGRESS", str(path))
    return path


def asked(*words: str) -> int:
    """What the command returns."""
    from argparse import ArgumentParser

    parser = ArgumentParser()
    add_options(parser)
    return run(parser.parse_args(words))


def test_lessons_have_the_exercises_that_are_counted() -> None:
    for path in build.lessons(build.ROOT):
        counted = LESSONS[int(path.name[:2])].exercises
        assert counted == len(rules.tasks(source.read(path))), path.name


def test_an_exercise_that_is_right_is_kept_and_a_wrong_one_is_not(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check.part_of(lambda i, k, m: i * k // m)
    check.part_of(lambda i, k, m: 0)
    check.kept_share(lambda k, m, s: 0)
    assert progress.passed() == {"3.1"}
    assert json.loads(kept.read_text()) == {"passed": ["3.1"]}
    assert "●○○○○○○  1 of 7, next is 3.2" in progress.overview()
    assert capsys.readouterr().out.startswith("Exercise 3.1: correct, all ")


def test_a_property_and_a_named_mistake_are_kept_too(kept: Path) -> None:
    check.kills(lambda assemble: False)
    assert not kept.exists()
    progress.right("Exercise 8.5", "all are killed")
    progress.right("Your assemble", "all 9 cases agree")
    assert progress.passed() == {"8.5"}


@pytest.mark.parametrize("damaged", [
    b"", b"\xff\xfe", b"[]", b"null", b'{"passed": 3}', b'{"passed": {"9.9": [1]}}',
    b"[" * 100_000, b'{"passed": ["9.9", null, 3.1]}'])
def test_a_damaged_file_counts_as_none_and_is_written_anew(
    kept: Path, damaged: bytes
) -> None:
    kept.parent.mkdir()
    kept.write_bytes(damaged)
    assert progress.passed() == set()
    assert progress.overview().count("0 of") == len(LESSONS)
    progress.right("Exercise 1.2", "it is")
    assert progress.passed() == {"1.2"}


@pytest.mark.parametrize("kind", ["folder", "fifo", "below a file", "too long a name"])
def test_what_cannot_be_written_disturbs_nothing(
    kept: Path, kind: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept.parent.mkdir()
    if kind == "folder":
        kept.mkdir()
    elif kind == "fifo" and hasattr(os, "mkfifo"):
        os.mkfifo(kept)
    elif kind == "below a file":
        monkeypatch.setenv("IFCN_LAB_PROGRESS", str(Path(__file__, "progress.json")))
    else:
        monkeypatch.setenv("IFCN_LAB_PROGRESS", str(kept) + "x" * 5000)
    progress.right("Exercise 1.2", "it is")
    assert capsys.readouterr().out == "Exercise 1.2: correct, it is.\n"
    assert progress.passed() == set()
    if kind == "fifo":
        assert stat.S_ISFIFO(kept.stat().st_mode)


def test_while_tests_run_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert os.environ["IFCN_LAB_PROGRESS"] == ""
    assert progress.place() is None
    monkeypatch.setenv("HOME", str(tmp_path))
    check.part_of(lambda i, k, m: i * k // m)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delenv("IFCN_LAB_PROGRESS")
    assert progress.place().name == "progress.json"


def test_the_command_shows_and_deletes(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked() == 0
    assert "Kept in" not in capsys.readouterr().out
    progress.right("Exercise 2.1", "it is")
    capsys.readouterr()
    assert asked() == 0
    said = capsys.readouterr().out
    assert "Lesson 2  ●○○○     1 of 4, next is 2.2" in said and str(kept) in said
    assert asked("--delete") == 0 and not kept.exists()
    assert "deleted" in capsys.readouterr().out
    assert asked("--delete") == 0
    assert "was not there" in capsys.readouterr().out
