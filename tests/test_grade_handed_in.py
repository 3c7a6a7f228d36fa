"""Every way in which students hand in: endings, archives, platforms, odd entries."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest

from ifcn_course.grading.submissions import submissions, take
from tests.grade_cases import TRUST, Ground, notebook
from tests.zoo import ADD, HONEST

BOOK = notebook(HONEST)


def packed(entries: dict[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return file.getvalue()


def taken(place: Path) -> dict[str, tuple[str, str]]:
    """By student: which notebook is graded, and what is said of it."""
    found = {}
    for one in submissions(place):
        into = place.parent / "taken" / str(len(found))
        into.mkdir(parents=True)
        try:
            got = take(one, into, ["add", "table", "target"])
            found[one.name] = (got.notebook, "; ".join(got.notes))
        except ValueError as error:
            found[one.name] = ("", str(error))
    return found


def class_of(folder: Path, files: dict[str, str | bytes]) -> dict[str, tuple[str, str]]:
    for name, content in files.items():
        path = folder / "class" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return taken(folder / "class")


def class_in(folder: Path, archive: bytes) -> dict[str, tuple[str, str]]:
    (folder / "class.zip").write_bytes(archive)
    return taken(folder / "class.zip")


def test_work_under_another_ending_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = packed({"hw/hw.ipynb": BOOK})
    found = class_of(tmp_path, {
        "ada.ipynb.txt": BOOK, "bob.json": BOOK, "cem.ipynb (1)": BOOK, "dan.txt": BOOK,
        "eve.zip": inner, "fay/two.zip": packed({"one.zip": inner}),
        "gil/deep/hw.ipynb": BOOK, "list.csv": "ada,bob"})
    assert {name: book for name, (book, _) in found.items()} == {
        "ada": "ada.ipynb.txt", "bob": "bob.json", "cem": "cem.ipynb (1)",
        "dan": "dan.txt", "eve": "eve/hw/hw.ipynb", "fay": "two/one/hw/hw.ipynb",
        "gil": "deep/hw.ipynb"}
    assert capsys.readouterr().err == "not taken for anybody's work: list.csv\n"


def test_python_alone_is_graded_and_said(tmp_path: Path) -> None:
    ground = Ground(tmp_path)
    (ground.folder / "dora.py").write_text("\n\n".join(HONEST), "utf-8")
    assert ground.grade(TRUST) == 0
    dora = ground.students()["dora"]
    assert dora["points"] == 10
    assert dora["problems"] == ["no notebook was handed in; dora.py was graded"]


def test_what_cannot_be_read_says_what_there_is(tmp_path: Path) -> None:
    deep = packed({"hw.ipynb": BOOK})
    for _ in range(9):
        deep = packed({"in.zip": deep})
    (tmp_path / "class" / "Joe").mkdir(parents=True)
    found = class_of(tmp_path, {
        "Ada.html": "<html>", "Bob.tar.gz": b"\x1f\x8b", "Cy.zip": b"Rar!",
        "Dee.zip": deep})
    assert [book for book, _ in found.values() if book] == []
    said = {name: said.removeprefix("no notebook (.ipynb) was handed in, ")
            for name, (_, said) in found.items()}
    assert said.pop("Dee").endswith("Dee/in/in/in.zip was not opened")
    assert said == {
        "Ada": "but Ada.html", "Bob": "but Bob.tar.gz", "Joe": "nor anything else",
        "Cy": "but Cy.zip; Cy.zip cannot be unpacked (File is not a zip file)"}


@pytest.mark.parametrize(("files", "chosen", "why"), [
    ({"draft.ipynb": BOOK, "final.ipynb": notebook([ADD])}, "final.ipynb", "a draft"),
    ({"final.ipynb": "{}", "hw.ipynb": BOOK}, "hw.ipynb", "holds functions"),
    ({"z.ipynb": notebook(HONEST[:1]), "a.ipynb": BOOK}, "a.ipynb", "holds more"),
    ({"hw.ipynb": BOOK, "hw_final.ipynb": BOOK}, "hw_final.ipynb", "says final"),
])
def test_of_several_notebooks_the_page_says_which_and_why(
    tmp_path: Path, files: dict[str, str], chosen: str, why: str
) -> None:
    found = class_of(tmp_path, {f"Ada/{name}": text for name, text in files.items()})
    book, said = found["Ada"]
    (other,) = files.keys() - {chosen}
    assert book == chosen and why in said and said.endswith(f"left out: {other}")


def test_of_equal_notebooks_the_newest_is_taken(tmp_path: Path) -> None:
    class_of(tmp_path, {"Ada/a.ipynb": BOOK, "Ada/b.ipynb": BOOK})
    os.utime(tmp_path / "class" / "Ada" / "b.ipynb", (1, 1))
    (one,) = submissions(tmp_path / "class")
    (tmp_path / "again").mkdir()
    got = take(one, tmp_path / "again", [])
    assert (got.notebook, "the newest" in got.notes[0]) == ("a.ipynb", True)


SYSTEMS = {
    "moodle": ({"Müller Jörg_101_assignsubmission_file_/hw.ipynb": BOOK,
                "Müller Jörg_101_assignsubmission_onlinetext_/onlinetext.html": "",
                "Ng An_102_assignsubmission_onlinetext_/onlinetext.html": ""},
               {"Müller Jörg": "hw.ipynb", "Ng An": ""}),
    "canvas": ({"doejane_LATE_12345_67890_hw-1.ipynb": BOOK,
                "doejane_12345_67889_hw.ipynb": BOOK, "roebob_99_4_a.ipynb": BOOK,
                "poesue_12347_text.html": "done"},
               {"doejane": "doejane_LATE_12345_67890_hw-1.ipynb", "poesue": "",
                "roebob_99_4_a": "roebob_99_4_a.ipynb"}),
    "dates": ({"hw_202_20261130_a.ipynb": BOOK, "hw_202_20261201_b.ipynb": BOOK},
              {"hw_202_20261130_a": "hw_202_20261130_a.ipynb",
               "hw_202_20261201_b": "hw_202_20261201_b.ipynb"}),
    "blackboard": ({"HW_1_ada_attempt_2026-11-30-10-11-12_final.ipynb": BOOK,
                    "HW_1_ada_attempt_2026-12-01-10-11-12_hw.ipynb": BOOK,
                    "HW_1_ada_attempt_2026-12-01-10-11-12.txt": "Name: Ada",
                    "HW_1_bob_attempt_2026-11-30-10-11-12.txt": "Name: Bob"},
                   {"ada": "HW_1_ada_attempt_2026-12-01-10-11-12_hw.ipynb", "bob": ""}),
    "nbgrader": ({"submitted/ada/hw3/x.ipynb": BOOK, "source/hw3/x.ipynb": BOOK,
                  "submitted/bob/hw3/timestamp.txt": "2026", "gradebook.db": ""},
                 {"ada": "hw3/x.ipynb", "bob": ""}),
}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("system", SYSTEMS)
def test_names_of_learning_platforms(tmp_path: Path, system: str, zipped: bool) -> None:
    files, students = SYSTEMS[system]
    found = class_in(tmp_path, packed(files)) if zipped else class_of(tmp_path, files)
    assert {name: book for name, (book, _) in found.items()} == students


@pytest.mark.parametrize(("raw", "name"), [
    ("Jörg".encode(), "Jörg"), ("Jörg".encode("cp437"), "Jörg"),
    ("Jo\u0308rg".encode(), "Jörg"), (b"Ada\\hw", "Ada")])
def test_names_in_an_archive_come_out_right(
    tmp_path: Path, raw: bytes, name: str
) -> None:
    stand_in = "x" * len(raw)
    archive = packed({f"{stand_in}.ipynb": BOOK, "Zoe.ipynb": BOOK})
    found = class_in(tmp_path, archive.replace(stand_in.encode(), raw))
    assert sorted(found) == sorted([name, "Zoe"]) and found[name][0]


def damaged(archive: bytes, at: int, value: int, flags: int = 0) -> bytes:
    """An archive with a byte of its last entry's directory changed."""
    made = bytearray(archive)
    made[made.rfind(b"PK\1\2") + at] = value
    made[made.rfind(b"PK\3\4") + 6] |= flags
    return bytes(made)


