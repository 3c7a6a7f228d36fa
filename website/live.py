"""Run a lesson once and keep the page of every widget that it shows.

What was kept is used again until the lesson, the library or the data change.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from lessons import build, canonical
from lessons.capture import PAGE

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "widgets"

Pages = dict[tuple[str, int], str]
"""HTML by the cell's id and the number of the widget in that cell."""


def pages(path: Path, kept: Path = KEPT) -> Pages:
    """The pages of a notebook's widgets, from an earlier run if nothing changed."""
    folder = _folder(path, kept)
    if not folder.is_dir():
        _keep(shown(build.run(_bare(path), path.parent)), folder)
        for old in kept.glob(f"{path.stem}-*"):
            if old != folder:
                _forget(old)
    return _read(folder)


def is_kept(path: Path, kept: Path = KEPT) -> bool:
    """Whether the pages of a notebook's widgets are there without running it."""
    return _folder(path, kept).is_dir()


def key(notebook: NotebookNode) -> str:
    """Sixteen digits that change with the lesson's code, the library or the data."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    digest = sha256("\0".join(code).encode())
    files = [p for package in ("ifcn_lab", "ifcn_course")
             for p in (ROOT / package).rglob("*")
             if p.suffix in (".py", ".js", ".css")]
    for path in [*sorted(files), ROOT / "data" / "SHA256SUMS"]:
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def shown(notebook: NotebookNode) -> Pages:
    """The pages that a notebook's outputs hold."""
    found: Pages = {}
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        held = [o.data[PAGE] for o in outputs if PAGE in o.get("data", {})]
        found |= {(cell.id, n): page for n, page in enumerate(held)}
    return found


def _bare(path: Path) -> NotebookNode:
    return canonical.bare(nbformat.read(path, as_version=4))


def _folder(path: Path, kept: Path) -> Path:
    return kept / f"{path.stem}-{key(_bare(path))}"


def _keep(found: Pages, folder: Path) -> None:
    half = folder.with_name(folder.name + ".half")
    _forget(half)
    half.mkdir(parents=True)
    for (cell, n), page in found.items():
        (half / f"{cell}.{n}.html").write_text(page, encoding="utf-8")
    half.rename(folder)


def _read(folder: Path) -> Pages:
    found: Pages = {}
    for path in sorted(folder.glob("*.html")):
        cell, n, _ = path.name.rsplit(".", 2)
        found[cell, int(n)] = path.read_text(encoding="utf-8")
    return found


def _forget(folder: Path) -> None:
    for path in folder.glob("*"):
        path.unlink()
    if folder.is_dir():
        folder.rmdir()

