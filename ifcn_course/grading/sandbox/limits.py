"""Bound a fresh process from inside, before any of the student's code is read."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from ifcn_course.grading.sandbox import audit
from ifcn_course.grading.sandbox.plan import Plan

_OPEN_FILES = 256


def enter(plan: Plan) -> None:
    """Copy what is given, go to the notebook's folder, give up what is not planned."""
    shutil.copytree(plan.given, plan.home, dirs_exist_ok=True,
                    copy_function=shutil.copyfile)
    os.chdir(Path(plan.home, plan.folder))
    library = [not path.endswith("-packages") for path in sys.path]
    sys.path.insert((library + [False]).index(False), "")  # where Jupyter puts it
    if sys.platform != "win32":
        _limit(plan)
    audit.enter(Path(plan.home), [Path(path) for path in plan.hide])


def _limit(plan: Plan) -> None:
    import resource as r

    # One byte: a limit of 0 does not keep the kernel from handing a core to a program.
    wanted = {r.RLIMIT_CORE: 1, r.RLIMIT_FSIZE: plan.disk, r.RLIMIT_CPU: plan.seconds,
              r.RLIMIT_NOFILE: _OPEN_FILES, r.RLIMIT_AS: plan.memory}
    if plan.walls:  # else everything that the lecturer has open would count
        wanted[r.RLIMIT_NPROC] = plan.processes
    for what, limit in wanted.items():
        with suppress(OSError, ValueError):
            _, most = r.getrlimit(what)
            limit = limit if most == r.RLIM_INFINITY else min(limit, most)
            r.setrlimit(what, (limit, limit))
