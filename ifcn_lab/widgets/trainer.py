"""Training in a thread of its own, paused and stopped between two steps."""

from __future__ import annotations

import atexit
import contextvars
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ifcn_lab.training import Run, Step


class Trainer(threading.Thread):
    """Takes the steps of a run one after the other, while other code goes on.

    Where `pause` or `stop` returned, no step is under way: the network can be used.
    One network is trained by one trainer: a second one that starts stops the first.

    Args:
        course: the run whose steps are taken; some may have been taken already.
        noted: called with each step, before the next one can begin.
        shown: called after `noted`, when the trainer may already be paused.
        ended: called once, at the end, whatever the reason.
    """

    def __init__(
        self, course: Run, noted: Callable[[Step], None],
        shown: Callable[[], None] = lambda: None,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name="training", daemon=True)
        self.course, self.error = course, None
        self._noted, self._shown, self._ended = noted, shown, ended
        self._whole = threading.RLock()  # held during a step
        self._going, self._stopped = threading.Event(), threading.Event()
        self._going.set()

    @property
    def state(self) -> str:
        """"failed", "done", "stopped", "training" or "paused"."""
        if self.error is not None:
            return "failed"
        if self.course.progress >= 1:
            return "done"
        if self._stopped.is_set():
            return "stopped"
        return "training" if self._going.is_set() else "paused"

    def start(self) -> None:
        """Begin, after any other trainer of the same network has stopped."""
        for other in threading.enumerate():
            if isinstance(other, Trainer) and other.course.model is self.course.model:
                other.stop()
        atexit.register(self.stop)  # Python ends only between two steps
        # What the thread sends belongs to the cell that started it. Otherwise Jupyter
        # takes it for part of whatever runs at the moment, and answers go astray.
        self._context = contextvars.copy_context()
        super().start()

    def run(self) -> None:
        """Take steps until none is left; what the thread does."""
        self._context.run(self._train)

    def _train(self) -> None:
        try:
            while not self._stopped.is_set() and self.course.progress < 1:
                self._going.wait()
                if self._step():
                    self._shown()
        except Exception as error:  # shown to the learner, whatever it is
            self.error = error
        atexit.unregister(self.stop)
        self.course.model.eval()
        self._ended()

    def _step(self) -> bool:
        with self._whole:
            if self._stopped.is_set() or not self._going.is_set():
                return False
            self._noted(self.course.step())
            return True

    def between(self) -> AbstractContextManager:
        """What to hold while nothing may train."""
        return self._whole

    def pause(self) -> None:
        """Take no further step until `resume`; returns when the last one is whole."""
        self._going.clear()
        self._settle()

    def resume(self) -> None:
        """Go on."""
        self._going.set()

    def stop(self) -> None:
        """Take no further step at all; returns when the last one is whole."""
        self._stopped.set()
        self._going.set()  # if it is paused it has to wake up to end
        self._settle()

    def _settle(self) -> None:
        with self._whole:
            pass
