"""Checkpoints that are either whole or absent, and say if a byte of them changed."""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from ifcn_lab.atomic_write import replacing

FORMAT = b"ifcn_lab checkpoint 2\n"
"""The first line; the SHA-256 of all that follows is the second."""

FIELDS = {"config": dict, "recipe": dict, "model": dict, "optimizer": dict,
          "iteration": int, "seconds": float}
"""What a run needs to go on, and of which type it is."""


def save_checkpoint(path: str | Path, state: dict[str, Any]) -> Path:
    """Write `state` so that a reader never sees half of it.

    A killed process leaves the old checkpoint or the new one.

    Raises:
        OSError: the disk is full or does not take the file. The old checkpoint stays.
    """
    path, packed = Path(path), io.BytesIO()
    torch.save(state, packed)
    body = packed.getbuffer()
    try:
        with replacing(path) as new, open(new, "wb") as file:
            file.writelines((FORMAT, sha256(body).hexdigest().encode(), b"\n", body))
    except OSError as error:
        stays = "; the one before it is whole" if path.is_file() else ""
        raise OSError(f"{path}: the checkpoint could not be written "
                      f"({error.strerror or error}){stays}; make room on the disk, or "
                      "choose another folder") from error
    return path


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read what `save_checkpoint` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is truncated, was changed, or is no checkpoint of this
            format.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}; give an existing file")
    with path.open("rb") as file:
        first, told, body = file.readline(99), file.readline(99), file.read()
    if not FORMAT.startswith(first):
        raise ValueError(f"{path} is not a checkpoint of this ifcn_lab: it begins with "
                         f"{first[:25]!r}, not {FORMAT!r}; train again, or go on with "
                         "the version that wrote it")
    if told != sha256(body).hexdigest().encode() + b"\n":
        raise ValueError(f"{path} is truncated or no checkpoint as it was written: its "
                         "SHA-256 is not the one it names; give an older one, or "
                         "delete it and train again")
    try:
        state = torch.load(io.BytesIO(body), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds
        raise ValueError(f"{path} cannot be read by this torch "
                         f"({type(error).__name__}); train again, or go on with the "
                         "version that wrote it") from error
    fields = state if isinstance(state, dict) else {}
    if wrong := [name for name, kind in FIELDS.items()
                 if not isinstance(fields.get(name), kind)]:
        raise ValueError(f"{path} is not a checkpoint of a run: it lacks "
                         f"{', '.join(wrong)}")
    return state
