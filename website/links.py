"""Where a link of the repository leads on the site.

A lesson, its notebook and its solutions are one page. A Markdown file is a page, a
folder is the page of its README, and any other text file is shown as code. So a reader
without a network can follow every link of a guide down to the code.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
_CODE = re.compile(r"(^(`{3,}).*?^\2`*[ \t]*$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
_LESSON = re.compile(r"(?:lessons|notebooks(?:/solutions)?)/(\d\d_\w+)\.(?:md|ipynb)")
PICTURES = {".png", ".gif", ".jpg", ".svg"}
Note = Callable[[PurePosixPath], None]


def page_of(path: PurePosixPath) -> str | None:
    """The name of the page that shows a file of the repository; None without one.

    >>> page_of(PurePosixPath("notebooks/solutions/03_assembling.ipynb"))
    'lessons/03_assembling'
    >>> page_of(PurePosixPath("ifcn_lab/grid.py"))
    'code/ifcn_lab/grid.py'
    """
    if lesson := _LESSON.fullmatch(path.as_posix()):
        return f"lessons/{lesson[1]}"
    if (ROOT / path).is_dir():
        readme = path / "README.md"
        return page_of(readme) if (ROOT / readme).is_file() else None
    if path.suffix == ".md":
        return path.with_suffix("").as_posix()
    return f"code/{path}" if _is_text(ROOT / path) else None


def rewritten(text: str, origin: PurePosixPath, note: Note) -> str:
    """Markdown whose links lead to pages of the site.

    `note` is called with every file of the repository that the text needs: it is a
    picture, or it has to have a page. A link to a file that can have none becomes
    plain text.
    """
    def link(match: re.Match[str]) -> str:
        return _link(match, origin, note)

    parts = _CODE.split(text)  # prose, code, its fence, prose, ...
    prose = [_LINK.sub(link, part) for part in parts[::3]]
    code = [part or "" for part in parts[1::3]]
    return "".join(a + b for a, b in zip(prose, [*code, ""], strict=True))


def _link(match: re.Match[str], origin: PurePosixPath, note: Note) -> str:
    mark, words, target = match.groups()
    if re.match(r"[a-z]+:|#", target):
        return match[0]
    file, _, place = target.partition("#")
    path = _inside(origin.parent / file)
    if path is None or not (ROOT / path).exists():
        raise ValueError(f"{origin} links to {target}, which is not there; mend the "
                         "link or add the file")
    page = page_of(path)
    here = page_of(origin) or "index"
    if mark or path.suffix in PICTURES:
        note(path)
        return f"{mark}[{words}]({_way(here, path.as_posix())})"
    if page is None:
        return words
    note(path)
    place = f"#{place}" if place and not page.startswith("code/") else ""
    return f"[{words}]({_way(here, page + '.md')}{place})"


def _way(here: str, there: str) -> str:
    return os.path.relpath(there, PurePosixPath(here).parent).replace(os.sep, "/")


def _inside(path: PurePosixPath) -> PurePosixPath | None:
    """The path without its dots; None if it leaves the repository."""
    plain = PurePosixPath(os.path.normpath(path).replace(os.sep, "/"))
    return None if plain.parts[:1] == ("..",) else plain


def _is_text(path: Path) -> bool:
    return path.is_file() and b"\0" not in path.read_bytes()[:4096]
