"""Names of pictures as other systems, tools and web addresses write them."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote


def picture_in(folder: str | Path, name: str) -> str | None:
    """Find a file by its name with backslashes, percent signs or other accents, too.

    The name as it stands goes before all others.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> Path(folder.name, "d é.png").touch()
    >>> picture_in(folder.name, "d%20e%CC%81.png"), picture_in(folder.name, "e.png")
    ('d é.png', None)
    >>> folder.cleanup()
    """
    slashes = name.replace("\\", "/").lstrip("/")
    for known in (name, slashes, unquote(name), unquote(slashes), quote(slashes)):
        for form in (known, *(unicodedata.normalize(f, known) for f in ("NFC", "NFD"))):
            if os.path.isfile(os.path.join(folder, form)):
                return form
    return None


class PictureNames:
    """Tells which of the pictures listed, by id, a name or a path means.

    What is compared is the longest end of the path that is listed at all.

    >>> names = PictureNames({1: "x/a.png", 2: "y\\\\a.png", 3: "c%20d.png", 4: "e"})
    >>> [names.find(name) for name in ("/data/y/a.png", "b.png", "c d.png", "e.jpg")]
    [2, None, 3, 4]
    >>> names.all("a.png")
    {1, 2}
    """

    def __init__(self, listed: Mapping[int | str, str]) -> None:
        self._keys: dict[str, set[int | str]] = defaultdict(set)
        for key, name in listed.items():
            for end in _ends(name):
                self._keys[end].add(key)

    def all(self, name: str) -> set[int | str]:
        """Give every id that the name may mean."""
        ends = (*_ends(name), Path(name).stem)  # data sets list names without suffix
        return next((self._keys[end] for end in ends if end in self._keys), set())

    def find(self, name: str) -> int | str | None:
        """Give the id if there is just one."""
        keys = self.all(name)
        return next(iter(keys)) if len(keys) == 1 else None


def _ends(name: str) -> Iterator[str]:
    """Give the name as it is, whole, and the ends of its path, longest first."""
    plain = unicodedata.normalize("NFC", unquote(name.replace("\\", "/")))
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    yield f"/{name}"
    yield f"/{'/'.join(parts)}"
    yield from ("/".join(parts[start:]) for start in range(len(parts)))
