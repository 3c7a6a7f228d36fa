"""Lines of JSON between the grader and the process of a submission."""

from __future__ import annotations

import json
import os

LONGEST = 24 * 2**20
"""Bytes of one line, at most."""
_MOST_ITEMS = 500_000


def line(message: dict[str, object]) -> bytes:
    """A message as one line.

    >>> line({"do": "call", "id": 3})
    b'{"do": "call", "id": 3}\\n'
    """
    return json.dumps(message).encode("ascii") + b"\n"


def message(text: bytes) -> dict[str, object]:
    """The message of a line that nobody vouches for.

    Raises:
        ValueError: no JSON object, or one of far too many items.
    """
    if text.count(b",") + text.count(b"[") + text.count(b"{") > _MOST_ITEMS:
        raise ValueError(f"an answer of more than {_MOST_ITEMS} items")
    try:
        found = json.loads(text, parse_constant=_refused)
    except (RecursionError, ValueError) as error:
        raise ValueError(f"an answer that is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("an answer that is no JSON object")
    return found


def _refused(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


class Lines:
    """The process's end of the channel: file descriptors that nothing else uses."""

    def __init__(self) -> None:
        self._read, self._write, self._rest = 0, 1, b""

    def withdraw(self) -> None:
        """Move away from standard input and output; what is printed goes nowhere."""
        self._read, self._write = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        os.close(null)

    def receive(self) -> dict[str, object] | None:
        """The next message; None when the grader is gone."""
        pieces = [self._rest]
        while b"\n" not in pieces[-1]:
            pieces.append(os.read(self._read, 1 << 20))
            if not pieces[-1]:
                return None
        text, _, self._rest = b"".join(pieces).partition(b"\n")
        return json.loads(text)

    def send(self, text: bytes) -> None:
        """Write one line."""
        view = memoryview(text)
        while view:
            view = view[os.write(self._write, view):]
