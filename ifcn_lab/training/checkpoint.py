"""Checkpoints that are either whole or absent."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch


def save_checkpoint(path: str | Path, state: dict[str, Any]) -> Path:
    """Write `state` so that a reader never sees half of it.

    The bytes go to a file beside the target and reach the disk before it takes the
    target's name, so a killed process leaves the old checkpoint or the new one.

    Raises:
        OSError: the disk is full or does not take the file. The old checkpoint stays.
    """
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:  # torch's own writer raises RuntimeError
        stays = "; the one before it is whole" if path.is_file() else ""
        raise OSError(f"{path}: the checkpoint could not be written ({reason(error)})"
                      f"{stays}; make room on the disk, or choose another folder") \
            from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def reason(error: BaseException) -> str:
    """What the system said, where torch hid it behind an error of its own."""
    while not isinstance(error, OSError) and error.__context__ is not None:
        error = error.__context__
    said = getattr(error, "strerror", None) or str(error)
    return said.splitlines()[0] if said else type(error).__name__


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is truncated or is no checkpoint of ifcn_lab.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}; give an existing file")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds for a broken file
        raise ValueError(
            f"{path} is truncated or no checkpoint ({type(error).__name__}); "
            "delete it and train again, or give an older one"
        ) from error
    if not isinstance(state, dict) or "recipe" not in state:
        raise ValueError(f"{path} is not a checkpoint written by ifcn_lab")
    return state
