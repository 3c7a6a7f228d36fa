"""The options of a run, kept in its checkpoint: --resume goes on with the same ones."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import Any

from ifcn_lab.training import load_checkpoint

FREE = {"out", "resume", "command", "device", "workers", "every", "precision"}
"""What may differ from one sitting to the next: how the run is carried out."""

LENGTH = ("iterations", "minutes")


def noted(given: Namespace) -> dict[str, Any]:
    """The options as a checkpoint keeps them, plain."""
    return json.loads(json.dumps(vars(given), default=str))


def resumed(given: Namespace) -> dict[str, Any]:
    """The options of the run that is gone on with.

    Raises:
        FileNotFoundError: there is no run to resume.
        ValueError: an option contradicts it, or its checkpoint is damaged.
    """
    path = given.out / "checkpoint.pt"
    if not path.is_file():
        raise FileNotFoundError(f"no run to resume in {given.out}, as it has no "
                                f"{path.name}; start one without --resume")
    return joined_options(load_checkpoint(path).get("notes", {}), vars(given))


def joined_options(kept: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The options a resumed run was begun with, and those that may change.

    --iterations and --minutes change the length of the whole run.

    Raises:
        ValueError: an option that must stay was given with another value, or one was
            kept that there is not.

    Example:
        >>> begun = {"k": 5, "iterations": 100, "minutes": None}
        >>> now = {"k": None, "iterations": 300, "minutes": None, "device": "cpu"}
        >>> joined_options(begun, now)
        {'k': 5, 'iterations': 300, 'minutes': None, 'device': 'cpu'}
    """
    if unknown := kept.keys() - given.keys():
        raise ValueError(f"the run was begun with {', '.join(sorted(unknown))}, which "
                         "is no option of this ifcn_lab; begin a new one in another "
                         "folder")
    for name in given.keys() - FREE - {*LENGTH}:
        value, begun = given[name], kept.get(name)
        left_out = value is None or value is False or value in ((), "train")
        if not left_out and str(value) != str(begun):
            option = f"--{name.replace('_', '-')}"
            raise ValueError(f"the run in {given.get('out')} was begun with {option} "
                             f"{begun}, not {value}; leave {option} out, or begin a "
                             "new run in another folder")
    stays = {name: value for name, value in kept.items()
             if name not in FREE or given[name] is None}
    longer = {name: given[name] for name in LENGTH}
    return given | stays | (longer if any(longer.values()) else {})
