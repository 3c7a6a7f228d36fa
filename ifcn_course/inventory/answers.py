"""One learner's answers: a small CSV file without a name and without a time."""

from __future__ import annotations

import csv
import re
import secrets
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ifcn_course.inventory.questions import form_of, questions, subject

HEAD = "code", "when", "question", "answer"
WHEN = "before", "after"
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Of codes: none of them looks like another one."""
CODE = re.compile(f"[{LETTERS}]{{6}}")
LARGEST = 65_536


class Answers(NamedTuple):
    """Who (a code), when ("before" or "after"), and the letter for each question.

    `form` says which form was asked.
    A question that was left out has no entry.
    """

    code: str
    when: str
    chosen: dict[str, str]
    form: str = "a"

    def text(self) -> str:
        """The CSV file, with one line for each question.

        >>> Answers("ABCDEF", "before", {"copy": "d"}).text().splitlines()[:2]
        ['code,when,question,answer', 'ABCDEF,before,per-class,']
        """
        rows = [(self.code, self.when, asked.name, self.chosen.get(asked.name, ""))
                for asked in questions(self.form)]
        return "".join(f"{','.join(row)}\n" for row in (HEAD, *rows))

    def file_name(self) -> str:
        """What the file is called.

        >>> Answers("ABCDEF", "before", {}).file_name()
        'inventory-before-ABCDEF.csv'
        """
        return f"inventory-{self.when}-{self.code}.csv"


def new_code() -> str:
    """Six letters and digits, drawn at random.

    >>> bool(CODE.fullmatch(new_code()))
    True
    """
    return "".join(secrets.choice(LETTERS) for _ in range(6))


def as_code(text: str) -> str:
    """A code as a learner typed it, in the form it is kept in.

    Raises:
        ValueError: it is no code.

    >>> as_code(" abc def ")
    'ABCDEF'
    """
    code = "".join(text.split()).upper()
    if not CODE.fullmatch(code):
        raise ValueError(f"{text!r} is no code. A code has six letters and digits, "
                         "for instance K7QM2P, and no 0, 1, I, L or O.")
    return code


def read(path: str | Path) -> Answers:
    """Read one file of answers, also after a spreadsheet saved it.

    Raises:
        ValueError: the file is damaged; says how.
        OSError: the file cannot be read.
    """
    return _read(_content(Path(path).stat().st_size, Path(path).read_bytes))


def _read(content: bytes) -> Answers:
    rows = _rows(content)
    if tuple(rows[0]) != HEAD:
        raise ValueError(f"its first line is {', '.join(rows[0])[:60]!r}, expected "
                         f"{', '.join(HEAD)!r}")
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(HEAD):
            raise ValueError(f"line {number} has {len(row)} columns, expected 4")
    return _answers(rows[1:])


def _content(size: int, read: Callable[[], bytes]) -> bytes:
    if size > LARGEST:
        raise ValueError(f"it has {size:,} bytes; answers have 500")
    return read()


def _rows(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is no text in UTF-8") from None
    comma = ";" if ";" in text.partition("\n")[0] else ","
    rows = [[cell.strip() for cell in row]
            for row in csv.reader(text.splitlines(), delimiter=comma)]
    rows = [row for row in rows if any(row)]
    if len(rows) < 2:
        raise ValueError("it is empty")
    return rows


def _answers(rows: list[list[str]]) -> Answers:
    codes, whens = {row[0].upper() for row in rows}, {row[1].lower() for row in rows}
    if len(codes) > 1 or len(whens) > 1:
        raise ValueError("it holds the answers of more than one learner or time")
    (code,), (when,) = codes, whens
    if when not in WHEN:
        raise ValueError(f"it is from {when[:20]!r}, expected before or after")
    chosen: dict[str, str] = {}
    form = form_of(rows[0][2])
    letters = {q.name: [o.letter for o in q.options] for q in questions(form)}
    for _, _, name, letter in rows:
        if name not in letters:
            raise ValueError(f"there is no question {name[:40]!r}")
        if name in chosen:
            raise ValueError(f"question {name!r} stands there twice")
        chosen[name] = letter.lower()
        if chosen[name] and chosen[name] not in letters[name]:
            raise ValueError(f"question {name!r} has no answer {letter[:20]!r}")
    missing = [name for name in letters if name not in chosen]
    if missing:
        raise ValueError(f"question {missing[0]!r} is missing")
    return Answers(as_code(code), when, {n: c for n, c in chosen.items() if c}, form)


def read_folder(
    paths: Iterable[str | Path],
) -> tuple[list[Answers], list[tuple[Path, str]]]:
    """Read files, and every file below folders and in zips; what is none is named.

    A learner who hands in twice counts once: the file with more answers, or the later
    one by name.

    Returns:
        the answers, and each file that was passed over with the reason.

    Raises:
        OSError: a path that is not there.
    """
    kept: dict[tuple[str, str, str], tuple[Path, Answers]] = {}
    passed: list[tuple[Path, str]] = []
    for path, content in _files(paths):
        try:
            found = _read(content())
        except (ValueError, OSError, csv.Error, zipfile.BadZipFile) as error:
            passed.append((path, f"{error}"))
            continue
        key = found.code, found.when, subject(found.form)
        other = kept.get(key)
        if other and len(other[1].chosen) > len(found.chosen):
            passed.append((path, f"{other[0].name} has more answers with its code"))
            continue
        if other:
            passed.append((other[0], f"{path.name} has the same code"))
        kept[key] = path, found
    return [found for _, found in kept.values()], passed


def _files(
    paths: Iterable[str | Path],
) -> Iterator[tuple[Path, Callable[[], bytes]]]:
    """Every file by its name, and how its content is read; archives are opened."""
    for path in map(Path, paths):
        if not path.exists():
            raise OSError(f"there is no {path}; give files of answers, or a folder")
        for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if each.is_dir() or each.name.startswith("."):
                continue
            if is_archive(each):
                yield from _members(each)
            else:
                size = each.stat().st_size if each.is_file() else LARGEST + 1
                yield each, partial(_content, size, each.read_bytes)


def is_archive(path: Path) -> bool:
    """Whether this is a zip, whose files are read as if they lay there."""
    return path.suffix.lower() == ".zip" and zipfile.is_zipfile(path)


def _members(path: Path) -> Iterator[tuple[Path, Callable[[], bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for one in archive.infolist():
            hidden = Path(one.filename).name.startswith(".") or "__MACOSX" in \
                one.filename
            if not one.is_dir() and not hidden:
                yield path / one.filename, partial(
                    _content, one.file_size, partial(archive.read, one))
