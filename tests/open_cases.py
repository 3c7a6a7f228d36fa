"""What a check says of a function, and a function that is not begun."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ifcn_course import check


def said(name: str, function: Callable, capsys: pytest.CaptureFixture[str]) -> str:
    """What the check prints."""
    getattr(check, name)(function)
    return capsys.readouterr().out


def stub(*_: object) -> None:
    """As in a student's notebook."""
    raise NotImplementedError("not done yet")
