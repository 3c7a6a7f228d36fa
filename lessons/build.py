"""Build the notebooks from the lessons: `python -m lessons.build [--check] [03 ...]`.

Each lesson is run twice, with stubs and with solutions, and its outputs are stored;
where no widget can run, a picture taken in Chromium stands for it (`lessons.stills`).
`--check` runs nothing: it says which notebooks no longer follow from their lesson.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from lessons import canonical, rules, source, stills
from lessons.colab import with_colab

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Build or check; print each problem and return 1 if there is one, else 0."""
    parser = argparse.ArgumentParser(prog="lessons.build", description=__doc__)
    parser.add_argument("lesson", nargs="*", help="how a lesson's name starts: 03")
    parser.add_argument("--check", action="store_true", help="only compare")
    given = parser.parse_args(arguments)
    chosen = lessons(root, given.lesson)
    look = check if given.check else build
    if look is build and stills.chromium() is None:
        print("no browser here: widgets keep the pictures that are stored", flush=True)
    found = [problem for path in chosen for problem in look(path, root)]
    found += orphans(root) if not given.lesson else []
    for problem in found:
        print(problem, file=sys.stderr)
    if not chosen and given.lesson:
        print(f"no lesson starts with {' or '.join(given.lesson)}", file=sys.stderr)
    return 1 if found or (given.lesson and not chosen) else 0


def lessons(root: Path, starts: Sequence[str] = ()) -> list[Path]:
    """Return the lessons' sources in order, or those whose names start as given."""
    every = sorted((root / "lessons").glob("[0-9][0-9]_*.md"))
    return [path for path in every if path.name.startswith(tuple(starts) or "")]


def derived(path: Path, root: Path) -> dict[Path, NotebookNode]:
    """Return both notebooks of a lesson, not yet run, by where they are stored."""
    lesson, name = source.read(path), f"{path.stem}.ipynb"
    return {
        root / "notebooks" / name: with_colab(source.student(lesson)),
        root / "notebooks" / "solutions" / name: with_colab(source.solved(lesson)),
    }


def build(path: Path, root: Path) -> list[str]:
    """Run and store both notebooks of a lesson; return what is wrong with them."""
    found = broken_rules(path)
    for target, notebook in derived(path, root).items():
        name = target.relative_to(root).as_posix()
        target.parent.mkdir(parents=True, exist_ok=True)
        began = time.perf_counter()
        try:
            ran = run(notebook, target.parent)
        except CellExecutionError as error:
            found.append(f"{name} does not run to its end:\n{error}")
            continue
        wrong = stills.put(ran, _before(target))
        stored = canonical.tidy(ran)
        target.write_text(canonical.text(stored), encoding="utf-8", newline="\n")
        print(f"{name}: {time.perf_counter() - began:.1f} s", flush=True)
        wrong += canonical.problems(stored)
        found += [f"{name}: {problem}" for problem in wrong]
    return found


def _before(target: Path) -> NotebookNode | None:
    return nbformat.read(target, as_version=4) if target.is_file() else None


class _Client(NotebookClient):
    """Keeps what an Output widget shows as plain output: nbval compares it so.

    A reader without a kernel then sees the widget's first state too.
    """

    def register_output_hook(self, msg_id: str, hook: object) -> None:
        """Let no widget catch output."""

    def remove_output_hook(self, msg_id: str, hook: object) -> None:
        """Nothing was caught, so nothing is let go."""

    def clear_output(self, outs: list, msg: dict, cell_index: int) -> None:
        """Clear nothing: `interact` asks for it before it shows its first state."""


def run(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Run a notebook in a fresh kernel, as nbval does: in the folder it lies in.

    Every widget brings its page along, see `lessons.capture`.
    """
    client = _Client(
        notebook, timeout=3600, startup_timeout=3600, iopub_timeout=3600,
        kernel_name="python3", record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--IPKernelApp.extra_extensions=lessons.capture",
                         "--IPKernelApp.log_level=ERROR"],
    )
    known = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    search = os.pathsep.join(filter(None, known))
    return client.execute(env={**os.environ, "PYTHONPATH": search,
                               "IFCN_LAB_PROGRESS": ""})


def check(path: Path, root: Path) -> list[str]:
    """Return what is wrong with a lesson and its stored notebooks; run nothing."""
    found = broken_rules(path)
    for target, notebook in derived(path, root).items():
        name = target.relative_to(root).as_posix()
        found += [f"{name}: {problem}" for problem in _stale(target, notebook)]
    return found


def broken_rules(path: Path) -> list[str]:
    """Return what a lesson's source breaks of `lessons.rules`."""
    found = rules.problems(source.read(path), int(path.name[:2]))
    return [f"lessons/{path.name}: {problem}" for problem in found]


def orphans(root: Path) -> list[str]:
    """Return a sentence for each notebook that no lesson makes."""
    made = {target for path in lessons(root) for target in derived(path, root)}
    stored = sorted((root / "notebooks").rglob("*.ipynb"))
    left = [p for p in stored if p not in made and ".ipynb_checkpoints" not in p.parts]
    return [f"{p.relative_to(root).as_posix()}: no lesson makes it" for p in left]


def _stale(target: Path, notebook: NotebookNode) -> list[str]:
    if not target.is_file():
        return ["not built yet; run `make notebooks`"]
    stored = nbformat.read(target, as_version=4)
    if canonical.text(canonical.bare(stored)) != canonical.text(notebook):
        return ["out of date or edited by hand; run `make notebooks`"]
    if target.read_text(encoding="utf-8") != canonical.text(canonical.tidy(stored)):
        return ["not in the canonical form; run `make notebooks`"]
    return canonical.problems(stored)


if __name__ == "__main__":
    sys.exit(main())
