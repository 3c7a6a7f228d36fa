"""What is wrong with a file, all of it, or that it is not there."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

TOLD = 10  # so many places of each kind are told


class Unreadable(ValueError):
    """Something in a file that cannot be read: what is wrong, and what was given."""

    def __init__(self, what: str, given: str = "") -> None:
        super().__init__(f"{what} ({given})" if given else what)
        self.what, self.given = what, given


class Faults:
    """Collects all that is wrong with a file while it is read, by kind.

    ``place`` is what is being read. ``refused`` counts what had to be left out,
    ``count`` that and what was understood all the same.

    >>> faults = Faults(Path("objects.json"))
    >>> for faults.place in ("annotation 3", "annotation 5"):
    ...     faults.note("has no category", "None")
    >>> print(faults)
    objects.json: annotation 3 (None), annotation 5 (None): has no category
    """

    def __init__(self, path: Path) -> None:
        self.path, self.place = path, ""
        self.count = self.refused = 0
        self._kinds: dict[str, tuple[int, list[str]]] = {}

    def note(self, what: str, given: str = "") -> None:
        """Note a fault that did not keep the place from being understood."""
        self.count += 1
        count, places = self._kinds.get(what, (0, []))
        if count < TOLD:
            places = [*places, f"{self.place} ({given})" if given else self.place]
        self._kinds[what] = count + 1, places

    def refuse(self, fault: Unreadable) -> None:
        """Note a fault for which something was left out."""
        self.refused += 1
        self.note(fault.what, fault.given)

    def lines(self) -> list[str]:
        """Give a line for each kind of fault."""
        return [
            f"{', '.join(places)}{f' and {count - TOLD} more' * (count > TOLD)}: {what}"
            for what, (count, places) in self._kinds.items()
        ]

    def __str__(self) -> str:
        """All kinds, with the file's name."""
        return f"{self.path}: {'; '.join(self.lines())}"


def near(path: Path) -> str:
    """Say what is there of nearly the name of a path that is not; else nothing.

    >>> near(Path(__file__).with_name("fautls.py"))
    '; faults.py is there'
    """
    first = path.absolute()  # the first part of the path that is missing
    while not first.parent.is_dir():
        first = first.parent
    names = [each.name for each in first.parent.iterdir()]
    return "".join(f"; {n} is there" for n in get_close_matches(first.name, names, 1))


def absent(path: Path, what: str) -> ValueError:
    """Make the error for a path that is not there; it names the nearest one that is.

    >>> str(absent(Path("nosuchfolder/x"), "file"))
    'nosuchfolder/x: there is no such file'
    """
    return ValueError(f"{path}: there is no such {what}{near(path)}")
