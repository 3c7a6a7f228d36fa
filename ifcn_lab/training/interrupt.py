"""What ends a training: Ctrl-C and SIGTERM after a whole step, or being left alone."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOPPING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupts_wait() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM set the event instead of stopping in the middle of a step.

    A step cut in two has changed some weights and not counted itself; a checkpoint
    of it would not resume exactly. A second signal stops at once. Outside the main
    thread, where no signal arrives, nothing changes. SIGTERM is what torchrun and
    SLURM send before they kill.

    Example:
        >>> with interrupts_wait() as interrupted:
        ...     signal.raise_signal(signal.SIGINT)
        ...     interrupted.is_set()
        True
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def wait(number: int, frame: object) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    before = {number: signal.signal(number, wait) for number in STOPPING}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_if_alone() -> None:
    """Stop where the process that began this one is gone, as after kill -9.

    Otherwise two processes would train the same row once it is begun again.
    """
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        raise KeyboardInterrupt
