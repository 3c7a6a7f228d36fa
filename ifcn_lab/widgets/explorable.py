"""What every widget has: three lives from one state.

Live in a notebook (anywidget), alone in an HTML file (`save_html`), and in words
(`describe`). A stored notebook shows a picture of the page, see `lessons.stills`.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import numpy as np
import traitlets
from jaxtyping import UInt8
from PIL import Image

from ifcn_lab.atomic_write import write_whole
from ifcn_lab.widgets import front_end

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 16px; background: Canvas; }}
{css}
</style>
</head>
<body>
<main id="widget"></main>
<noscript><p>{words}</p></noscript>
<script type="application/json" id="state">{state}</script>
<script type="module">
{code}
</script>
</body>
</html>
"""


class Explorable(anywidget.AnyWidget):
    """A widget with a front end and a text twin.

    A subclass names its front-end module in `module`, its synchronised traits, and
    says in `words` what it shows and in `grid` the same in digits. What Python finds
    wrong with the input stands in `problem`, and the front end shows it. Above the
    panels stand `hint`, which says what to try, and a button for each of `actions`.
    """

    module: ClassVar[str]
    shown: ClassVar[tuple[str, ...]] = ()
    """The traits that `repr` names."""
    later: ClassVar[tuple[str, ...]] = ()
    """The binary traits that a page of its own reads after it has painted once."""
    _css = front_end.text("page.css")
    problem = traitlets.Unicode("").tag(sync=True)
    hint = traitlets.Unicode("").tag(sync=True)
    actions = traitlets.List().tag(sync=True)

    def __init_subclass__(cls, **options: Any) -> None:
        """Give the class the front end it names."""
        if "module" in vars(cls):
            cls._esm = front_end.for_notebook(cls.module)
        super().__init_subclass__(**options)

    @classmethod
    def _of(cls, state: dict[str, Any]) -> Any:
        """The widget with this state, whatever its constructor asks for."""
        widget = cls.__new__(cls)
        Explorable.__init__(widget, **state)
        return widget

    def reach(self) -> dict[str, tuple[int, int]]:
        """The least and the most of traits that choose a place or a part."""
        return {}

    def held(self, proposal: Any) -> int:
        """What a trait becomes: the value asked for, held within its reach."""
        least, most = self.reach()[proposal["trait"].name]
        return max(least, min(proposal["value"], most))

    def offer(self, label: str, **state: Any) -> Any:
        """The widget with one more button: it brings the traits to this state.

        So a sentence drives the widget: "put the window between the two discs".

        Raises:
            TraitError: the widget has no such trait, or it cannot have this value.

        >>> from ifcn_lab.widgets import ShiftExplorer
        >>> ShiftExplorer().offer("Move by half a place", stride=4, dx=2).actions
        [['Move by half a place', {'stride': 4, 'dx': 2}]]
        """
        known = self._state()
        for name, value in state.items():
            if name not in known:
                raise traitlets.TraitError(
                    f"{type(self).__name__} has no trait {name!r}; it has "
                    f"{', '.join(sorted(known))}")
            self.traits()[name].validate(self, value)
        self.actions = [*self.actions, [label, state]]
        return self

    def words(self) -> str:
        """What the widget shows, in a sentence or two; the front end says the same."""
        raise NotImplementedError

    def grid(self) -> str:
        """What the widget shows, as rows of digits; empty if nothing is a grid."""
        return ""

    def describe(self) -> str:
        """The words and the digits: the widget for those who do not see it."""
        if self.problem:
            return self.problem
        return f"{self.words()}\n{self.grid()}".strip()

    def save_html(self, path: str | Path) -> Path:
        """Write the widget to one file that needs no kernel and no network."""
        write_whole(path, self.html())
        return Path(path)

    def html(self) -> str:
        """The page that `save_html` writes."""
        return _PAGE.format(
            title=escape(type(self).__name__), css=self._css,
            words=escape(self.describe()), state=stored(self._state(), self.later),
            code=front_end.joined(self.module) + front_end.text("host.js"),
        )

    def _state(self) -> dict[str, Any]:
        """The traits of this widget's own front end."""
        names = [
            name for name, trait in self.traits(sync=True).items()
            if isinstance(trait.this_class, type)
            and issubclass(trait.this_class, Explorable)
            and not name.startswith("_")
        ]
        return {name: getattr(self, name) for name in names}

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict, dict] | None:
        """The live widget, and its `repr`, which is the same in every run."""
        bundle = super()._repr_mimebundle_(**options)
        if bundle is None:
            return None
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/plain": repr(self)}, metadata

    def __repr__(self) -> str:
        """The name and the state that matters; the same in every run."""
        if self.problem:
            return f"{type(self).__name__}({self.problem})"
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.shown)
        return f"{type(self).__name__}({values})"


def stored(state: dict[str, Any], later: Sequence[str] = ()) -> str:
    """The state as JSON that may stand in a page; bytes deflated, in base64."""
    binary = {n: v for n, v in state.items() if isinstance(v, bytes)}
    buffers = {n: b64encode(zlib.compress(v)).decode() for n, v in binary.items()}
    rest = {n: v for n, v in state.items() if n not in binary}
    parts = {"state": rest, "buffers": buffers, "later": [*later]}
    text = json.dumps(parts, allow_nan=False)
    return text.replace("<", "\\u003c")  # no tag can end the script


def png_bytes(image: UInt8[np.ndarray, "h w *rgb"]) -> bytes:
    """A picture as a PNG file.

    >>> png_bytes(np.zeros((2, 2), np.uint8))[1:4]
    b'PNG'
    """
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, format="png")
    return buffer.getvalue()
