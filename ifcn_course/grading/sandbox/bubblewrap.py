"""A command line for bubblewrap: an interpreter, a small disk, and nothing else.

bubblewrap (`bwrap`) gives a process its own view of the files, its own users, network,
processes and IPC. See bwrap(1); the order of its options matters.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import ifcn_course
import ifcn_lab
from ifcn_course.grading.sandbox.plan import Plan

_LIBRARY, _COURSE = (Path(package.__file__).resolve().parent
                     for package in (ifcn_lab, ifcn_course))
# What makes keys and what grades is of no use to a submission.
_SHUT = frozenset({"handout.py", "key.py", "nbgrader.py", "notebook.py", "scores.py",
                   "sheet.py", "task.py", "tasks", "variant.py", "__pycache__"})
_OPEN = ("__init__.py", "worker.py", "cells.py", "channel.py", "sandbox")
_SYSTEM = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64",
           "/usr/local/lib", "/nix/store", "/etc/ld.so.cache", "/sys/devices/system")
_DEVICES = [f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")]
_ALONE = ("bwrap --unshare-all --unshare-user --disable-userns --cap-drop ALL "
          "--new-session --die-with-parent --uid 1000 --gid 1000 --hostname grading")
_NOBODY = "2000000000"  # of a range that no system gives to users
_RULE = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


def command(plan: Plan, program: Iterable[str]) -> list[str]:
    """What to start so that a Python program runs behind the walls of this plan."""
    return _command(plan, program, _found(shutil.which("bwrap"))[0])


def trouble() -> str:
    """Why bubblewrap cannot run here and what to do about it; empty where it can."""
    return _found(shutil.which("bwrap"))[1]


def readable() -> list[Path]:
    """What every submission may read: Python, this package, the system's libraries."""
    found = [*map(Path, _SYSTEM), Path(sys.executable).resolve(), _LIBRARY, _COURSE]
    for base in {sys.prefix, sys.base_prefix}:
        found += [Path(base, part) for part in ("lib", "lib64", "pyvenv.cfg")]
    found += [Path(p) for p in sys.path if p.endswith(("-packages", ".zip"))]
    found += map(Path, filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":")))
    if (_LIBRARY.parent / "pyproject.toml").is_file():  # a checkout: data lie beside
        found += [_LIBRARY.parent / "data", _LIBRARY.parent / "constraints.txt"]
    return sorted({p for p in found if p.is_absolute() and os.path.exists(p)})


@cache
def _found(bwrap: str | None) -> tuple[str, str]:
    """Who goes behind the walls, as in `_first`, or what is wrong if nobody can."""
    if sys.platform != "linux":
        return "", ("bubblewrap is for Linux; grade in a virtual machine or a "
                    "container with Linux")
    if bwrap is None:
        return "", ("bubblewrap is not installed; install it (Debian and Ubuntu: "
                    "sudo apt install bubblewrap)")
    said = ""
    for who in ("root's view", "nobody", "") if os.geteuid() == 0 else ("",):
        with tempfile.TemporaryDirectory() as folder:
            trial = [sys.executable, "-I", "-S", "-c", ""]
            started = _command(Plan("/tmp/home", folder), trial, who)
            done = subprocess.run(started, capture_output=True, text=True)
        if done.returncode == 0:
            return who, ""
        said = done.stderr.strip() or f"exit code {done.returncode}"
    return "", f"bubblewrap cannot run here ({said[-200:]}); {_advice(said)}"


def _advice(said: str) -> str:
    if "Unknown option" in said:
        return "install version 0.8 or a newer one"
    if _RULE.exists() and _RULE.read_text().strip() == "1":
        return ("AppArmor forbids it: load the profile bwrap-userns-restrict of the "
                "package apparmor-profiles, or allow it for all programs by "
                "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0")
    return ("grade as an ordinary user, in no container or in one that allows user "
            "namespaces")


def _command(plan: Plan, program: Iterable[str], who: str) -> list[str]:
    view = _view(plan)
    disk = f"--perms 0700 --size {plan.disk} --tmpfs".split()
    return [*_first(view, who), *_ALONE.split(), *view,
            "--proc", "/proc", *disk, plan.home, "--remount-ro", "/",
            "--chdir", plan.home, "--", *program]


def _first(view: list[str], who: str) -> list[str]:
    """Become a user without rights first, as no limit of processes binds root.

    Such a user may not even come near an interpreter below /root; so the whole view is
    made twice, first by root, if root is allowed to.
    """
    ids = [f"--{name}={_NOBODY}" for name in ("reuid", "regid")]
    nobody = [str(shutil.which("setpriv")), *ids, "--clear-groups"]
    if who != "root's view":
        return nobody if who else []
    tools = [str(shutil.which(name)) for name in ("bwrap", "setpriv")]
    bound = [word for tool in tools for word in ("--ro-bind", tool, tool)]
    folders = [word for tool in tools for word in ("--dir", str(Path(tool).parent))]
    # Root in there may not end nobody's processes; the end of a PID namespace does.
    return ["bwrap", "--unshare-pid", "--die-with-parent", *view, *folders, *bound,
            "--dir", "/tmp", "--dev-bind", "/proc", "/proc", "--", *nobody]


def _view(plan: Plan) -> list[str]:
    """Options that show what is readable, the given folder, and five devices."""
    python, shown = Path(sys.executable), [*readable(), Path(plan.given)]
    above = {up for path in (python, *shown, *map(Path, _DEVICES))
             for up in path.parents}
    options = [word for path in sorted(above) for word in ("--dir", str(path))]
    for path in map(str, shown):
        options += ["--ro-bind", path, path]
    if python != python.resolve():
        options += ["--symlink", str(python.resolve()), str(python)]
    for path in _DEVICES:
        options += ["--dev-bind", path, path]
    return [*options, *_only(_COURSE / "assignment", lambda name: name not in _SHUT),
            *_only(_COURSE / "grading", lambda name: name in _OPEN)]


def _only(folder: Path, wanted: Callable[[str], bool]) -> list[str]:
    """Options that leave these of a folder's files, and no other."""
    kept = [str(path) for path in sorted(folder.iterdir()) if wanted(path.name)]
    bound = [word for path in kept for word in ("--ro-bind", path, path)]
    return ["--perms", "0755", "--tmpfs", str(folder), *bound,
            "--remount-ro", str(folder)]
