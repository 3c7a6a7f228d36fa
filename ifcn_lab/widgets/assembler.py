"""The assembler: move the window, and see which scores it copies."""

from __future__ import annotations

from typing import Any

from jaxtyping import Shaped

from ifcn_lab.draw.copying import copy_lines
from ifcn_lab.widgets.redrawn import Redrawn, slider


class Assembler(Redrawn):
    """`draw.copy_lines` with a slider for the window's row and one for its column.

    Args:
        score_maps: (k*k, H, W) whole numbers, or logits.
        m: window side in cells.
        center: (y, x) of the window at first.

    Raises:
        ValueError: the window is larger than the maps.

    >>> import numpy as np
    >>> widget = Assembler(np.zeros((4, 9, 9)), m=5, center=(4, 3))
    >>> widget.sliders["x"].value = 5
    >>> widget
    Assembler(y=4, x=5)
    """

    def __init__(
        self, score_maps: Shaped[Any, "kk H W"], m: int, center: tuple[int, int]
    ) -> None:
        H, W = score_maps.shape[1:]
        if m > min(H, W):
            raise ValueError(f"a window of {m} x {m} does not fit on maps of {H} x {W}")
        before, after = m // 2, m - 1 - m // 2
        super().__init__(
            lambda y, x: copy_lines(score_maps, (y, x), m),
            y=slider("row y", center[0], before, H - 1 - after),
            x=slider("column x", center[1], before, W - 1 - after),
        )
