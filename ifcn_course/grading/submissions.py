"""Find who handed in what, and copy it without following a link out of the folder."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ifcn_course.grading.archive import File, on_disk, walked, zipped
from ifcn_course.grading.pile import Pile, is_code, is_notebook
from ifcn_course.grading.safe_text import clean

_SYSTEMS = [re.compile(pattern, re.DOTALL) for pattern in (
    r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+_?.*",  # Moodle
    r"(?P<id>.*_)?(?P<name>[^_]+)_attempt_\d{4}(-\d\d){5}.*",  # Blackboard
    r"(?P<name>[^_A-Z]+)(_LATE)?_(?P<id>\d{3,})_"  # Canvas; a date is no number of it
    r"((?!20\d{6}_)\d{5,}_.+|(text|link)\.html)",
)]
_ENDINGS = re.compile(r"(\.(ipynb|txt|json|py|html?|zip|tar|t?gz|7z|rar|pdf|docx?)"
                      r"|(?<=\.ipynb) ?\(\d+\))+$", re.IGNORECASE)
_BESIDE = (".txt", ".csv", ".tsv", ".xlsx", ".ods", ".md", ".xml", ".log")
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Submission:
    """What one student handed in; `place` is its (first) name in the folder."""

    name: str
    place: str
    files: tuple[File, ...]


def submissions(folder: Path, leave_out: Collection[Path] = ()) -> list[Submission]:
    """The submissions of a folder or a .zip, by name.

    Names come from files (`Ada.ipynb`), folders (`Ada/homework.ipynb`) and what Moodle,
    Canvas, Blackboard and nbgrader make of them. What is nobody's work is told.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: there is nothing in it to grade, or it cannot be unpacked.
    """
    groups: dict[tuple, list[File]] = {}
    for file in _of_class(folder, {path.resolve() for path in leave_out}):
        groups.setdefault(_student(file), []).append(file)
    beside = [key for key, files in groups.items() if all(map(_is_beside, files))]
    if beside:
        names = [clean(groups.pop(key)[0].parts[0], _LONGEST_NAME) for key in beside]
        print(f"not taken for anybody's work: {', '.join(names[:10])}"
              + ", ..." * (len(names) > 10), file=sys.stderr)
    if all(file.refused for files in groups.values() for file in files):
        why = [f"; {clean(files[0].parts[-1])} {files[0].refused}"
               for files in groups.values()]
        raise ValueError(f"nothing to grade in {folder}; it should hold one .ipynb or "
                         f"one folder for each student{''.join(why[:3])}")
    return _named_apart([_submission(*one) for one in groups.items()])


def _of_class(folder: Path, closed: Collection[Path]) -> list[File]:
    """The class's files; the first part of a name tells the student."""
    if not folder.exists():
        raise FileNotFoundError(f"no folder {folder}; give the folder of submissions")
    if not folder.is_dir() and folder.suffix.lower() != ".zip":
        if _ENDINGS.sub("", folder.name) != folder.stem:
            raise ValueError(f"{folder} is no .zip; unpack it and give the folder")
        return [on_disk(folder, folder.name)]
    try:
        inside = list(walked(folder, closed)) if folder.is_dir() else zipped(folder)
        while within := _inside(inside, not folder.is_dir()):
            inside = within
        return inside
    except ValueError as error:
        raise ValueError(f"{folder}: {error}; unpack it, give the folder") from None


