"""The process of one submission: run cells, answer calls.

Started by `process.Process` and by nobody else. Everything here may be changed by the
student's code while it runs; so nothing here knows what is right.
"""

from __future__ import annotations

import difflib
import random

from ifcn_course.grading.channel import Lines, line
from ifcn_course.grading.sandbox import limits
from ifcn_course.grading.sandbox.plan import Plan


def main() -> None:
    """Read the plan, keep to it, and serve until the grader is gone."""
    lines = Lines()
    limits.enter(Plan(**lines.receive()))
    from ifcn_course.assignment import values  # noqa: F401  so that no call waits for it
    from ifcn_course.grading.cells import shell

    made = shell()
    lines.withdraw()
    lines.send(line({"ready": True}))
    while (message := lines.receive()) is not None:
        lines.send(line({"id": message["id"], **_answer(made, message)}))


def _answer(made: object, message: dict) -> dict[str, object]:
    from ifcn_course.grading import cells

    if message["do"] == "cell":
        calm = message.get("calm", False)
        return {"error": cells.run_cell(made, message["source"], calm)}
    return _call(made, message["name"], message["args"])


def _call(made: object, name: str, args: list) -> dict[str, object]:
    """Call a function of the notebook; says what came of it."""
    from ifcn_course.assignment.values import decode, encode
    from ifcn_course.grading import cells

    function = made.user_ns.get(name)
    if not callable(function):
        return _missing(made, name)
    _seed()
    try:
        returned = function(*map(decode, args))
    except NotImplementedError:
        return {"state": "not done"}
    except BaseException as error:  # sys.exit() too
        return {"state": "error", "text": cells.told(error)}
    try:
        return {"state": "value", "value": encode(returned)}
    except BaseException as error:
        return {"state": "no value", "text": cells.told(error)}


def _missing(made: object, name: str) -> dict[str, object]:
    from ifcn_course.grading import cells

    if name in made.user_ns:
        kind = type(made.user_ns[name]).__name__
        return {"state": "no function", "text": kind}
    own = {n: n for n in cells.functions(made)}
    lower = {n.lower(): n for n in own} | own
    near = difflib.get_close_matches(name.lower(), lower, 1, 0.75)
    return {"state": "missing", "text": lower[near[0]] if near else ""}


def _seed() -> None:
    """Start chance anew, so that a second grading gives the same points."""
    import numpy as np

    random.seed(0)
    np.random.seed(0)
