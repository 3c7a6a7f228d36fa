"""Reading Markdown pages: headings, anchors, links, what stands in code."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
_CODE = re.compile(r"^(```+|~~~+).*?^\1[`~]*$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")


@cache
def pages() -> tuple[Path, ...]:
    """Every Markdown file that git tracks, or is about to."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    return tuple(ROOT / n for n in names.splitlines() if (ROOT / n).is_file())


def prose(text: str) -> str:
    """The text without its code blocks and code spans."""
    return _SPAN.sub("", _CODE.sub("", text))


def headings(path: Path) -> list[str]:
    """The words of every heading of a page."""
    text = _CODE.sub("", path.read_text("utf-8"))
    return re.findall(r"^#+ (.*?)\s*$", text, re.MULTILINE)


@cache
def anchors(path: Path) -> frozenset[str]:
    """The names under which a page's headings can be linked, as GitHub makes them."""
    made: list[str] = []
    for words in headings(path):
        plain = re.sub(r"[^\w\- ]", "", words.lower().replace("\\", ""))
        name = plain.replace(" ", "-")
        made.append(f"{name}-{made.count(name)}" if name in made else name)
    return frozenset(made)


def links(path: Path) -> Iterator[str]:
    """The target of every link and picture of a page."""
    yield from _LINK.findall(prose(path.read_text("utf-8")))


def broken(path: Path) -> list[str]:
    """The links within the repository that lead nowhere."""
    return [link for link in links(path)
            if not re.match(r"[a-z]+:", link) and not leads(path, link)]


def leads(page: Path, link: str) -> bool:
    """Whether a link of a page leads to a file, and to a heading where it names one."""
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors(target)


def section(path: Path, title: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    text = path.read_text("utf-8")
    found = re.search(rf"^(#+) {re.escape(title)}\s*$", text, re.MULTILINE)
    rest = text[found.end():]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def shown_commands(text: str) -> list[str]:
    """The lines of the code blocks of a page that have no language."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]
