"""Ctrl-C that waits until a training step is whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_wait() -> Iterator[threading.Event]:
    """Ctrl-C sets the event instead of stopping in the middle of a step.

    A step cut in two has changed some weights and not counted itself; a checkpoint
    of it would not resume exactly. A second Ctrl-C stops at once. Outside the main
    thread, where no signal arrives, nothing changes.

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

    before = signal.signal(signal.SIGINT, wait)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)
