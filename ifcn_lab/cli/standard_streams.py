"""Standard streams that stop no work: closed ones, full ones, narrow ones."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


@contextmanager
def steady_streams() -> Iterator[None]:
    """While the block runs, printing raises nothing, whatever becomes of the output.

    A reader may leave (`| head -1`): then the rest is dropped, and the work is done all
    the same. A stream that is closed is opened on nothing, so that no file gets its
    number. What a console cannot show, and what would steer it, is spelled out.

    Raises:
        SystemExit: at the end, with status 2, if a full disk took not all of the
            output; the error stream says so.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _steady(sys.stdout, 1), _steady(sys.stderr, 2)
    outlet = sys.stdout.buffer.raw
    try:
        yield
    finally:
        sys.stdout.flush()
        if outlet.trouble:
            print("ifcn-lab: the standard output takes no more "
                  f"({outlet.trouble.strerror}); what it says is lost", file=sys.stderr)
        sys.stderr.flush()
        sys.stdout, sys.stderr = before
        if outlet.trouble:
            sys.exit(2)


class Outlet(io.RawIOBase):
    """Where the bytes of a stream go; those that it does not take are dropped.

    ``trouble`` is why, except where the reader has left.
    """

    def __init__(self, raw: Any) -> None:
        self.raw, self.trouble = raw, None

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def fileno(self) -> int:
        """Give the number that child processes know it by."""
        return self.raw.fileno()

    def isatty(self) -> bool:
        """Say whether it is a terminal."""
        return self.raw.isatty()

    def write(self, data: Any) -> int:
        """Write what can be written."""
        try:
            return self.raw.write(data)
        except BrokenPipeError:
            return len(data)
        except OSError as error:
            self.trouble = error
            return len(data)


class Plain(io.TextIOWrapper):
    """Text of which nothing steers a terminal."""

    def write(self, text: str) -> int:
        """Write it plainly."""
        return super().write(plain(text))


def plain(text: str) -> str:
    """Spell out what would steer a terminal: a name in a file may hold anything.

    Example:
        >>> plain("\\x1b[31m, but ä")
        '\\\\x1b[31m, but ä'
    """
    return "".join(c if c.isprintable() or c in "\n\r\t" else repr(c)[1:-1]
                   for c in text)


def _steady(stream: TextIO | None, number: int) -> TextIO:
    if stream is None:
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
        os.set_inheritable(number, True)
        raw = io.FileIO(number, "w", closefd=False)
        return Plain(io.BufferedWriter(Outlet(raw)), "utf-8", "backslashreplace")
    buffer = io.BufferedWriter(Outlet(getattr(stream.buffer, "raw", stream.buffer)))
    return Plain(buffer, stream.encoding, "backslashreplace",
                 line_buffering=stream.line_buffering or stream.write_through)
