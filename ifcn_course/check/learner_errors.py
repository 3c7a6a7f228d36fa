"""What is said of a learner's function that raised: where, and what.

>>> told("k = 1", ValueError("no cell"))
'stopped for k = 1.\\nValueError: no cell'
"""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

import ifcn_lab

_FOREIGN = frozenset(
    [Path(__file__).parent.parent, Path(ifcn_lab.__file__).parent]
    + [Path(sysconfig.get_path(kind)) for kind in ("stdlib", "purelib", "platlib")]
)


def told(what: str, error: BaseException) -> str:
    """Say in two lines where a function stopped, in words, and what it raised."""
    line = line_of(error)
    place = f" in line {line} of your cell" if line else ""
    return f"stopped for {what}{place}.\n{type(error).__name__}: {error}"


def line_of(error: BaseException) -> int | None:
    """Return the line of the learner's own code that raised, if any did."""
    frames = traceback.extract_tb(error.__traceback__)
    own = (f.lineno for f in reversed(frames) if not _foreign(Path(f.filename)))
    return next(own, None)


def _foreign(file: Path) -> bool:
    return not _FOREIGN.isdisjoint(file.parents)
