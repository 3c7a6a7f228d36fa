"""The predictions of the lessons. They stand here, so that no cell shows an answer."""

from __future__ import annotations

import tomllib
from pathlib import Path

from ifcn_lab.widgets import Predict

FOLDER = Path(__file__).with_name("predictions")  # a file for each lesson: 01.toml


def predict(name: str) -> Predict:
    """Ask a prediction of a lesson: `predict("4.2")` is the second of lesson 4.

    Raises:
        ValueError: no lesson asks it.

    >>> predict("1.1")
    Predict(guess=None)
    """
    asked = predictions()
    if name not in asked:
        raise ValueError(f"There is no prediction {name!r}; there are "
                         f"{', '.join(asked)}.")
    return Predict(**asked[name])


def predictions() -> dict[str, dict[str, object]]:
    """What `Predict` is given, by the name of each prediction, in the lessons' order.

    >>> list(predictions())[:2]
    ['1.1', '2.1']
    """
    texts = [path.read_text("utf-8") for path in sorted(FOLDER.glob("*.toml"))]
    return tomllib.loads("\n".join(texts))
