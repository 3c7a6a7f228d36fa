"""Find who handed in what, and copy it without following a link out of the folder."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ifcn_course.grading.safe_text import clean

_MOODLE = re.compile(r"(.+?)_(\d+)_assignsubmission_[a-z]+_?(.*)$")
_MOST_FILES, _MOST_BYTES = 2_000, 128 * 2**20
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Submission:
    """What one student handed in: a notebook, or a folder with one or several."""

    name: str
    place: Path


def submissions(folder: Path, leave_out: Collection[Path] = ()) -> list[Submission]:
    """The submissions of a folder, by name; a notebook alone is a submission too.

    Names come from files (`Ada.ipynb`) or folders (`Ada/homework.ipynb`, and Moodle's
    `Ada_123_assignsubmission_file/homework.ipynb`).

    Raises:
        FileNotFoundError: no such folder.
        ValueError: there is nothing in it to grade.
    """
    if not folder.exists():
        raise FileNotFoundError(f"no folder {folder}; give the folder of submissions")
    places = sorted(folder.iterdir()) if folder.is_dir() else [folder]
    closed = {path.resolve() for path in leave_out}
    found = [Submission(_name(place), place) for place in places
             if _counts(place) and place.resolve() not in closed]
    if not found:
        raise ValueError(f"nothing to grade in {folder}; it should hold one .ipynb or "
                         "one folder for each student")
    return _named_apart(found)


def _counts(place: Path) -> bool:
    """Whether this is a submission: a notebook, or a folder, or a link to anything."""
    if place.name.startswith((".", "__")):
        return False
    return place.suffix.lower() == ".ipynb" or (place.is_dir()
                                                and not place.is_symlink())


def _name(place: Path) -> str:
    """The student's name.

    >>> _name(Path("Ada Lovelace_4711_assignsubmission_file"))
    'Ada Lovelace'
    """
    stem = place.stem if place.suffix.lower() == ".ipynb" else place.name
    moodle = _MOODLE.match(stem)
    return clean(moodle[1] if moodle else stem, _LONGEST_NAME) or "unnamed"


def _named_apart(found: list[Submission]) -> list[Submission]:
    """Tell students of one name apart by their files' names."""
    names = [one.name for one in found]
    apart = [
        Submission(clean(one.place.name, _LONGEST_NAME), one.place)
        if names.count(one.name) > 1 else one
        for one in found
    ]
    used: set[str] = set()
    for i, one in enumerate(apart):  # names may differ in what is not shown, or in case
        name, number = one.name, 2
        while name.casefold() in used:
            name, number = f"{one.name} ({number})", number + 1
        used.add(name.casefold())
        apart[i] = Submission(name, one.place)
    return sorted(apart, key=lambda one: (one.name.casefold(), one.place.name))


@dataclass(frozen=True)
class Taken:
    """A submission's files, copied: the notebook's content and what stands beside."""

    notebook: str
    content: bytes
    digest: str
    notes: tuple[str, ...] = ()


def take(submission: Submission, into: Path, names: Collection[str]) -> Taken:
    """Copy a submission's files into a folder and read its notebook.

    Of several notebooks the one that defines most of the `names` is taken.

    Raises:
        ValueError: there is no notebook, or only a link to one, or far too much.
        OSError: a file cannot be read.
    """
    files, notes = {}, []
    for name, path in _files(submission.place):
        content = _content(path)
        if content is None:
            notes.append(f"{clean(name)} is no ordinary file; left out")
            continue
        files[name] = content
        if sum(map(len, files.values())) > _MOST_BYTES or len(files) > _MOST_FILES:
            raise ValueError(f"more than {_MOST_FILES} files or "
                             f"{_MOST_BYTES >> 20} MB were handed in")
    chosen = _chosen(files, names)
    if chosen is None:
        raise ValueError("; ".join(["no notebook (.ipynb) was handed in", *notes]))
    if sum(map(_is_notebook, files)) > 1:
        notes.append(f"of several notebooks {clean(chosen)} was graded")
    _write(files, into)
    return Taken(clean(chosen), files[chosen], _digest(files), tuple(notes))


def _files(place: Path) -> Iterator[tuple[str, Path]]:
    """Every file with its name in the submission; folders behind links are left out."""
    if place.is_symlink() or not place.is_dir():
        yield place.name, place
        return
    for folder, folders, names in os.walk(place):
        folders.sort()
        folders[:] = [f for f in folders if not f.startswith((".", "__"))]
        for name in sorted(names):
            path = Path(folder, name)
            yield path.relative_to(place).as_posix(), path


def _content(path: Path) -> bytes | None:
    """What is in an ordinary file; None for a link, a pipe, a device."""
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= getattr(os, "O_BINARY", 0)
    if path.is_symlink():
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | flags)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return None
        if about.st_size > _MOST_BYTES:
            raise ValueError(f"{clean(path.name)} is larger than "
                             f"{_MOST_BYTES >> 20} MB")
        return file.read(_MOST_BYTES)


def _is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb")


def _chosen(files: dict[str, bytes], names: Collection[str]) -> str | None:
    books = [name for name in files if _is_notebook(name)]
    wanted = [f"def {name}(".encode() for name in names]
    return max(books, default=None,
               key=lambda name: sum(text in files[name] for text in wanted))


def _write(files: dict[str, bytes], into: Path) -> None:
    for name, content in files.items():
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    for made in (into, *into.rglob("*")):  # for a user without rights
        made.chmod(0o755 if made.is_dir() else 0o644)


def _digest(files: dict[str, bytes]) -> str:
    sums = [f"{sha256(content).hexdigest()} {name}"
            for name, content in sorted(files.items())]
    return sha256("\n".join(sums).encode("utf-8", "surrogateescape")).hexdigest()
