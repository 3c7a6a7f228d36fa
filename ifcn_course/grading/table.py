"""Grades as files: a table for a spreadsheet, and everything as JSON."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import ifcn_lab
from ifcn_course.assignment.key import Key
from ifcn_course.grading.results import Result

FORMAT = "ifcn-lab grades 1"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def csv_text(results: Sequence[Result], key: Key) -> str:
    """One row for each student: points, percent, points by function, problems."""
    out = io.StringIO()
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
    """Text that no spreadsheet takes for a formula.

    >>> _harmless("=1+1"), _harmless("Ada")
    ("'=1+1", 'Ada')
    """
    return "'" + text if text.lstrip(" ").startswith(_FORMULA) else text


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
            "walls": walls}


def read_kept(path: Path, now: Mapping[str, object]) -> list[Result]:
    """The results of an earlier grading in the same circumstances; else none.

    Raises:
        ValueError: the file is something else, which must not be overwritten.
    """
    if not path.exists():
        return []
    try:
        document: Any = json.loads(path.read_text("utf-8"))
        if document["format"] != FORMAT:
            raise KeyError("format")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no report of ifcn-lab grade ({error}); move it "
                         "away or name another --report") from None
    if any(document.get(name) != now[name] for name in now):
        return []
    return [Result.from_document(made) for made in document["students"]]


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
