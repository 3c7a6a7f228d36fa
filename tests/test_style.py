"""What can be counted about the code: lengths, docstrings, annotations, directions."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parent.parent
Function = ast.FunctionDef | ast.AsyncFunctionDef
PACKAGES = ("ifcn_lab/", "ifcn_course/")
LIGHT = "grid lazy data/__init__ data/shipped cli/doctor".split()
HEAVY = {"torch", "numba", "matplotlib", "pycocotools", "IPython", "ipywidgets"}


@cache
def tracked() -> list[Path]:
    """Return every file that git tracks, or is about to."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    return [ROOT / name for name in names.splitlines() if (ROOT / name).is_file()]


@cache
def code() -> dict[str, ast.Module]:
    """Return every Python file's syntax tree by its name."""
    files = [path for path in tracked() if path.suffix == ".py"]
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
        for path in files
    }


def library() -> dict[str, ast.Module]:
    return {name: tree for name, tree in code().items() if name.startswith(PACKAGES)}


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Return the lines from `def` to the end, the docstring left out."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    return lines - (docstring.end_lineno - docstring.lineno + 1)


def public(tree: ast.Module) -> Iterator[ast.ClassDef | Function]:
    """Yield public functions and classes, and the public methods of those."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and node.name[0] != "_":
            yield node
            for child in node.body if isinstance(node, ast.ClassDef) else []:
                if isinstance(child, Function) and child.name[0] != "_":
                    yield child


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that a file imports at its top level."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_there_is_code_to_look_at() -> None:
    assert "ifcn_lab/__init__.py" in library()
    assert "tests/test_style.py" in code()


def test_no_function_is_longer_than_thirty_lines() -> None:
    long = [
        f"{name}:{function.lineno} {function.name} has {length(function)}"
        for name, tree in code().items()
        for function in functions(tree)
        if length(function) > 30
    ]
    assert long == []


def test_the_median_function_of_the_library_has_at_most_eight_lines() -> None:
    every = [length(f) for tree in library().values() for f in functions(tree)]
    assert median(every) <= 8


def test_no_file_of_code_reaches_350_lines() -> None:
    counts = {n: len((ROOT / n).read_text("utf-8").splitlines()) for n in code()}
    assert {name: count for name, count in counts.items() if count >= 350} == {}


def test_every_public_name_of_the_library_has_a_docstring() -> None:
    mute = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in library().items()
        for node in public(tree)
        if ast.get_docstring(node) is None
    ]
    assert mute == []


def test_every_module_of_the_library_says_what_it_is() -> None:
    assert [n for n, tree in library().items() if ast.get_docstring(tree) is None] == []


def unannotated(function: Function) -> list[str]:
    if any("no_type_check" in ast.unparse(d) for d in function.decorator_list):
        return []  # a kernel: numba finds its types itself
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    every += [star for star in (given.vararg, given.kwarg) if star]
    bare = [a.arg for a in every if a.annotation is None]
    missing = [] if function.returns else ["return"]
    return [name for name in bare if name not in ("self", "cls")] + missing


def test_every_public_function_of_the_library_is_annotated() -> None:
    bare = [
        f"{name}:{node.lineno} {node.name}: {', '.join(unannotated(node))}"
        for name, tree in library().items()
        for node in public(tree)
        if isinstance(node, Function) and unannotated(node)
    ]
    assert bare == []


def test_the_library_raises_errors_and_never_asserts() -> None:
    asserts = [
        f"{name}:{node.lineno}"
        for name, tree in library().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]
    assert asserts == []


@pytest.mark.parametrize("room", LIGHT)
def test_a_light_room_imports_nothing_heavy(room: str) -> None:
    roots = {m.split(".")[0] for m in imports(library()[f"ifcn_lab/{room}.py"])}
    assert roots & HEAVY == set()


def test_there_is_no_room_for_odds_and_ends() -> None:
    odd = re.compile(r"(^|/)(utils?|helpers?|misc|common)(\.py|/)")
    assert [name for name in code() if odd.search(name)] == []


def test_ruff_has_nothing_to_say() -> None:
    files = [str(ROOT / name) for name in code()]
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


# Written in pieces, so that this file does not hold what it looks for.
HOSTS = ["py" + "pi.org", "python" + "hosted", "ana" + "conda.org", "npm" + "js."]
HOSTS += ["download.py" + "torch", "deb" + "ian.org", "registry" + "."]
PLACES = re.compile("/(?:ho" + "me|Us" + "ers|ro" + "ot|wo" + r"rk)/\w")


def texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        body = path.read_bytes()
        if b"\0" not in body[:4096]:
            yield path.relative_to(ROOT).as_posix(), body.decode("utf-8", "replace")


def test_no_file_names_the_host_of_a_package_registry() -> None:
    # VGG-16's weights lie on the host of torch's wheels, under another path.
    models = ("ifcn_lab/layers/pretrained.py", "download.py" + "torch.org/models/")
    found = [
        (name, host)
        for name, text in texts()
        for host in HOSTS
        if host in (text.replace(models[1], "") if name == models[0] else text)
    ]
    assert found == []


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    allowed = ("lessons/canonical.py", "tests/test_lessons.py")  # these look for them
    found = [
        (name, match[0])
        for name, text in texts()
        if name not in allowed and (match := PLACES.search(text))
    ]
    assert found == []
