"""A figure that is drawn again whenever a slider moves."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from ipywidgets import HTML, Image, IntSlider, VBox

from ifcn_lab.draw.picture import Picture


class Redrawn(VBox):
    """Sliders, the figure they lead to, and what it shows in words.

    Args:
        draw: makes the picture from the sliders' values, given by name.
        sliders: by the name of what they move.

    The text twin is `describe()`; `repr` names the sliders' values and nothing else,
    so a notebook stores the same text every time.

    >>> from ifcn_lab.draw.picture import panels
    >>> def words(n):
    ...     with panels(1, 1, width=1, height=1) as (figure, _):
    ...         return Picture(figure, f"{n} apples")
    >>> widget = Redrawn(words, n=slider("apples", 2, 0, 5))
    >>> widget.sliders["n"].value = 3
    >>> widget, widget.describe()
    (Redrawn(n=3), '3 apples')
    """

    def __init__(self, draw: Callable[..., Picture], **sliders: IntSlider) -> None:
        self.draw, self.sliders = draw, sliders
        self.image, self.words = Image(format="png"), HTML()
        self.show()
        for each in sliders.values():
            each.observe(self.show, names="value")
        super().__init__([*sliders.values(), self.image, self.words])

    def values(self) -> dict[str, int]:
        """Where the sliders stand."""
        return {name: each.value for name, each in self.sliders.items()}

    def show(self, _change: object = None) -> None:
        """Draw the figure for the sliders' values."""
        picture = self.draw(**self.values())
        self._alt = picture.alt
        self.image.value = picture.png()
        self.image.width = str(round(picture.figure.get_figwidth() * 96))
        self.words.value = f"<p>{escape(picture.alt)}</p>"

    def describe(self) -> str:
        """What the figure shows now, for those who do not see it."""
        return self._alt

    def __repr__(self) -> str:
        """The name and the sliders' values."""
        values = ", ".join(f"{name}={value}" for name, value in self.values().items())
        return f"{type(self).__name__}({values})"


def slider(label: str, value: int, least: int, most: int) -> IntSlider:
    """A slider for whole numbers; the figure follows when it is let go."""
    return IntSlider(value=value, min=least, max=most, description=label,
                     continuous_update=False, style={"description_width": "8em"})
