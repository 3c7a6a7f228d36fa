"""Pictures with one mask per object, and the small files that ship.

Every data set is a sequence of ``Sample``, so that training and evaluation need not
know where the pictures came from.
"""

from __future__ import annotations

from ifcn_lab.lazy import loaded_when_used

_HOME = {"Sample": "sample", "from_scene": "sample"}

__all__ = sorted(_HOME)
__getattr__, __dir__ = loaded_when_used(__name__, _HOME, "data")