TWO = packed({"Ada.ipynb": BOOK, "Bob.ipynb": BOOK})
ODD = {
    "leads out": packed({"Ada.ipynb": BOOK, "../Bob.ipynb": BOOK}),
    "leads out of": packed({"Ada.ipynb": BOOK, "C:\\Bob.ipynb": BOOK}),
    "too long": packed({"Ada.ipynb": BOOK, f"Bob/{'b' * 300}.ipynb": BOOK}),
    "control characters": packed({"Ada.ipynb": BOOK, "Bob/\x1b.ipynb": BOOK}),
    "or 128 MB": packed({"Ada.ipynb": BOOK, "Bob.ipynb": bytes(2**27 + 1)}),
    "more than": packed({"Ada.ipynb": BOOK, **{f"Bob/{i}": "" for i in range(2001)}}),
    "128 MB were handed in": packed({"Ada.ipynb": BOOK, "Bob.zip": packed(
        {f"{i}.txt": bytes(2**26) for i in range(3)})}),
    "encrypted": damaged(TWO, 8, 1, flags=1),
    "compression method": damaged(TWO, 10, 9),
    "CRC": damaged(TWO, 16, 0),
    "differ": damaged(packed({"Ada.ipynb": BOOK, "Bob/é.ipynb": BOOK}), 50, 255),
    "is a file and a folder": packed(
        {"Ada.ipynb": BOOK, "Bob/a": "", "Bob/a/b": "", "Bob/hw.ipynb": BOOK}),
    "of several notebooks": packed(
        {"Ada.ipynb": BOOK, "Bob.ipynb": BOOK, "Bob/a.ipynb": BOOK}),
    "nor anything else": packed({"Ada.ipynb": BOOK, "Bob.ipynb/": ""}),
}


