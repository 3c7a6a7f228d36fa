"""The first cell of every notebook: it makes Colab work, and does nothing elsewhere."""

from __future__ import annotations

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

TAG = "colab"
SOURCE = """\
# On Colab this adds what the course lacks there; elsewhere it does nothing.
import subprocess
import sys

if "google.colab" in sys.modules:
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps"]
    subprocess.run([*pip, "ifcn-lab"], check=True)
    from ifcn_course import colab

    colab.complete()"""


def with_colab(notebook: NotebookNode) -> NotebookNode:
    """Put the cell in front of a notebook."""
    cell = new_code_cell(SOURCE, id="colab", metadata={"tags": [TAG]})
    notebook.cells.insert(0, cell)
    return notebook


def of_the_lesson(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells without that one."""
    return [cell for cell in notebook.cells if TAG not in cell.metadata.get("tags", [])]
