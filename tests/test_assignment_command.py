"""`ifcn-lab assignment`: its files, its refusals, the same bytes in any process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from ifcn_course.assignment.key import read_key
from ifcn_course.contents import LESSONS
from ifcn_lab.__main__ import main

NAME = "03_assembling_2027"


def run(out: Path, *more: str, lesson: str = "3", seed: str = "2027") -> int:
    """The command, in this process."""
    return main(["assignment", "--lesson", lesson, "--seed", seed, "--out", str(out),
                 *more])


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def test_students_and_lecturer_get_folders_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "handout") == 0
    assert set(files_of(tmp_path)) == {f"handout/{NAME}.ipynb",
                                       f"handout_key/{NAME}.key.json"}
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith(f"{NAME}.ipynb  (for students)")
    assert said[1].endswith(f"{NAME}.key.json  (for you alone)")
    assert said[2].startswith("Whoever knows the seed can make this key")


def test_the_key_can_go_elsewhere_and_takes_the_solutions_along(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = "--key", str(tmp_path / "safe"), "--solutions", "--nbgrader"
    assert run(tmp_path / "out", *options, "--secret", "a long word") == 0
    assert set(files_of(tmp_path)) == {
        f"out/{NAME}.ipynb", f"safe/{NAME}.key.json", f"safe/{NAME}.solutions.ipynb",
        f"safe/nbgrader/source/{NAME}/{NAME}.ipynb"}
    assert "Whoever knows" not in capsys.readouterr().out
    assert "nbgrader" in (tmp_path / f"out/{NAME}.ipynb").read_text("utf-8")
    assert "a long word" not in "".join(
        path.read_text("utf-8") for path in tmp_path.rglob("*.*"))


def test_all_lessons_at_once(tmp_path: Path) -> None:
    assert run(tmp_path / "handout", lesson="all", seed="7") == 0
    assert len(files_of(tmp_path / "handout")) == len(LESSONS)
    for path in (tmp_path / "handout_key").iterdir():
        key = read_key(path)
        assert path.name == f"{key.lesson}_7.key.json" and key.seed == 7


def test_nothing_is_written_over_without_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "a") == 0
    handout = tmp_path / "a" / f"{NAME}.ipynb"
    handout.write_text("mine")
    (tmp_path / "a_key" / f"{NAME}.key.json").unlink()
    assert run(tmp_path / "a") == 2
    assert files_of(tmp_path) == {f"a/{NAME}.ipynb": b"mine"}
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "is there already, and nothing was" in error
    assert run(tmp_path / "a", "--force") == 0
    assert handout.read_text("utf-8") != "mine"


@pytest.mark.parametrize("key", ["handout", "handout/deeper", "."])
def test_a_key_is_never_put_where_students_get_it(
    tmp_path: Path, key: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    out = Path("." if key == "." else "handout")
    assert run(out, "--key", key) == 2
    assert "which students get; name a folder outside it" in capsys.readouterr().err
    assert files_of(tmp_path) == {}


@pytest.mark.parametrize("more", [("--lesson", "99"), ("--lesson", "three"),
                                  ("--seed", "-1"), ("--seed", "x")])
def test_a_wrong_number_is_refused(
    tmp_path: Path, more: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        run(tmp_path / "out", *more)
    assert left.value.code == 2 and "expected a" in capsys.readouterr().err
    assert files_of(tmp_path) == {}


def test_a_folder_that_cannot_be_made_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert run(tmp_path / "file" / "out") == 2
    assert capsys.readouterr().err.startswith("ifcn-lab assignment: ")
    assert run(tmp_path / "file") == 2
    assert "file is a file, so" in capsys.readouterr().err


@pytest.mark.parametrize("lesson", ["3", "8"])
def test_any_process_writes_the_same_bytes(tmp_path: Path, lesson: str) -> None:
    sums = set()
    for turn, hashes in enumerate(("0", "4242")):
        out = tmp_path / str(turn) / "out"
        command = [sys.executable, "-m", "ifcn_lab", "assignment", "--lesson", lesson,
                   "--seed", "11", "--out", str(out), "--solutions", "--nbgrader"]
        subprocess.run(command, check=True, capture_output=True,
                       env={**os.environ, "PYTHONHASHSEED": hashes})
        made = files_of(tmp_path / str(turn))
        assert len(made) == 4
        sums.add(sha256(repr(sorted(made.items())).encode()).hexdigest())
    assert len(sums) == 1


def test_help_has_examples_and_says_where_the_key_goes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["assignment", "--help"])
    said = capsys.readouterr().out
    assert "ifcn-lab assignment --lesson 3 --seed 2027 --out handout/" in said
    assert "handout_key beside handout/" in said and "--secret" in said


@pytest.mark.parametrize(("damage", "says"), [
    (lambda text: text[: len(text) // 2], "it is no JSON"),
    (lambda text: "[]", "no key; give the .key.json"),
    (lambda text: text.replace("lab key 2", "lab key 7"), "a key of another version"),
    (lambda text: text.replace('"task"', '"tusk"', 1), "was changed after it was"),
    (lambda text: text.replace('"points": 1', '"points": 9', 1), "was changed after"),
    (lambda text: text.replace('"exact"', '"about"', 1), "was changed after it was"),
    (lambda text: text.replace('"seed": 2027', '"seed": 2028'), "was changed after"),
    (lambda text: text.replace("\n", "\r\n"), "was changed after it was written"),
])
def test_a_damaged_key_says_what_is_wrong(tmp_path: Path, damage, says: str) -> None:
    assert run(tmp_path / "out") == 0
    path = tmp_path / "out_key" / f"{NAME}.key.json"
    path.write_text(damage(path.read_text("utf-8")), encoding="utf-8", newline="")
    with pytest.raises(ValueError, match=says) as told:
        read_key(path)
    assert str(told.value).startswith(f"{path}: ")


def test_no_changed_key_is_read(tmp_path: Path) -> None:
    """Bytes turned, taken out, put in, doubled; files cut off: 600, the seeds fixed."""
    assert run(tmp_path / "out") == 0
    path = tmp_path / "out_key" / f"{NAME}.key.json"
    whole, rng = path.read_bytes(), Random(14)
    for turn in range(600):
        at, more = rng.randrange(len(whole)), rng.randrange(1, 60)
        damaged = [whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)])
                   + whole[at + 1:],
                   whole[:at] + whole[at + more:],
                   whole[:at] + rng.randbytes(more) + whole[at:],
                   whole[:at] + whole[at:at + more] + whole[at:],
                   whole[:at],
                   whole[:at] + rng.choice(b"0123456789 ,\n").to_bytes()
                   + whole[at + 1:]][turn % 6]
        if damaged == whole:
            continue
        path.write_bytes(damaged)
        with pytest.raises(ValueError) as told:
            read_key(path)
        assert str(told.value).startswith(f"{path}: ")
    path.write_bytes(whole)
    assert read_key(path).seed == 2027


def test_a_picture_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(ValueError, match="no key, but a file that is no text"):
        read_key(path)
    with pytest.raises(OSError):
        read_key(tmp_path / "nowhere.key.json")


def test_a_key_is_sorted_json_with_one_line_at_its_end(tmp_path: Path) -> None:
    assert run(tmp_path / "out") == 0
    text = (tmp_path / "out_key" / f"{NAME}.key.json").read_text("utf-8")
    document = json.loads(text)
    again = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    assert text == again and document["format"] == "ifcn-lab key 2"
    for function in document["functions"]:
        assert function["points"] == sum(c["points"] for c in function["cases"])
