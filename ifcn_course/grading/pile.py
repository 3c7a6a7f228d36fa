"""What one student handed in, read into memory, and which notebook of it is graded."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from hashlib import sha256
from pathlib import Path, PurePosixPath

from ifcn_course.grading.archive import MOST_BYTES, File, zipped
from ifcn_course.grading.safe_text import clean

_NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json| ?\(\d+\))?$", re.IGNORECASE)
_ATTEMPT = re.compile(r"_attempt_(\d{4}(?:-\d\d){5})"  # Blackboard's and Canvas's
                      r"|^[^_]+(?:_LATE)?_\d{3,}_(\d{5,})_")
_DRAFT, _FINAL = (re.compile(rf"(?<![a-z])({words})(?![a-z])", re.IGNORECASE)
                  for words in ("draft|old|backup|checkpoint|entwurf", "final"))
_WHY = ("it holds functions that were asked for", "it is of the last attempt",
        "the name of the other says that it is a draft or old",
        "it holds more of the functions", "its name says final", "it is the newest",
        "its name comes last")
_MOST_FILES, _DEEPEST = 2_000, 3


def is_notebook(name: str, content: bytes = b"") -> bool:
    """Whether a file is a notebook, by its name or, under other names, its content.

    >>> is_notebook("hw.ipynb.txt"), is_notebook("hw.json", b'{"nbformat": 4}')
    (True, True)
    """
    return bool(_NOTEBOOK.search(name)) or (
        content[:99].lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{")
        and b'"nbformat"' in content)


def is_code(name: str, content: bytes) -> bool:
    """Whether a file is Python text."""
    return name.lower().endswith(".py") or (
        name.lower().endswith(".txt") and b"def " in content)


class Pile:
    """The files of a submission by name, and notes on what could not be read."""

    def __init__(self, files: Iterable[File]) -> None:
        self.files: dict[str, bytes] = {}
        self.notes: list[str] = []
        self._when: dict[str, tuple[int, ...]] = {}
        self._spent = 0
        self._add(files)
        self._open_archives()

    def _add(self, files: Iterable[File], under: str = "") -> None:
        for file in files:
            name = first = PurePosixPath(under, *file.parts)
            number = 1
            while str(name) in self.files:  # in two folders, or twice in an archive
                number += 1
                name = first.with_stem(f"{first.stem} ({number})")
            try:
                self.files[str(name)] = content = file.content()
                self._when[str(name)] = file.when
                self._spent += len(content)
            except ValueError as error:
                self.notes.append(f"{clean(name, 99)} {clean(error)}; left out")
                self._spent += 2**20  # it took time, too
            if self._spent > MOST_BYTES or len(self.files) > _MOST_FILES:
                raise ValueError(f"more than {_MOST_FILES} files or "
                                 f"{MOST_BYTES >> 20} MB were handed in")

    def _open_archives(self) -> None:
        """Open what is a .zip, and what is one in that, until there is a notebook."""
        known: set[str] = set()
        for depth in range(_DEEPEST + 1):
            shut = [name for name in self.files
                    if name.lower().endswith(".zip") and name not in known]
            if depth == _DEEPEST or self._named(is_notebook):
                break
            known = set(self.files)
            for name in shut:
                try:
                    inside = zipped(self.files[name])
                except ValueError as error:
                    self.notes.append(f"{clean(name, 99)} {clean(error)}")
                else:
                    self._add((f for f in inside if not f.folder), name[:-len(".zip")])
        self.notes += [f"{clean(name, 99)} was not opened" for name in shut]

    def _named(self, kind: Callable[[str, bytes], bool]) -> list[str]:
        return [name for name, content in self.files.items() if kind(name, content)]

    def chosen(self, names: Collection[str]) -> str | None:
        """The notebook to grade, or else the Python file; notes say why that one.

        The better one holds functions of `names` at all, is of a later attempt, is no
        draft, holds more of them, is final, is newer, has the later name: the first of
        these that tells two apart decides.
        """
        def rank(name: str) -> tuple:
            attempt = _ATTEMPT.search(name)
            held = sum(f"def {one}(".encode() in self.files[name] for one in names)
            return (held > 0, (attempt[1] or attempt[2]).rjust(20) if attempt else "",
                    not _DRAFT.search(name), held, bool(_FINAL.search(name)),
                    self._when[name], PurePosixPath(name).with_suffix("").parts)

        books = sorted(self._named(is_notebook) or self._named(is_code), key=rank)
        if len(books) > 1:
            best, second = rank(books[-1]), rank(books[-2])
            why = next(why for why, one, other in zip(_WHY, best, second, strict=True)
                       if one != other or why == _WHY[-1])
            self.notes.append(clean(f"of several notebooks {books[-1]} was graded, as "
                                    f"{why}; left out: {', '.join(books[-2::-1])}"))
        return books[-1] if books else None

    def write(self, into: Path) -> None:
        """Write all files into a folder, where every user may read them."""
        for name, content in self.files.items():
            target = into / name
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                self.notes.append(clean(f"{name} is a file and a folder; left out"))
        for made in (into, *into.rglob("*")):
            made.chmod(0o755 if made.is_dir() else 0o644)

    def digest(self) -> str:
        """A sum over all names and contents."""
        sums = [f"{sha256(content).hexdigest()} {name}"
                for name, content in sorted(self.files.items())]
        return sha256("\n".join(sums).encode("utf-8", "surrogatepass")).hexdigest()
