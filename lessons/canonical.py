"""The one form a notebook is stored in, and what its outputs must not hold."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from io import BytesIO

import nbformat
from nbformat import NotebookNode
from PIL import Image

from lessons.source import KERNEL

_WIDGET = "application/vnd.jupyter.widget-view+json"
_LARGE = 100_000
"""Bytes of a stored figure, above which it is made smaller: a photograph, mostly."""
_UNSTABLE = {
    "an object address": re.compile(r"\b0x[0-9a-fA-F]{6,}\b"),
    "a path of this machine": re.compile(r"/(?:home|Users|root|work|tmp)/\w|[A-Z]:\\"),
    "a stray figure or return value": re.compile(
        r"<Figure size|<matplotlib\.|<Axes|\bText\(\d|\[<.* at |<function |<module "
    ),
}


def text(notebook: NotebookNode) -> str:
    """Return the bytes of the file: sorted keys, indent 1, one newline at the end."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook with all that varies from run to run taken out."""
    notebook = nbformat.from_dict(notebook)
    notebook.metadata = nbformat.from_dict({"kernelspec": dict(KERNEL)})
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
        cell.outputs = _merged([_tidy_output(out, count) for out in cell.outputs])
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
    return notebook


def bare(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook as it stood before it was run."""
    notebook = tidy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = None, []
    return notebook


def problems(notebook: NotebookNode) -> list[str]:
    """Return what is wrong with the stored outputs, one sentence for each finding."""
    return [
        f"cell [{cell.execution_count}] stores {problem}"
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        for problem in _problems(output)
    ]


def printed(notebook: NotebookNode) -> str:
    """Return all that the notebook printed, in order."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    return "".join(out.get("text", "") for cell in cells for out in cell.outputs)


def alt(output: NotebookNode) -> str | None:
    """Return the alternative text of an image output; None if it shows no image."""
    data, metadata = output.get("data", {}), output.get("metadata", {})
    for kind in data:
        if kind.startswith("image/"):
            return metadata.get(kind, {}).get("alt") or metadata.get("alt") or ""
    tags = re.findall(r"<img\b[^>]*>|<svg\b[^>]*>", "".join(data.get("text/html", "")))
    words = [re.search(r'(?:alt|aria-label)="([^"]+)"', tag) for tag in tags]
    return None if not tags else " ".join(w[1] for w in words) if all(words) else ""


def _problems(output: NotebookNode) -> Iterator[str]:
    if output.get("name") == "stderr":
        yield f"what was written to stderr: {output['text'][:60]!r}"
    if alt(output) == "":
        yield "an image without alternative text"
    shown = output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
    for what, pattern in _UNSTABLE.items():
        if pattern.search(shown):
            yield f"{what}: {pattern.search(shown)[0]!r}"


def _tidy_output(output: NotebookNode, count: int) -> NotebookNode:
    if output.output_type == "execute_result":
        output.execution_count = count
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]
    data = output.get("data", {})
    data.pop(_WIDGET, None)
    if len(data.get("image/png", "")) > _LARGE:
        data["image/png"] = b64encode(small(b64decode(data["image/png"]))).decode()
    return output


def small(png: bytes) -> bytes:
    """The picture in 256 colours, half the size or less; one that is so stays as it is.
    """
    with Image.open(BytesIO(png)) as picture:
        if picture.mode == "P":
            return png
        few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    buffer = BytesIO()
    few.save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join what was printed in pieces: how many pieces depends on timing."""
    joined: list[NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.output_type == "stream" and last.get("name") == output.name:
            last["text"] += output.text
        else:
            joined.append(output)
    return joined
