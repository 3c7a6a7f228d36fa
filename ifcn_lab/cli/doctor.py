"""say whether the lessons can run here, to be pasted into a bug report

Each line starts with `[ OK ]`, with `[FAIL]` where a lesson cannot run, or with
`[ -- ]` for what is absent or unusual and does not stop a lesson.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NamedTuple

from ifcn_lab import __version__
from ifcn_lab.data import shipped

_MODULES = {"pillow": "PIL", "ipython": "IPython"}
_FRONT_ENDS = {
    "jupyterlab-widgets": "@jupyter-widgets/jupyterlab-manager",
    "anywidget": "anywidget",
}


class Line(NamedTuple):
    """One finding: `mark` is "OK", "FAIL" or "--".

    >>> print(Line("OK", "numpy 2.4.6"))
    [ OK ] numpy 2.4.6
    """

    mark: str
    text: str

    def __str__(self) -> str:
        return f"[{self.mark.center(4)}] {self.text}"


def add_options(parser: ArgumentParser) -> None:
    """The doctor takes none."""


def run(given: Namespace | None = None) -> int:
    """Print every finding; return 1 if a lesson cannot run, else 0."""
    print(f"ifcn_lab {__version__} on {platform.platform()}")
    failed = 0
    for line in findings():
        print(line, flush=True)
        failed += line.mark == "FAIL"
    print(f"{failed} to mend: see [FAIL] above." if failed else "The lessons can run.")
    return 1 if failed else 0


def findings() -> Iterator[Line]:
    """Yield every finding in turn, the quick ones first."""
    tested = pins(shipped.constraints().read_text(encoding="utf-8"))
    yield _python()
    yield from _dependencies(tested)
    yield from _front_ends(tested)
    yield _tried(_numba, "numba does not compile", "FAIL")
    yield _tried(_kernels, "numba's kernels: unknown")
    yield _tried(_cuda, "CUDA: unknown")
    omp = os.environ.get("OMP_NUM_THREADS", "not set")
    yield Line("OK", f"{os.cpu_count()} CPU threads; OMP_NUM_THREADS is {omp}")
    yield _tried(lambda: _free("memory", import_module("psutil").virtual_memory()),
                 "memory: unknown")
    yield _free("disk", shutil.disk_usage(Path.cwd()))
    yield from _data()
    for entry in metadata.entry_points(group="ifcn_lab.commands"):
        yield from _of_another_package(entry)


def _tried(check: Callable[[], Line], trouble: str, mark: str = "--") -> Line:
    """What a check finds; if it fails, and compilers fail in many ways, its error."""
    try:
        return check()
    except Exception as error:
        return Line(mark, f"{trouble}, {_told(error)}")


def pins(text: str) -> dict[str, str]:
    """Read `name==version` lines; names are normalised as package installers do.

    >>> pins("# tested\\nprompt_toolkit==3.0.53\\n")
    {'prompt-toolkit': '3.0.53'}
    """
    rows = (line.split("==") for line in text.splitlines() if re.match(r"\w.*==", line))
    return {_normal(name): version.strip() for name, version in rows}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _python() -> Line:
    version = platform.python_version()
    if sys.version_info < (3, 11):  # noqa: UP036  (a checkout runs on any Python)
        return Line("FAIL", f"Python {version}: the course needs 3.11 or newer")
    inside = "in" if sys.prefix != sys.base_prefix else "outside"
    return Line("OK", f"Python {version}, {inside} a virtual environment")


def _dependencies(tested: dict[str, str]) -> Iterator[Line]:
    try:
        requirements = metadata.requires("ifcn-lab") or []
    except metadata.PackageNotFoundError:
        mend = "pip install -c constraints.txt -e ."
        yield Line("FAIL", f"ifcn-lab is not installed: {mend}")
        return
    for requirement in requirements:
        name = re.match(r"[\w.-]+", requirement)[0]
        yield _dependency(name, tested.get(_normal(name)), "extra ==" in requirement)


def _dependency(name: str, pin: str | None, optional: bool) -> Line:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        if optional:
            return Line("--", f"{name} is absent: the lessons do without it")
        return Line("FAIL", f"{name} is absent: pip install -c constraints.txt {name}")
    try:
        if not optional:
            import_module(_MODULES.get(name, name).replace("-", "_"))
    except Exception as error:  # a broken wheel raises anything
        return Line("FAIL", f"{name} {version} does not load: {_told(error)}")
    same = pin is None or version.split("+")[0] == pin
    return Line("OK", f"{name} {version}" + ("" if same else f" (tested with {pin})"))


def _told(error: Exception) -> str:
    """Return an error's first line, without the name of the person's folder."""
    first = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}".replace(str(Path.home()), "~")


def _front_ends(tested: dict[str, str]) -> Iterator[Line]:
    """Look for what JupyterLab itself loads; it may lie in another environment."""
    yield _dependency("jupyterlab-widgets", tested.get("jupyterlab-widgets"), False)
    for package, extension in _FRONT_ENDS.items():
        version, what = _extension(extension), f"{package}'s front-end in JupyterLab"
        yield Line("OK", f"{what}: {version}") if version else Line(
            "FAIL", f"{what} is absent: reinstall {package} where JupyterLab is")


def _extension(name: str) -> str | None:
    try:
        from jupyter_core.paths import jupyter_path
    except ImportError:
        return None
    for folder in jupyter_path("labextensions"):
        package = Path(folder, name, "package.json")
        if package.is_file():
            return json.loads(package.read_text(encoding="utf-8"))["version"]
    return None


def _numba() -> Line:
    import numba

    numba.njit(lambda x: x + 1)(2)
    return Line("OK", "numba compiles and runs a function")


def _kernels() -> Line:
    """Look for a place where `assemble` may keep what numba compiled."""
    from ifcn_lab.assembling.kernel_cache import has_place

    if has_place():
        return Line("OK", "numba keeps the kernels of assemble on disk")
    return Line("--", "numba finds no folder to keep its kernels in, so each program "
                "compiles them, two seconds or so: name a folder in NUMBA_CACHE_DIR")


def _cuda() -> Line:
    import torch

    if not torch.cuda.is_available():
        return Line("--", "CUDA: no GPU found; every lesson runs on the CPU")
    name, version = torch.cuda.get_device_name(0), torch.version.cuda
    return Line("OK", f"CUDA {version}: {name}; used only where you ask for it")


def _free(what: str, room: Any) -> Line:
    """How much of `room`, with `total` and `free` or `available` bytes, is left."""
    free = getattr(room, "available", room.free) / 2**30
    text = f"{what}: {free:.1f} of {room.total / 2**30:.1f} GiB free"
    return Line("OK" if free >= 1 else "--", text)


def _data() -> Iterator[Line]:
    checked = shipped.checksums()
    for name, problem in checked.items():
        if problem:
            yield Line("FAIL", f"data/{name} is {problem}: fetch the course again")
    good = sum(problem is None for problem in checked.values())
    yield Line("OK", f"data: {good} of {len(checked)} files as shipped")


def _of_another_package(entry: metadata.EntryPoint) -> Iterator[Line]:
    """What a command of another installed package says of this machine."""
    try:
        say = getattr(entry.load(), "finding", None)
        good, text = say() if say else (True, "")
    except Exception as error:
        good, text = False, f"does not load: {_told(error)}"
    if text:
        text = text.replace(str(Path.home()), "~")
        yield Line("OK" if good else "--", f"{entry.name}: {text}")


if __name__ == "__main__":
    sys.exit(run())
