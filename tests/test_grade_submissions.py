"""What students hand in: files, folders, links, archives, and names that mean harm."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path

import pytest

from ifcn_course.assignment.key import read_key
from tests.grade_cases import TRUST, Ground, notebook, reasons
from tests.zoo import ADD, HONEST, TABLE


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def test_names_come_from_files_folders_and_moodle(ground: Ground) -> None:
    ground.hand_in("Ada", HONEST)
    for name in ("Bob", "Cleo Q_4711_assignsubmission_file", "Dan"):
        (ground.folder / name).mkdir()
        (ground.folder / name / "hw.ipynb").write_text(notebook(HONEST[:1]), "utf-8")
    (ground.folder / "Dan" / "other.ipynb").write_text(notebook(HONEST), "utf-8")
    (ground.folder / "notes.txt").write_text("ignored")
    assert ground.grade(TRUST) == 0
    found = ground.students()
    points = {name: one["points"] for name, one in found.items()}
    assert points == {"Ada": 10, "Bob": 3, "Cleo Q": 3, "Dan": 10}
    assert found["Dan"]["problems"] == [
        "of several notebooks other.ipynb was graded, as it holds more of the "
        "functions; left out: hw.ipynb"]
    assert ground.rows()["Ada"] == ["10", "10", "100.0", "3", "4", "3", "", "Ada.ipynb"]


def test_students_of_one_name_are_told_apart(ground: Ground) -> None:
    ground.hand_in("Ada", HONEST)
    ground.hand_in("Ada\u200b", [ADD])  # looks the same
    ground.hand_in("ada_1_assignsubmission_file_x", [ADD, TABLE])
    for number in (4711, 4712):
        ground.hand_in(f"Bob_{number}_assignsubmission_file_x", [ADD])
    assert ground.grade(TRUST) == 0
    assert {name: one["points"] for name, one in ground.students().items()} == {
        "Ada.ipynb": 10, "Ada .ipynb": 3, "ada": 7,
        "Bob_4711_assignsubmission_file_x.ipynb": 3,
        "Bob_4712_assignsubmission_file_x.ipynb": 3,
    }
    assert len(list(ground.report.with_suffix("").glob("*.html"))) == 6


def test_what_is_no_notebook_gets_no_points_and_a_reason(ground: Ground) -> None:
    bodies = {"words": "hello", "empty": "", "list": "[]", "other": '{"a": 1}',
              "nested": "[" * 10**5, "number": "9" * 10**5}
    for name, body in bodies.items():
        (ground.folder / f"{name}.ipynb").write_text(body)
    (ground.folder / "binary.ipynb").write_bytes(bytes(range(256)))
    (ground.folder / "no notebook").mkdir()
    (ground.folder / "a folder.ipynb").mkdir()
    ground.hand_in("Ada", HONEST)
    assert ground.grade(TRUST) == 0
    found = ground.students()
    assert {name: one["points"] for name, one in found.items() if one["points"]} == \
        {"Ada": 10}
    assert len(found) == len(bodies) + 4
    said = [" ".join(one["problems"]) for one in found.values() if not one["points"]]
    assert [text for text in said if "no notebook" not in text] == []


def test_a_notebook_of_another_class_is_graded_and_named(ground: Ground) -> None:
    own = read_key(ground.key).name
    for student, said in {"Ada": own, "Bob": "03_assembling_1999", "Eve": [1]}.items():
        document = json.loads(notebook(HONEST))
        document["metadata"]["ifcn_lab"] = {"assignment": said}
        (ground.folder / f"{student}.ipynb").write_text(json.dumps(document), "utf-8")
    assert ground.grade(TRUST) == 0
    found = ground.students()
    assert [one["points"] for one in found.values()] == [10, 10, 10]
    assert found["Ada"]["problems"] == found["Eve"]["problems"] == []
    words = f"this notebook is assignment 03_assembling_1999, the key is of {own}"
    assert found["Bob"]["problems"] == [words]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_out_of_the_folder_are_not_followed(ground: Ground) -> None:
    outside = ground.root / "outside.ipynb"
    outside.write_text(notebook(HONEST), "utf-8")
    (ground.folder / "Link.ipynb").symlink_to(outside)
    (ground.folder / "Broken.ipynb").symlink_to(ground.root / "nowhere")
    eve = ground.folder / "Eve"
    eve.mkdir()
    (eve / "key.json").symlink_to(ground.key)
    (eve / "all").symlink_to(ground.root)
    os.mkfifo(eve / "pipe")
    read = "import os\nfound = {n for n in os.listdir() if n[0] != '.'} - {'hw.ipynb'}"
    target = "def target():\n    return 42 if not found else str(found)"
    (eve / "hw.ipynb").write_text(notebook([read, ADD, TABLE, target]), "utf-8")
    assert ground.grade(TRUST) == 0
    found = ground.students()
    assert {name: one["points"] for name, one in found.items()} == \
        {"Link": 0, "Broken": 0, "Eve": 10}
    assert "Link.ipynb is no ordinary file" in reasons(found["Link"])
    assert {f"{name} is no ordinary file; left out" for name in ("key.json", "pipe")} \
        <= set(found["Eve"]["problems"])


def test_names_that_mean_harm_are_harmless_in_every_report(ground: Ground) -> None:
    names = ["=cmd|'calc'!A1", "@sum", "<img src=x onerror=alert(1)>", "-1+1",
             "é\u202egnp"]
    for name in names:
        ground.hand_in(name, [ADD])
    assert ground.grade(TRUST) == 0
    table = ground.report.read_text("utf-8")
    assert [name for name in ground.rows() if name.startswith(tuple("=+-@"))] == []
    assert len(list(ground.report.with_suffix("").glob("*.html"))) == len(names) + 1
    index = (ground.report.with_suffix("") / "index.html").read_text("utf-8")
    assert "<img" not in index and "&lt;img src=x" in index and "\u202e" not in table


def test_an_archive_is_graded_like_its_folder(ground: Ground) -> None:
    archive = ground.root / "class.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for name in ("Ada", "Bob"):
            made.writestr(f"submissions/{name}/hw.ipynb", notebook(HONEST))
        made.writestr("__MACOSX/submissions/x", "")
        link = zipfile.ZipInfo("submissions/Eve.ipynb")
        link.external_attr = 0o120777 << 16
        made.writestr(link, str(ground.key))
    ground.folder = archive
    assert ground.grade(TRUST) == 0
    assert {n: s["points"] for n, s in ground.students().items()} == \
        {"Ada": 10, "Bob": 10, "Eve": 0}
    assert "Eve.ipynb is no ordinary file" in reasons(ground.students()["Eve"])
    assert list(ground.temporary.iterdir()) == []


@pytest.mark.parametrize("name", ["../out.ipynb", "/tmp/out.ipynb", "a/../../b.ipynb",
                                  "..\\out.ipynb", "C:\\out.ipynb"])
def test_an_archive_that_leads_out_of_its_folder_is_refused(
    ground: Ground, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ground.folder = ground.root / "class.zip"
    with zipfile.ZipFile(ground.folder, "w") as made:
        made.writestr(zipfile.ZipInfo(name), notebook(HONEST))
    assert ground.grade(TRUST) == 2
    assert "leads out of its folder" in capsys.readouterr().err
    assert list(ground.temporary.iterdir()) == []
