"""The options of a run, kept beside it, so that --resume goes on with the same ones."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from ifcn_lab.atomic_write import write_whole

FREE = {"out", "resume", "command", "device", "workers", "timeout", "every",
        "precision"}
"""What may differ from one sitting to the next: how the run is carried out."""

LENGTH = ("iterations", "minutes")


def remember(given: Namespace) -> dict[str, Any]:
    """The options of the run: the given ones of a new run, the kept ones of an old one.

    They are kept in `options.json`. On resuming, --iterations and --minutes change the
    length of the whole run.

    Raises:
        FileNotFoundError: there is no run to resume.
        ValueError: an option contradicts the run that is resumed, or the kept ones are
            damaged.
    """
    path, options = given.out / "options.json", vars(given)
    if given.resume:
        if path.exists():
            options = joined_options(read(path), options)
        for needed in (path, given.out / "checkpoint.pt"):
            if not needed.is_file():
                raise FileNotFoundError(
                    f"no run to resume in {given.out}, as it has no {needed.name}; "
                    "start one without --resume")
    write_whole(path, json.dumps(options, indent=1, default=str))
    return options


def joined_options(kept: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The options a resumed run was begun with, and those that may change.

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
        raise ValueError(f"options.json names {', '.join(sorted(unknown))}, which is "
                         "no option: it is damaged, or of another ifcn_lab; begin a "
                         "new run in another folder")
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


def read(path: Path) -> dict[str, Any]:
    """The kept options.

    Raises:
        ValueError: the file is damaged.
    """
    try:
        return dict(json.loads(path.read_text("utf-8")).items())
    except (ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged ({error}); begin a new run in another "
                         "folder") from error
