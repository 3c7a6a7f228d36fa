"""Put up the walls around a fresh process, before any of the student's code is read."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from ifcn_course.grading.sandbox import audit, kernel, landlock, namespaces, seccomp
from ifcn_course.grading.sandbox.plan import DEVICES, Plan, closed, listable, readable

KERNEL = ("namespaces", "landlock", "seccomp")
"""The walls that Linux has; each is missing on some machines."""
_OPEN_FILES = 256


def enter(plan: Plan) -> list[str]:
    """Put up every wall that this system offers; returns the names of those that hold.

    On Linux the caller is forked: the call returns in the child alone, and the parent
    waits in here for its end, and ends like it.
    """
    if not kernel.is_linux():
        held = _limits(plan)
        _settle(plan)
        audit.enter(Path(plan.home), [*map(Path, plan.hide), *closed()])
        return [*held, "audit hook"]
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    _die_with_parent()
    wanted = "namespaces" not in plan.leave_out
    held = ["namespaces"] * (wanted and namespaces.separate())
    _fork()
    return [*held, *_inside(plan)]


def _fork() -> None:
    """Go on in a child; here wait for it, and end as it ends."""
    child = os.fork()
    if child == 0:
        _die_with_parent()
        return
    os.write(1, b'{"pid": %d}\n' % child)
    null = os.open(os.devnull, os.O_RDWR)
    for channel in (0, 1, 2):
        os.dup2(null, channel)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _die_with_parent() -> None:
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)


def _inside(plan: Plan) -> list[str]:
    """The walls of the child; the order matters: each takes away rights."""
    home, hide = Path(plan.home), [*map(Path, plan.hide), *closed()]
    held = []
    if "namespaces" not in plan.leave_out:
        held += namespaces.furnish(home, plan.disk, hide)
    held += _limits(plan)
    _settle(plan)
    with suppress(OSError):
        kernel.drop_capabilities()
        held.append("no privileges")
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    held += _locked(plan)
    audit.enter(home, hide)
    return [*held, "audit hook"]


def _locked(plan: Plan) -> list[str]:
    """Landlock and seccomp, where the kernel has them."""
    held = []
    if "landlock" not in plan.leave_out:
        with suppress(OSError):
            read = [*readable(), Path("/proc/self").resolve()]
            write = [Path(plan.home), *map(Path, DEVICES)]
            held.append(f"Landlock {landlock.enter(read, listable(), write)}")
    if "seccomp" not in plan.leave_out:
        with suppress(OSError):
            seccomp.enter()
            held.append("seccomp")
    return held


def _limits(plan: Plan) -> list[str]:
    """Limits of memory, time and files; Windows has none of this kind."""
    if sys.platform == "win32":
        return []
    import resource as r

    # One byte: a limit of 0 does not keep the kernel from handing a core to a program.
    wanted = {r.RLIMIT_CORE: 1, r.RLIMIT_FSIZE: plan.disk, r.RLIMIT_CPU: plan.seconds,
              r.RLIMIT_NOFILE: _OPEN_FILES, r.RLIMIT_AS: plan.memory}
    for what, limit in wanted.items():
        with suppress(OSError, ValueError):
            _, most = r.getrlimit(what)
            limit = limit if most == r.RLIM_INFINITY else min(limit, most)
            r.setrlimit(what, (limit, limit))
    return ["limits"]


def _settle(plan: Plan) -> None:
    """Copy what is given into the home, and stay there."""
    given, home = Path(plan.given), Path(plan.home)
    for source in sorted(given.rglob("*")):
        target = home / source.relative_to(given)
        if source.is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.write_bytes(source.read_bytes())
    os.chdir(home)
