"""How large the code is, room by room: lines, files and the length of functions.

    python -m benchmarks.size
"""

from __future__ import annotations

import ast
import subprocess
from collections import defaultdict
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parent.parent
PACKAGES = ("ifcn_lab", "ifcn_course")


def rooms() -> dict[str, list[Path]]:
    """The Python files of each room, as git lists them."""
    listed = subprocess.run(["git", "ls-files", *PACKAGES], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split()
    found: dict[str, list[Path]] = defaultdict(list)
    for name in sorted(listed):
        path = Path(name)
        if path.suffix == ".py":
            room = "/".join(path.parts[:2]) if len(path.parts) > 2 else path.parts[0]
            found[room].append(ROOT / path)
    return found


def lengths(path: Path) -> list[int]:
    """Lines of each function of a file, without decorators, with its docstring."""
    tree = ast.parse(path.read_text("utf-8"))
    kinds = ast.FunctionDef, ast.AsyncFunctionDef
    return [node.end_lineno - node.lineno + 1
            for node in ast.walk(tree) if isinstance(node, kinds)]


def row(room: str, files: list[Path]) -> str:
    """A line of the table."""
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in files)
    sizes = [n for path in files for n in lengths(path)] or [0]
    p90 = quantiles(sizes, n=10)[-1] if len(sizes) > 1 else sizes[0]
    return (f"| {room} | {lines:,} | {len(files)} | {len(sizes)} | {median(sizes):.0f} "
            f"| {p90:.0f} | {max(sizes)} |")


def main() -> None:
    """Print the table, and the library's lines without draw and widgets."""
    found = rooms()
    print("| room | lines | files | functions | median | 90th percentile | longest |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for room, files in sorted(found.items()):
        print(row(room, files))
    core = [path for room, files in found.items() for path in files
            if room.startswith("ifcn_lab") and room.split("/")[-1] not in
            ("draw", "widgets")]
    print(row("ifcn_lab without draw and widgets", core))


if __name__ == "__main__":
    main()
