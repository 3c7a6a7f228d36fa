"""One step of the window: choose k and the step, and see what is kept."""

from __future__ import annotations

from ifcn_lab.draw.coherence import one_step
from ifcn_lab.widgets.redrawn import Redrawn, slider


class OneStep(Redrawn):
    """`draw.one_step` with sliders for k and for the step down and right.

    Args:
        m: window side in cells, at least 7.

    Raises:
        ValueError: m is below 7, the largest k of the slider.

    >>> widget = OneStep(m=21)
    >>> widget.sliders["right"].value = 2
    >>> widget
    OneStep(k=5, down=0, right=2)
    """

    def __init__(self, m: int = 21) -> None:
        if m < 7:
            raise ValueError(f"m is {m}; the slider for k goes to 7, so choose m >= 7")
        super().__init__(
            lambda k, down, right: one_step(k, m, (down, right)),
            k=slider("k", 5, 1, 7), down=slider("down", 0, 0, m // 2),
            right=slider("right", 1, 0, m // 2),
        )
