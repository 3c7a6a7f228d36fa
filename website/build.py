"""Build the site, or the slides alone: `python -m website.build [slides] [--out ...]`.

The site is static: every page opens from disk, without a kernel and without a network.
A lesson is run once, for its widgets; what a run gave is kept in `build/widgets/`.
`--stored` runs nothing: a lesson that was not run before shows still pictures.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode

from lessons import slides
from website import deck, front, live, pages
from website.links import PICTURES, ROOT, page_of, rewritten

GUIDES = ("TEACHING.md", "guide/*.md", "data/README.md", "benchmarks/README.md",
          "CONTRIBUTING.md", "CHANGELOG.md")
Tree = dict[str, str | bytes]
_ICON = re.compile(r"<svg(?![^>]*\baria-)")  # the theme's own, beside words


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what is asked for and say where it lies; return 1 if Sphinx warns."""
    parser = argparse.ArgumentParser(prog="website.build", description=__doc__)
    parser.add_argument("what", nargs="?", default="site", choices=["site", "slides"])
    parser.add_argument("--out", type=Path, help="the folder; build/site, build/slides")
    parser.add_argument("--stored", action="store_true", help="run no lesson")
    given = parser.parse_args(arguments)
    out = given.out or ROOT / "build" / given.what
    found = widgets(notebooks(), run=not given.stored)
    for name in notebooks():
        if not slides.of(name):
            print(f"no deck for lessons/{name}.md: no line `% slide: ...` stands in it")
    warnings = site(out, found) if given.what == "site" else ""
    if given.what == "slides":
        write(cleared(out), deck.decks(notebooks(), found))
    print(warnings, end="", file=sys.stderr)
    print(f"open {shown(out / 'index.html')} in a browser")
    return 1 if warnings else 0


def shown(path: Path) -> Path:
    """A path as short as it can be said from here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def notebooks() -> dict[str, NotebookNode]:
    """The students' notebooks, by the names of their lessons."""
    paths = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return {path.stem: nbformat.read(path, as_version=4) for path in paths}


def widgets(lessons: Mapping[str, NotebookNode], run: bool = True) -> dict[str, dict]:
    """The pages of every lesson's widgets; with `run` false, only what was kept."""
    found = {}
    for name, notebook in lessons.items():
        path = ROOT / "notebooks" / f"{name}.ipynb"
        if pages.has_widgets(notebook) and (run or live.is_kept(path)):
            found[name] = live.pages(path)
    return found


def site(out: Path, live_widgets: Mapping[str, dict]) -> str:
    """Build the site into a folder; what Sphinx has to say against it."""
    lessons = notebooks()
    source = out.with_name(out.name + "-source")
    tree = gathered(lessons, live_widgets)
    beside = {n: body for n, body in tree.items() if n.endswith((".html", ".ipynb"))}
    made = deck.decks(lessons, live_widgets)
    beside |= {f"slides/{name}": body for name, body in made.items()}
    beside |= front.tour_pages()
    write(cleared(source), {n: b for n, b in tree.items() if n not in beside})
    said = sphinx(source, cleared(out))
    write(out, beside)
    return said


def sphinx(source: Path, out: Path) -> str:
    """Run Sphinx over a folder of pages; its warnings."""
    kept = out.with_name(out.name + "-doctrees")
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-b", "html", "-c",
               str(ROOT / "website"), "-d", str(kept), str(source), str(out)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"Sphinx could not build the site:\n{done.stderr}")
    shutil.rmtree(kept)
    (out / ".buildinfo").unlink(missing_ok=True)
    shutil.rmtree(out / "_sources", ignore_errors=True)
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(_ICON.sub('<svg aria-hidden="true"', text), encoding="utf-8")
    return done.stderr


def gathered(lessons: Mapping[str, NotebookNode], live: Mapping[str, dict]) -> Tree:
    """Every page as Markdown, and what the pages show, by its place on the site."""
    tree: Tree = {}
    linked: list[PurePosixPath] = []
    for name, notebook in lessons.items():
        origin = PurePosixPath(f"notebooks/{name}.ipynb")
        files = pages.lesson(notebook, name, live.get(name, {}))
        text = rewritten(str(files[f"lessons/{name}.md"]), origin, linked.append)
        tree |= {**files, f"lessons/{name}.md": text,
                 str(origin): nbformat.writes(notebook)}
    guides = [path for pattern in GUIDES for path in sorted(ROOT.glob(pattern))]
    linked += [PurePosixPath(path.relative_to(ROOT).as_posix()) for path in guides]
    names = [page_of(path) or "" for path in linked[-len(guides):]]
    tree |= front.pages(lessons, names)
    while linked:
        _add(linked.pop(), tree, linked)
    return tree


def _add(path: PurePosixPath, tree: Tree, linked: list[PurePosixPath]) -> None:
    """Add the page of a file that something links to, if it is not there yet."""
    body = (ROOT / path).read_bytes() if (ROOT / path).is_file() else b""
    if path.suffix in PICTURES:
        tree[path.as_posix()] = body
        return
    name = f"{page_of(path)}.md"
    if name in tree:
        return
    if name.startswith("code/"):
        tree[name] = pages.code(path, body.decode("utf-8", "replace"))
        return
    readme = path / "README.md" if (ROOT / path).is_dir() else path
    text = (ROOT / readme).read_text(encoding="utf-8")
    tree[name] = text  # before its links are followed: some lead back
    orphan = "" if readme.parts[0] in ("guide", "TEACHING.md") else _ORPHAN
    tree[name] = orphan + rewritten(text, readme, linked.append)


_ORPHAN = "---\norphan: true\n---\n\n"


def cleared(folder: Path) -> Path:
    """An empty folder in the place of one that this program wrote.

    Raises:
        ValueError: the folder holds something else.
    """
    ours = folder.name.endswith("-source") or (folder / "index.html").is_file()
    if folder.is_dir() and any(folder.iterdir()) and not ours:
        raise ValueError(f"{folder} holds something that is no site; choose another "
                         "folder, or empty it")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write(folder: Path, tree: Mapping[str, str | bytes]) -> None:
    """Write files by their names."""
    for name, body in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body.encode() if isinstance(body, str) else body)


if __name__ == "__main__":
    sys.exit(main())
