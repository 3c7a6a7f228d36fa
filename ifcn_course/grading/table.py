"""Grades as files: a table for a spreadsheet, and everything as JSON."""

from __future__ import annotations

import csv
import io
import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import ifcn_lab
from ifcn_course.assignment.key import Key
from ifcn_course.grading.marking import nothing
from ifcn_course.grading.pages import OURS
from ifcn_course.grading.results import Result
from ifcn_lab.atomic_write import check_writable

FORMAT = "ifcn-lab grades 1"
_FORMULA = re.compile(r'(^|;)(?=[\s"]*[=+\-@\t\r|%＝＋－＠])')  # ; in much of Europe
_BOM = "\ufeff"  # without it Excel takes UTF-8 for the system's old code page
_HEAD = rf"\A{_BOM}name,points,of,percent,.*problems,file\n"
_BEFORE = "graded before the key, the limits or a version changed"


def csv_text(results: Sequence[Result], key: Key) -> str:
    """One row for each student: points, percent, points by function, problems."""
    out = io.StringIO()
    out.write(_BOM)
    table = csv.writer(out, lineterminator="\n")
    names = [f"{one.name} ({one.points})" for one in key.functions]
    table.writerow(["name", "points", "of", "percent", *names, "problems", "file"])
    for one in results:
        points = [function.points for function in one.functions]
        made = [one.points, one.of, one.percent, *points]
        made = made if one.graded else [""] * len(made)
        table.writerow([_harmless(one.name), *made, _harmless("; ".join(one.problems)),
                        _harmless(one.file)])
    return out.getvalue()


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula, also where `;` parts the cells.

    >>> _harmless("=1+1"), _harmless("Ada"), _harmless("Ada; =1")
    ("'=1+1", 'Ada', "Ada;' =1")
    """
    return _FORMULA.sub(r"\1'", text)


def json_text(
    results: Sequence[Result], key: Key, circumstances: Mapping[str, object]
) -> str:
    """Everything, with the circumstances that `read_kept` compares."""
    about = {"lesson": key.lesson, "seed": key.seed, "title": key.title,
             "points": sum(one.points for one in key.functions)}
    document = {"format": FORMAT, "key": about, **circumstances,
                "students": [one.document() for one in results]}
    return json.dumps(document, indent=1) + "\n"


def circumstances(
    digest: str, settings: Mapping[str, object], walls: bool
) -> dict[str, object]:
    """What points depend on besides the submission."""
    versions = {"python": platform.python_version(), "numpy": np.__version__,
                "ifcn_lab": ifcn_lab.__version__}
    return {"key_sha256": digest, "settings": dict(settings), "versions": versions,
            "walls": walls, "follow_through": True}


def check(table: Path, kept: Path, pages: Path) -> None:
    """Ask before grading whether the reports may be written.

    Raises:
        ValueError: `grade` did not write the table, or a page that is there.
        OSError: one of them cannot be written.
    """
    for path in (table, kept, pages / "index.html"):
        check_writable(path)
    ours = {table: _HEAD if kept.exists() else "(?!)",
            **dict.fromkeys(pages.glob("*.html"), re.escape(OURS))}
    for path, begins in ours.items():
        if path.exists() and not re.search(begins, path.read_text("utf-8", "replace")):
            raise ValueError(f"{path} was not written by ifcn-lab grade, or its "
                             f"{kept.name} is gone; move it away or name another "
                             "--report")


def read_kept(path: Path, key: Key, now: Mapping[str, object]) -> list[Result]:
    """The results of an earlier grading of this assignment, or none.

    Those of other circumstances have no digest: they are not taken for up to date.

    Raises:
        ValueError: the file is something else, which must not be overwritten.
    """
    if not path.exists():
        return []
    try:
        document: Any = json.loads(path.read_text("utf-8"))
        if document["format"] != FORMAT:
            raise KeyError("format")
        of = f"{document['key']['lesson']}_{document['key']['seed']}"
        kept = [Result.from_document(made) for made in document["students"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no report of ifcn-lab grade ({error}); move it "
                         "away or name another --report") from None
    if of != key.name:
        raise ValueError(f"{path} holds the grades of {of}, the key is of {key.name}; "
                         "name another --report")
    if all(document.get(name) == now[name] for name in now):
        return kept
    return [_out_of_date(one, key) for one in kept]


def _out_of_date(one: Result, key: Key) -> Result:
    """A result that says so, with the functions that are asked for now."""
    had = {function.name: function for function in one.functions}
    functions = (had.get(new.name, new) for new in nothing(key, "not graded"))
    problems = dict.fromkeys([*one.problems, _BEFORE])
    return replace(one, digest="", functions=tuple(functions), problems=tuple(problems))
