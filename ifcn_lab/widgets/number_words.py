"""Numbers as words say them: in Python and in JavaScript the same."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def fixed(value: float, decimals: int) -> str:
    """A number with so many decimals, rounded as JavaScript's `toFixed` does.

    Halves go away from zero, and zero has no sign.

    >>> fixed(0.125, 2), fixed(-0.125, 2), fixed(-0.0, 1)
    ('0.13', '-0.13', '0.0')
    """
    step = Decimal(1).scaleb(-decimals)
    return str(Decimal(float(value) + 0.0).quantize(step, ROUND_HALF_UP))


def plain(value: float) -> str:
    """A number as short as two decimals allow: whole ones without any.

    >>> plain(0.0), plain(1.5), plain(-3.0)
    ('0', '1.50', '-3')
    """
    return fixed(value, 0 if float(value).is_integer() else 2)


def counted(count: int, what: str) -> str:
    """So many things.

    >>> counted(1, "shape"), counted(0, "shape")
    ('1 shape', '0 shapes')
    """
    return f"{count} {what}{'' if count == 1 else 's'}"
