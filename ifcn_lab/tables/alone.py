"""A process that nobody waits for any more stops."""

from __future__ import annotations

import multiprocessing


def stop_if_alone() -> None:
    """Stop where the process that began this one is gone, as after kill -9.

    Otherwise two processes would train the same run once it is begun again.
    """
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        raise KeyboardInterrupt
