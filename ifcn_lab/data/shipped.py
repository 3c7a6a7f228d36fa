"""The small files that come with the course: weights, golden vectors, a film.

They lie in `data/` of a checkout and in `ifcn_lab/_data` of an installed package.
`data/SHA256SUMS` lists each one; `python -m ifcn_lab.data.shipped` writes it anew.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from ifcn_lab.atomic_write import write_whole

_SUMS = "SHA256SUMS"


def folder() -> Path:
    """Return the folder of shipped files, wherever the package runs from.

    >>> folder().is_dir()
    True
    """
    package = Path(__file__).parent.parent
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent / "data"


def path(name: str) -> Path:
    """Return the path of one shipped file.

    Raises:
        FileNotFoundError: no file of that name ships; the message lists those that do.

    >>> path("README.md").name
    'README.md'
    """
    found = folder() / name
    if not found.is_file():
        have = ", ".join(sorted(listed())) or "none"
        raise FileNotFoundError(f"no file {name!r} ships; these do: {have}")
    return found


def constraints() -> Path:
    """Return the path of `constraints.txt`, the versions the course was tested with.

    >>> constraints().name
    'constraints.txt'
    """
    beside = folder() / "constraints.txt"
    return beside if beside.is_file() else folder().parent / "constraints.txt"


def listed() -> dict[str, str]:
    """Return what `SHA256SUMS` says: file name to hexadecimal digest."""
    lines = (folder() / _SUMS).read_text(encoding="utf-8").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines)
    return {name: digest for digest, name in pairs}


def checksums() -> dict[str, str | None]:
    """Compare every listed file with its checksum.

    Returns each file name with None where the bytes are the shipped ones, or else
    with the reason: "missing" or "changed".

    >>> set(checksums().values()) <= {None}
    True
    """
    root = folder()
    return {name: _problem(root / name, digest) for name, digest in listed().items()}


def _problem(file: Path, digest: str) -> str | None:
    if not file.is_file():
        return "missing"
    return None if _digest(file) == digest else "changed"


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def _sums(root: Path) -> str:
    """Return the text of `SHA256SUMS` for all files under `root` but the cards."""
    files = sorted(p for p in root.rglob("*.*") if p.is_file() and p.suffix != ".md")
    return "".join(f"{_digest(p)}  {p.relative_to(root).as_posix()}\n" for p in files)


if __name__ == "__main__":
    write_whole(folder() / _SUMS, _sums(folder()))
    print(f"{_SUMS}: {len(listed())} files")
