"""Pack the course for a room without network: `make wheelhouse`.

A folder with every wheel at the versions of `constraints.txt`, the notebooks, and an
`install.py` that needs nothing but Python. For this machine pip's own resolver picks
the wheels. For another system (`--for windows`) they are followed from wheel to wheel
by what each one says it needs there, and only finished wheels can be taken.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from upkeep.targets import SYSTEMS, Target, closure

ROOT = Path(__file__).parent.parent
PINS = ROOT / "constraints.txt"
SUMS = "SHA256SUMS"
TAKEN_ALONG = ("LICENSE", "LICENSE-prose", "CITATION.cff", "constraints.txt")

README = """The course, for machines without network
=========================================

Made for: {made_for}.

Copy this folder to the machine. Python of one of these versions must be there.

  Linux, macOS:  python3 install.py
  Windows:       py -3 install.py

This checks every file against SHA256SUMS, makes .venv in this folder, installs from
wheels/ without asking any server, and runs `ifcn-lab doctor`. Then:

  Linux, macOS:  .venv/bin/jupyter lab notebooks
  Windows:       .venv\\Scripts\\jupyter lab notebooks

By hand, in a virtual environment of your own:

  python -m pip install --no-index --find-links wheels -r requirements.txt
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the folder and say how large it is; 2 where something was missing."""
    given = options().parse_args(arguments)
    try:
        begin(given.out)
        targets = [Target(system, python)
                   for system in given.systems for python in given.python]
        collect(given.out / "wheels", given.extras, targets)
        finish(given.out, given.extras, targets)
    except (ValueError, OSError) as error:
        print(f"wheelhouse: {error}", file=sys.stderr)
        return 2
    print(told(given.out))
    return 0


def options() -> ArgumentParser:
    """The command line."""
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    parser = ArgumentParser("python -m upkeep.wheelhouse", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "wheelhouse",
                        help="the folder to make (default: build/wheelhouse)")
    parser.add_argument("--for", dest="systems", nargs="+", default=[],
                        choices=sorted(SYSTEMS), metavar="SYSTEM",
                        help=f"other systems than this machine's: {', '.join(SYSTEMS)}")
    parser.add_argument("--python", nargs="+", default=[here], metavar="X.Y",
                        help="versions of Python on those machines (with --for)")
    parser.add_argument("--extras", nargs="*", default=[], metavar="EXTRA",
                        help="extras of the package; `test` brings what tests need")
    return parser


def begin(out: Path) -> None:
    """Make the folder, or empty the one that an earlier run made.

    Raises:
        ValueError: the folder holds something else.
    """
    if out.is_dir() and any(out.iterdir()):
        if not (out / SUMS).is_file() and not (out / "wheels").is_dir():
            raise ValueError(f"{out} holds other things; give an empty folder or a new "
                             "name with --out")
        for name in ("wheels", "notebooks"):
            shutil.rmtree(out / name, ignore_errors=True)
        (out / SUMS).unlink(missing_ok=True)
    (out / "wheels").mkdir(parents=True, exist_ok=True)


def collect(wheels: Path, extras: Sequence[str], targets: Sequence[Target]) -> None:
    """Fill a folder with the package's own wheel and everything it needs."""
    project = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    if not targets:
        pip("wheel", "--wheel-dir", wheels, "--constraint", PINS, project)
        return
    pip("wheel", "--no-deps", "--wheel-dir", wheels, str(ROOT))
    own = next(wheels.glob("ifcn_lab-*.whl"))
    for target in targets:
        closure(own, extras, target, wheels, PINS.read_text("utf-8"), pip)


def pip(*arguments: object) -> None:
    """Run pip of this Python.

    Raises:
        ValueError: pip failed; the last lines it wrote are told.
    """
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-6:])
        raise ValueError(f"pip {arguments[0]} failed:\n{tail}")


def finish(out: Path, extras: Sequence[str], targets: Sequence[Target]) -> None:
    """Add notebooks, instructions and sums to a folder that has its wheels."""
    shutil.copytree(ROOT / "notebooks", out / "notebooks", dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    for name in TAKEN_ALONG:
        shutil.copy2(ROOT / name, out / name)
    shutil.copy2(Path(__file__).with_name("install.py"), out / "install.py")
    name = f"ifcn-lab[{','.join(extras)}]" if extras else "ifcn-lab"
    (out / "requirements.txt").write_text(f"{name}\n", "utf-8")
    made = [target.as_dict() for target in targets] or [this_machine()]
    (out / "made_for.json").write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    words = "; ".join("{system} {machine}, Python {python}".format(**m) for m in made)
    (out / "README.txt").write_text(README.format(made_for=words), "utf-8")
    (out / SUMS).write_text(sums(out), "utf-8", newline="\n")


def this_machine() -> dict[str, str]:
    """What `install.py` compares the machine with, for this one."""
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return {"system": platform.system(), "machine": platform.machine(),
            "python": python}


def sums(folder: Path) -> str:
    """The lines of `sha256sum` for every file of the folder but the sums."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and kept(p, folder))
    return "".join(f"{digest(p)}  {p.relative_to(folder).as_posix()}\n" for p in files)


def kept(file: Path, folder: Path) -> bool:
    """Whether a file belongs to the wheelhouse; `.venv` grows where it is tried."""
    first = file.relative_to(folder).parts[0]
    return first != ".venv" and file != folder / SUMS


def digest(file: Path) -> str:
    """The SHA-256 of a file, read in pieces."""
    total = sha256()
    with file.open("rb") as stream:
        while piece := stream.read(2**20):
            total.update(piece)
    return total.hexdigest()


def versions(wheels: Iterable[Path]) -> dict[str, set[str]]:
    """The versions of every package among wheels, local parts (`+cpu`) left out."""
    found: dict[str, set[str]] = {}
    for path in wheels:
        name, version, *_ = parse_wheel_filename(path.name)
        found.setdefault(canonicalize_name(name), set()).add(version.public)
    return found


def told(out: Path) -> str:
    """One line on what was made."""
    wheels = sorted((out / "wheels").glob("*.whl"))
    size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file()) / 2**20
    return f"{out}: {len(wheels)} wheels, {size:.0f} MiB; see README.txt there"


if __name__ == "__main__":
    sys.exit(main())
