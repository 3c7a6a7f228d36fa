"""An exam of a lecturer's own: tasks that no installed package holds."""

from __future__ import annotations

from ifcn_course.assignment.sheet import IMPORTS, Sheet, constants
from ifcn_course.assignment.task import Asked, Lead, Task, calls
from ifcn_course.assignment.variant import Variant


def sheet(variant: Variant) -> Sheet:
    """A function and a number, both with a factor that is drawn."""
    factor = variant.draws.whole("factor", 11, 99)
    tasks = (
        Task("tilted(a, b)", "A tilted count", f"Return a times {factor}, less b * b.",
             f"return a * {factor} - b**2", lambda a, b: a * factor - b**2,
             calls("a = {}, b = {}", "Take your own factor.", [(1, 2), (7, 3)])),
        Task("tilted_sum()", "Of your class",
             "Add `tilted(a, K)` up for a = 0 ... 99.",
             "return sum(tilted(a, K) for a in range(100))",
             lambda: sum(a * factor - variant.k**2 for a in range(100)),
             (Asked("the sum", points=2),)))
    opening = Lead("Run this cell first.", f"{IMPORTS}\n\n{constants(variant)}")
    return Sheet("Midterm", "Two tasks.", (opening,), tasks, {"factor": factor}, ("k",))
