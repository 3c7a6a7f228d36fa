"""The course on Colab: what it lacks there is added, and what is there stays.

`lessons/colab.py` writes the cell that calls this into every notebook.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata

KEPT = ("torch", "numpy")
_NOT_NEEDED = ("jupyterlab",)  # Colab is in its place


def complete() -> None:
    """Install what is missing beside the torch and NumPy that are there.

    Raises:
        subprocess.CalledProcessError: pip could not; it has said why.
    """
    if lines := list(missing()):
        there = [f"{name}=={metadata.version(name)}" for name in KEPT if _has(name)]
        pip = [sys.executable, "-m", "pip", "install", "-q"]
        subprocess.run([*pip, *lines, *there], check=True)
    from google.colab import output  # widgets that are not of Colab itself

    output.enable_custom_widget_manager()


def missing() -> Iterator[str]:
    """The needs of this package of which no version is installed."""
    for line in metadata.requires("ifcn-lab") or ():
        name = re.match(r"[\w.-]+", line)[0]
        if "extra ==" not in line and name not in _NOT_NEEDED and not _has(name):
            yield line


def _has(name: str) -> bool:
    return any(metadata.distributions(name=name))
