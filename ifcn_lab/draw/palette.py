"""The colours of the k x k parts: the same in every figure, widget and slide.

Neighbouring parts must be told apart by everyone, also by people who see two
colours where others see three. Rows differ in hue, columns in lightness, and every
part also carries its number.
"""

from __future__ import annotations

from functools import cache

from matplotlib.colors import to_hex

# One ramp a row, dark to light; hues chosen to stay apart for dichromats.
RAMPS = (
    ("#08306b", "#9ecae1"),
    ("#7f2704", "#fdbe85"),
    ("#00441b", "#a1d99b"),
    ("#3f007d", "#d4b9da"),
    ("#3d3d3d", "#d0d0d0"),
    ("#7a0177", "#ffdbe8"),
    ("#4d4000", "#f0e08a"),
)
INK, PAPER, GREY = "#1a1a1a", "#ffffff", "#767676"
TRUE, FOUND, WRONG = "#0072b2", "#e69f00", "#d55e00"
COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")
"""Of masks that lie side by side; they tell neighbours apart and mean nothing."""


def part_colours(k: int) -> list[str]:
    """One colour for each of the k * k parts, row-major, as hexadecimal codes.

    Raises:
        ValueError: k is not 1 to 7.

    Example:
        >>> len(part_colours(5)), part_colours(1)
        (25, ['#537da6'])
    """
    if not 1 <= k <= len(RAMPS):
        raise ValueError(f"there are colours for k = 1 to {len(RAMPS)}, not for {k}")
    places = [0.5] if k == 1 else [i / (k - 1) for i in range(k)]
    return [blend(*RAMPS[row], place) for row in range(k) for place in places]


@cache
def blend(dark: str, light: str, place: float) -> str:
    """A colour between two, at `place` from 0 (dark) to 1 (light)."""
    from matplotlib.colors import to_rgb

    pairs = zip(to_rgb(dark), to_rgb(light), strict=True)
    return to_hex([(1 - place) * a + place * b for a, b in pairs])


def ink_on(colour: str) -> str:
    """Black or white, whichever is easier to read on this colour.

    Example:
        >>> ink_on("#08306b"), ink_on("#9ecae1")
        ('#ffffff', '#1a1a1a')
    """
    light, ink = luminance(colour), luminance(INK)
    on_white, on_ink = 1.05 / (light + 0.05), (light + 0.05) / (ink + 0.05)
    return PAPER if on_white > on_ink else INK


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it, 0 to 1."""
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
              for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
