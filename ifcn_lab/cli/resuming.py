"""The options of a run, kept beside it, so that --resume goes on with the same ones."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ifcn_lab.atomic_write import write_whole

FREE = {"out", "resume", "command", "device", "workers", "timeout", "every",
        "precision", "compile", "channels_last"}
"""What may differ from one sitting to the next: how the run is carried out."""

LENGTH = ("iterations", "minutes")
PATHS = {"annotations", "images", "data", "names", "weights", "init"}


def remember(given: Namespace) -> dict[str, Any]:
    """The options of the run: the given ones of a new run, the kept ones of an old one.

    They are kept in `options.json`. On resuming, --iterations and --minutes change the
    length of the whole run.

    Raises:
        FileNotFoundError: there is no run to resume.
        ValueError: an option contradicts the run that is resumed, or the kept ones are
            damaged.
    """
    path = given.out / "options.json"
    options = vars(given)
    if given.resume:
        if path.exists():
            options = joined_options(read(path, options.keys()), options)
        for needed in (path, given.out / "checkpoint.pt"):
            if not needed.is_file():
                raise FileNotFoundError(
                    f"no run to resume in {given.out}, as it has no {needed.name}; "
                    "start one without --resume")
    write(path, options)
    return options


def joined_options(kept: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """The options a resumed run was begun with, and those that may change.

    Raises:
        ValueError: an option that must stay was given with another value.

    Example:
        >>> begun = {"k": 5, "iterations": 100, "minutes": None}
        >>> now = {"k": None, "iterations": 300, "minutes": None, "device": "cpu"}
        >>> joined_options(begun, now)
        {'k': 5, 'iterations': 300, 'minutes': None, 'device': 'cpu'}
    """
    for name, value in given.items():
        if name in FREE or name in LENGTH or is_default(name, value):
            continue
        if not same(name, value, kept.get(name)):
            raise ValueError(
                f"the run in {given.get('out')} was begun with {flag(name)} "
                f"{kept.get(name)}, not {value}; leave {flag(name)} out, or begin a "
                "new run in another folder"
            )
    options = given | {name: kept[name] for name in kept.keys() - FREE}
    for name in FREE & kept.keys():
        if given.get(name) is None:
            options[name] = kept[name]
    if any(given.get(name) for name in LENGTH):
        options |= {name: given.get(name) for name in LENGTH}
    return options


def is_default(name: str, value: object) -> bool:
    """Whether an option was left out, or says what it says when left out."""
    return (value is None or value is False or value == ()
            or (name == "split" and value == "train"))


def same(name: str, given: object, kept: object) -> bool:
    """Whether an option has the value that was kept; paths by where they lead."""
    if name in PATHS and kept is not None:
        return str(given) == str(kept) or (
            Path(str(given)).resolve() == Path(str(kept)).resolve())
    return given == kept


def flag(name: str) -> str:
    """An option as it is typed.

    >>> flag("center_tolerance")
    '--center-tolerance'
    """
    return f"--{name.replace('_', '-')}"


def read(path: Path, known: Collection[str]) -> dict[str, Any]:
    """The kept options.

    Raises:
        ValueError: the file is damaged, or there are other options today.
    """
    try:
        kept = json.loads(path.read_text("utf-8"))
        unknown = sorted(kept.keys() - set(known))
    except (ValueError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged ({error}); begin a new run in another "
                         "folder") from error
    if unknown:
        raise ValueError(f"{path} names {', '.join(unknown)}, which is no option: it "
                         "is damaged, or of another ifcn_lab; begin a new run in "
                         "another folder")
    return kept


def write(path: Path, options: dict[str, Any]) -> None:
    """Keep the options; a reader finds the old ones or the new ones."""
    plain = {name: str(value) if isinstance(value, Path) else value
             for name, value in options.items()}
    write_whole(path, json.dumps(plain, indent=1))
