"""The TrainingMonitor: train in the background, watch, pause, stop, and replay."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from jaxtyping import Float, UInt8

from ifcn_lab.widgets import replay
from ifcn_lab.widgets.explorable import Explorable, png_bytes
from ifcn_lab.widgets.frames import UNKNOWN, Watched, packed, points
from ifcn_lab.widgets.greys import digits
from ifcn_lab.widgets.inputs import checked_image
from ifcn_lab.widgets.number_words import fixed
from ifcn_lab.widgets.trainer import Trainer

if TYPE_CHECKING:
    from ifcn_lab.models.instancefcn import InstanceFCN
    from ifcn_lab.training import Recipe

STATES = {
    "ready": "Not started", "training": "Training", "paused": "Paused",
    "stopped": "Stopped", "done": "Done", "failed": "Failed",
}
MEAN_OF = 15
"""The losses in words are means of so many steps."""


class TrainingMonitor(Explorable):
    """Training that runs while you go on: its losses, and what some windows show.

    "train" begins; the kernel stays free, and other cells can be run. Between two steps
    training can be paused, resumed and stopped. The slider goes back to what the
    windows showed earlier, "replay" shows it all again. Leave the network alone while
    it is trained; while it is paused you may use it.

    Args:
        model: the network, changed in place.
        samples: images with masks to train on.
        recipe: every choice; None: `LESSON`.
        image: what the network is watched on: a scene or sample, whose objects show
            which windows to watch, or a picture alone; None: the first sample.
        pace: seconds from one look at the windows to the next; 0: after every step.

    `status` and `step` (which moment is shown, -1: now) are traits; `history` holds the
    (objectness, mask) losses of every step.

    >>> from ifcn_lab import InstanceFCN
    >>> from ifcn_lab.data.scenes import SceneSet
    >>> from ifcn_lab.training import LESSON
    >>> recipe = LESSON.with_(iterations=2, seconds=None, batch=1, crop=48)
    >>> net = InstanceFCN(2, 7, "small", windows=8)
    >>> monitor = TrainingMonitor(net, SceneSet(1), recipe)
    >>> monitor.status
    'ready'
    >>> trained = monitor.wait()
    >>> monitor.status, len(monitor.history)
    ('done', 2)
    """

    module = "monitor.js"
    shown = ("steps",)
    hint = traitlets.Unicode(
        "Move the slider back, and see the masks come apart again.").tag(sync=True)
    live = traitlets.Bool(True).tag(sync=True)
    status = traitlets.Enum(list(STATES), "ready").tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    steps, taken = (traitlets.Int(0).tag(sync=True) for _ in range(2))
    step = traitlets.Int(-1).tag(sync=True)
    progress = traitlets.Float(0.0).tag(sync=True)
    losses, windows, centers, truth, image = (
        traitlets.Bytes(b"").tag(sync=True) for _ in range(5)
    )
    per, m, stride = (traitlets.Int(1).tag(sync=True) for _ in range(3))
    at = traitlets.List().tag(sync=True)
    image_size = traitlets.List([0, 0]).tag(sync=True)

    def __init__(
        self, model: InstanceFCN, samples: Any, recipe: Recipe | None = None, *,
        image: Any = None, pace: float = 0.5,
    ) -> None:
        self._sending = threading.RLock()
        self._trainer = self._watched = None
        try:
            self._prepare(model, samples, recipe, image, pace)
            state = self._fixed() | self._moving()
        except (TypeError, ValueError, AttributeError, RuntimeError) as error:
            state = {"problem": f"This cannot be trained: {error}"}
        super().__init__(**state)
        self.on_msg(self._asked)

    @classmethod
    def recorded(cls, path: str | Path | None = None) -> TrainingMonitor:
        """A monitor that replays what `save_record` kept, or the run that ships.

        It holds no network: nothing can be trained with it.

        >>> TrainingMonitor.recorded().status
        'done'
        """
        widget = cls.__new__(cls)
        widget._sending = threading.RLock()
        widget._trainer = widget._watched = None
        Explorable.__init__(widget, **replay.load(path))
        return widget

    def save_record(self, path: str | Path) -> Path:
        """Keep what was seen so far in a file, for `recorded`."""
        return replay.save(self._state(), path)

    def _prepare(
        self, model: Any, samples: Any, recipe: Any, image: Any, pace: float
    ) -> None:
        """The run, and what it is watched on."""
        from ifcn_lab.training import LESSON, Run

        if not hasattr(model, "windows"):
            raise TypeError("the first argument is a network, InstanceFCN(k, m, "
                            f"backbone); this one is of type {type(model).__name__}.")
        run = Run(model, samples, recipe or LESSON)
        image = samples[0] if image is None else image
        self._picture = checked_image(getattr(image, "image", image))
        masks = checked_masks(getattr(image, "masks", None), self._picture)
        self._watched = Watched(model, self._picture, masks, pace)
        self._watched.look()
        self._trainer = Trainer(run, self._watched.note, self._show_if_new,
                                self._show_now)

    def _fixed(self) -> dict[str, Any]:
        watched, run = self._watched, self._trainer.course
        truth = b"" if watched.truth is None else watched.truth.tobytes()
        return {
            "steps": run.recipe.iterations, "m": run.model.m,
            "stride": run.model.stride, "truth": truth,
            "image": png_bytes(self._picture),
            "image_size": list(self._picture.shape[:2]),
        }

    def _moving(self) -> dict[str, Any]:
        """What changes from step to step."""
        trainer, frames = self._trainer, list(self._watched.frames)
        history = self.history  # taken after the frames: never behind them
        losses, per = points(history)
        begun = trainer.ident is not None
        return {
            "taken": len(history), "losses": losses.tobytes(), "per": per,
            "progress": min(1.0, trainer.course.progress),
            "status": trainer.state if begun else "ready",
            "error": sentence(trainer.error), **packed(frames),
        }

    # Training

    @property
    def history(self) -> list[tuple[float, float]]:
        """The losses of every step so far, (objectness, mask)."""
        return [] if self._watched is None else list(self._watched.losses)

    def start(self) -> None:
        """Begin to train in the background; nothing happens if that was done before."""
        if self._trainer is not None and self._trainer.ident is None:
            self._trainer.start()
            self._show()

    @property
    def _running(self) -> bool:
        return self._trainer is not None and self._trainer.is_alive()

    def pause(self) -> None:
        """Hold training; when this returns the network can be used."""
        if self._running:
            self._trainer.pause()
            self._show_now()

    def resume(self) -> None:
        """Go on after a pause."""
        if self._running:
            self._trainer.resume()
            self._show()

    def stop(self) -> None:
        """End training early; when this returns the network can be used."""
        if self._running:
            self._trainer.stop()
            self._show_now()

    def wait(self) -> InstanceFCN:
        """Start or resume if need be, and return the network when training has ended.

        Raises:
            RuntimeError: training failed, or could not begin; the widget says why too.
            KeyboardInterrupt: the kernel was interrupted. Training is then paused.
        """
        if self._trainer is None:
            raise RuntimeError(self.problem or "this is a recorded run: it has ended")
        self.start()
        self.resume()
        try:
            while self._trainer.is_alive():
                self._trainer.join(0.2)
        except KeyboardInterrupt:
            self.pause()
            raise
        if self._trainer.error is not None:
            raise RuntimeError(self.error) from self._trainer.error
        return self._trainer.course.model

    def _asked(self, _: Any, content: dict[str, Any], __: Any) -> None:
        """What the buttons do."""
        asked = {"start": self.start, "pause": self.pause, "resume": self.resume,
                 "stop": self.stop}
        asked.get(content.get("do"), lambda: None)()

    # Showing. Whoever holds `_sending` never waits for a step: see `set_state`.

    def _show_if_new(self) -> None:
        if self._watched.frames[-1].step > self.at[-1]:
            self._show()

    def _show_now(self) -> None:
        if self._trainer.error is None:
            with self._trainer.between():
                self._watched.look()
        self._show()

    def _show(self) -> None:
        with self._sending, self.hold_sync():
            for name, value in self._moving().items():
                self.set_trait(name, value)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the front end sends, while no other thread sends."""
        with self._sending:
            super().set_state(sync_data)

    def _state(self) -> dict[str, Any]:
        """In a file of its own nothing trains: it replays."""
        with self._sending:
            state = super()._state() | {"live": False}
        if state["status"] in ("training", "paused"):
            state["status"] = "stopped"
        return state

    # In words

    def frame(self) -> int:
        """The number of the frame shown: the last one at `step` or before."""
        early = [n for n, at in enumerate(self.at) if at <= self.step]
        return (early or [0])[-1] if self.step >= 0 else len(self.at) - 1

    def windows_at(self, frame: int) -> UInt8[np.ndarray, "N m m"]:
        """The greys of one frame's windows."""
        every = np.frombuffer(self.windows, np.uint8)
        return every.reshape(len(self.at), -1, self.m, self.m)[frame]

    def means(self) -> Float[np.ndarray, "n 2"]:
        """Running means of both losses, at each point that the front end draws."""
        both = np.frombuffer(self.losses, np.float32).reshape(-1, 2).astype(float)
        width = max(1, MEAN_OF // self.per)
        parts = [both[max(0, n + 1 - width) : n + 1] for n in range(len(both))]
        return np.array([p.mean(0) for p in parts]).reshape(-1, 2)

    def words(self) -> str:
        """How far training is, and the losses and windows at the moment shown."""
        step = self.at[self.frame()]
        text = f"{STATES[self.status]}: {self.taken} of {self.steps} steps taken. "
        text += f"Shown is step {step}" if step else "Shown is the network untrained"
        point = min(-(-step // self.per), len(self.losses) // 8) - 1
        if step and point >= 0:
            objectness, mask = (fixed(mean, 2) for mean in self.means()[point])
            text += f": mask loss {mask}, objectness loss {objectness}"
        return " ".join(filter(None, [f"{text}.", self._window_words(), self.error]))

    def _window_words(self) -> str:
        windows = self.windows_at(self.frame())
        if not self.truth:
            return f"{(windows > 128).sum()} of {windows.size} places are white."
        truth = np.frombuffer(self.truth, np.uint8).reshape(windows.shape)
        right = int(((windows > 128) == (truth == 1))[truth != UNKNOWN].sum())
        total = int((truth != UNKNOWN).sum())
        share = (200 * right + total) // (2 * total)
        return f"{share}% of the places are on the right side."

    def grid(self) -> str:
        """The windows side by side as digits, 0 dark to 9 light."""
        return digits(self.windows_at(self.frame()))


def checked_masks(masks: Any, image: UInt8[np.ndarray, "h w 3"]) -> np.ndarray | None:
    """Masks that fit the image; None stays None.

    Raises:
        ValueError: not (N, h, w).
    """
    if masks is None:
        return None
    masks = np.asarray(masks)
    if masks.ndim != 3 or masks.shape[1:] != image.shape[:2]:
        raise ValueError(f"the masks are {masks.shape}, the picture is "
                         f"{image.shape[:2]}; masks are (N, h, w).")
    return masks.astype(bool)


def sentence(error: BaseException | None) -> str:
    """What went wrong in training, as a sentence; empty if nothing did.

    >>> sentence(ValueError("no masks"))
    'Training ended with an error, ValueError: no masks.'
    """
    if error is None:
        return ""
    said = (str(error).strip().splitlines() or ["nothing more is known"])[0]
    return f"Training ended with an error, {type(error).__name__}: {said.rstrip('.')}."