def _inside(files: list[File], archive: bool) -> list[File]:
    """What lies in nbgrader's `submitted`, or in an archive in the only folder or .zip.

    Nothing, if that does not hold several students.
    """
    tops = {file.parts[0]: file for file in files
            if not file.refused and not _is_beside(file)}
    nbgrader = "submitted" in tops
    if not nbgrader and (not archive or len(tops) != 1):
        return []
    top = "submitted" if nbgrader else next(iter(tops))
    if top.lower().endswith(".zip") and tops[top].parts == (top,):
        below = zipped(tops[top].content())
        below = _inside(below, archive) or below
    else:
        below = [replace(file, parts=file.parts[1:]) for file in files
                 if file.parts[0] == top and len(file.parts) > 1]
    students = {_student(file) for file in below if file.folder or len(file.parts) > 1
                or is_notebook(file.parts[0]) or _student(file)[1] is not None}
    if not below or not nbgrader and (len(students) < 2
                                      or _student(tops[top])[1] is not None):
        return []
    return below + [file for file in files if file.parts[0] != top
                    and (file.refused or _is_beside(file))]


def _student(file: File) -> tuple[str, str | None]:
    """The student's name, and what tells it from others of that name in such systems.

    >>> _student(File(("Ada Lovelace_4711_assignsubmission_file_",)))
    ('Ada Lovelace', '4711')
    >>> _student(File(("Ada.ipynb.txt",)))
    ('Ada', None)
    """
    for system in _SYSTEMS:
        if found := system.fullmatch(file.parts[0]):
            return found["name"], found["id"] or ""
    return _ENDINGS.sub("", file.parts[0]), None


def _is_beside(file: File) -> bool:
    """Whether a file beside the class's work is nobody's: a list, a note."""
    name, content = file.parts[0], b""
    if len(file.parts) > 1 or file.folder or _student(file)[1] is not None \
            or not name.lower().endswith(_BESIDE):
        return False
    with suppress(ValueError):
        content = file.content()
    return not is_notebook(name, content) and not is_code(name, content)


def _submission(student: tuple, files: list[File]) -> Submission:
    inside = (replace(file, parts=file.parts[1:] or file.parts) for file in files)
    return Submission(clean(student[0], _LONGEST_NAME) or "unnamed",
                      clean(files[0].parts[0], _LONGEST_NAME) or "unnamed",
                      tuple(file for file in inside if not file.folder or file.refused))


def _named_apart(found: list[Submission]) -> list[Submission]:
    """Tell students of one name apart by their files' names."""
    times = Counter(one.name for one in found)
    apart = [replace(one, name=one.place) if times[one.name] > 1 else one
             for one in sorted(found, key=lambda one: one.place)]
    used: set[str] = set()
    for i, one in enumerate(apart):  # names may differ in what is not shown, or in case
        name, number = one.name, 2
        while name.casefold() in used:
            name, number = f"{one.name} ({number})", number + 1
        used.add(name.casefold())
        apart[i] = replace(one, name=name)
    return sorted(apart, key=lambda one: (one.name.casefold(), one.place))


@dataclass(frozen=True)
class Taken:
    """A submission's files, copied: the notebook's content and what stands beside."""

    notebook: str
    content: bytes
    digest: str
    notes: tuple[str, ...] = ()


def take(submission: Submission, into: Path, names: Collection[str]) -> Taken:
    """Copy a submission's files into a folder and read its notebook.

    Archives are opened where no notebook lies beside them, and a Python file is taken
    where there is no notebook; `Pile.chosen` says which of several.

    Raises:
        ValueError: there is nothing to grade, or far too much; says what there is.
    """
    pile = Pile(submission.files)
    chosen = pile.chosen(names)
    if chosen is None:
        said = ", ".join(list(pile.files)[:5])
        raise ValueError("; ".join([
            "no notebook (.ipynb) was handed in, " + (
                f"but {clean(said)}" if said else "nor anything else"), *pile.notes]))
    content = pile.files[chosen]
    if not is_notebook(chosen, content):
        pile.notes.append(f"no notebook was handed in; {clean(chosen)} was graded")
        cell = {"cell_type": "code", "source": content.decode("utf-8-sig", "replace")}
        content = json.dumps({"cells": [cell]}).encode()
    pile.write(into)
    return Taken(clean(chosen), content, pile.digest(), tuple(pile.notes))
