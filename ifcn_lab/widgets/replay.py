"""A recorded training run for the TrainingMonitor to replay.

The run ships as `data/film/training.json`: the training of lesson 5, watched seven
times a second.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from ifcn_lab.atomic_write import write_whole

NAME = "film/training.json"


def load(path: str | Path | None = None) -> dict[str, Any]:
    """The traits of a recorded monitor; None: the run that ships.

    Raises:
        FileNotFoundError: there is no such file.

    >>> load()["steps"]
    120
    """
    from ifcn_lab.data import shipped

    found = Path(shipped.path(NAME) if path is None else path)
    kept = json.loads(found.read_text(encoding="utf-8"))
    buffers = {name: b64decode(text) for name, text in kept["buffers"].items()}
    return kept["state"] | buffers


def save(state: dict[str, Any], path: str | Path) -> Path:
    """Write the traits of a monitor as JSON, its bytes in base64."""
    binary = {name: value for name, value in state.items() if isinstance(value, bytes)}
    kept = {
        "state": {name: state[name] for name in state if name not in binary},
        "buffers": {name: b64encode(value).decode() for name, value in binary.items()},
    }
    write_whole(path, json.dumps(kept) + "\n")
    return Path(path)