@pytest.mark.parametrize("words", ODD)
def test_one_odd_entry_of_an_archive_costs_nobody_else(
    tmp_path: Path, words: str
) -> None:
    found = class_in(tmp_path, ODD[words])
    assert sorted(found) == ["Ada", "Bob"]
    assert found["Ada"] == ("Ada.ipynb", "") and words in found["Bob"][1]


@pytest.mark.parametrize("archive", [
    packed({"c.zip": packed({"s/Ada/hw.ipynb": BOOK, "s/Bob/hw.ipynb": BOOK})}),
    packed({"s/Ada.ipynb": BOOK, "s/Bob.ipynb": BOOK, "README.txt": ""})])
def test_a_folder_or_archive_around_the_class_is_no_student(
    tmp_path: Path, archive: bytes
) -> None:
    assert sorted(class_in(tmp_path, archive)) == ["Ada", "Bob"]


def test_a_list_of_names_that_leads_behind_an_archives_end_is_told(
    tmp_path: Path
) -> None:
    note, entry = b"." * 20 + b"PK\1\2..", bytearray(46)
    entry[:4], entry[9], entry[28], entry[32] = b"PK\1\2", 8, 2, 22 + len(note) - 6
    ends = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 48, 0, len(note))
    found = class_of(tmp_path, {"Ada.zip": bytes(entry) + b"\xff\xfe" + ends + note,
                                "Bob.ipynb": BOOK})
    assert "cannot be unpacked" in found["Ada"][1] and found["Bob"][0] == "Bob.ipynb"


@pytest.mark.parametrize("name", ["class.zip", "class.tar.gz"])
def test_what_is_no_archive_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(TWO[:-30])
    with pytest.raises(ValueError, match="unpack it"):
        submissions(tmp_path / name)
