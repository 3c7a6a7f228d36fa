"""Wheels for a machine that is not this one.

pip can fetch wheels for another system, but it reads `; sys_platform == "win32"` as
for the machine it runs on. So the packages are followed here, one wheel's needs after
the other, with the markers of the machine that is meant.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from ifcn_lab.cli.doctor import pins

SYSTEMS: dict[str, dict[str, str]] = {
    "linux": {"platform_system": "Linux", "sys_platform": "linux", "os_name": "posix",
              "platform_machine": "x86_64"},
    "macos": {"platform_system": "Darwin", "sys_platform": "darwin", "os_name": "posix",
              "platform_machine": "arm64"},
    "windows": {"platform_system": "Windows", "sys_platform": "win32", "os_name": "nt",
                "platform_machine": "AMD64"},
}
_GLIBC = ["manylinux2014", "manylinux2010", "manylinux1"]
_TAGS = {
    "linux": [f"manylinux_2_{n}_x86_64" for n in range(28, 4, -1)]
    + [f"{name}_x86_64" for name in _GLIBC],
    "macos": ["macosx_14_0_arm64"],
    "windows": ["win_amd64"],
}


@dataclass(frozen=True)
class Target:
    """A system, one of `SYSTEMS`, and a version of Python such as "3.12"."""

    system: str
    python: str

    def markers(self) -> dict[str, str]:
        """What environment markers say on such a machine.

        >>> Target("windows", "3.12").markers()["sys_platform"]
        'win32'
        """
        return {**SYSTEMS[self.system], "python_version": self.python,
                "python_full_version": f"{self.python}.0",
                "implementation_name": "cpython",
                "platform_python_implementation": "CPython"}

    def options(self) -> list[str]:
        """The options of `pip download` for such a machine."""
        tags = [part for tag in _TAGS[self.system] for part in ("--platform", tag)]
        return ["--only-binary", ":all:", "--no-deps", "--implementation", "cp",
                "--python-version", self.python, *tags]

    def as_dict(self) -> dict[str, str]:
        """What `install.py` compares the machine with."""
        known = SYSTEMS[self.system]
        return {"system": known["platform_system"], "python": self.python,
                "machine": known["platform_machine"]}


def closure(own: Path, extras: Sequence[str], target: Target, wheels: Path,
            constraints: str, pip: Callable[..., None]) -> None:
    """Fetch all that a wheel needs on a machine, round by round, into `wheels`.

    Args:
        own: the package's own wheel.
        extras: extras of it that are wanted.
        target: the machine.
        wheels: the folder to fill.
        constraints: the text of `constraints.txt`.
        pip: runs pip with these arguments.
    """
    pinned = pins(constraints)
    seen: set[tuple[str, frozenset[str]]] = set()
    queue = list(needs(own, extras, target))
    while queue:
        fresh = [wish for wish in queue if mark(wish) not in seen]
        seen |= {mark(wish) for wish in fresh}
        asked = sorted({exact(wish, pinned) for wish in fresh})
        if asked:
            pip("download", "--dest", wheels, *target.options(), *asked)
        found = by_name(wheels)
        queue = [child for wish in fresh
                 for child in needs(found[canonicalize_name(wish.name)],
                                    sorted(wish.extras), target)]


def mark(wish: Requirement) -> tuple[str, frozenset[str]]:
    """What tells one wish from another: the package and its extras."""
    return canonicalize_name(wish.name), frozenset(wish.extras)


def exact(wish: Requirement, pinned: dict[str, str]) -> str:
    """The wish at its tested version; as it was written where none is pinned.

    >>> exact(Requirement("NumPy>=2.0"), {"numpy": "2.4.6"})
    'numpy==2.4.6'
    """
    name = canonicalize_name(wish.name)
    return f"{name}=={pinned[name]}" if name in pinned else f"{name}{wish.specifier}"


def by_name(wheels: Path) -> dict[str, Path]:
    """One wheel of every package; wheels of a version need the same everywhere."""
    return {canonicalize_name(parse_wheel_filename(path.name)[0]): path
            for path in sorted(wheels.glob("*.whl"))}


def needs(wheel: Path, extras: Sequence[str], target: Target) -> Iterator[Requirement]:
    """What a wheel needs on a machine, with some extras."""
    for line in requires(wheel):
        wish = Requirement(line)
        settings = [{**target.markers(), "extra": extra} for extra in (*extras, "")]
        if not wish.marker or any(wish.marker.evaluate(each) for each in settings):
            yield wish


def requires(wheel: Path) -> list[str]:
    """The `Requires-Dist` lines of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        text = archive.read(name).decode("utf-8")
    return Parser().parsestr(text).get_all("Requires-Dist") or []
