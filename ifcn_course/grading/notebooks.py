"""The code cells of a notebook that nobody vouches for."""

from __future__ import annotations

import json
from collections.abc import Sequence

LARGEST = 32 * 2**20
"""Bytes of a notebook, at most."""
_MOST_CELLS, _MOST_SOURCE, _MOST_ITEMS = 2_000, 4 * 2**20, 3_000_000


def code_cells(content: bytes) -> list[str]:
    """The source of each code cell, in order.

    Raises:
        ValueError: no notebook, or one that is far too large.

    >>> code_cells(b'{"cells": [{"cell_type": "code", "source": ["x = 1"]}]}')
    ['x = 1']
    >>> code_cells(b"print(1)")
    Traceback (most recent call last):
    ValueError: no notebook: the file is no JSON
    """
    items = sum(map(content.count, (b",", b"[", b"{")))
    if len(content) > LARGEST or items > _MOST_ITEMS:
        raise ValueError(f"a notebook of more than {LARGEST >> 20} MB; clear its "
                         "outputs and hand it in again")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("no notebook: the file is no JSON") from None
    sources = [_source(cell) for cell in _cells(document)
               if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    if len(sources) > _MOST_CELLS or sum(map(len, sources)) > _MOST_SOURCE:
        raise ValueError(f"a notebook of more than {_MOST_CELLS} code cells, or more "
                         f"than {_MOST_SOURCE >> 20} MB of code")
    return sources


def assignment_of(content: bytes) -> str:
    """Which assignment a notebook says it is: "03_assembling_2027"; "" if it is silent.

    >>> assignment_of(b'{"metadata": {"ifcn_lab": {"assignment": "03_a_1"}}}')
    '03_a_1'
    """
    found = json.loads(content)
    for name in ("metadata", "ifcn_lab", "assignment"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def _cells(document: object) -> Sequence[object]:
    if isinstance(document, dict) and isinstance(document.get("cells"), list):
        return document["cells"]
    sheets = document.get("worksheets") if isinstance(document, dict) else None
    if isinstance(sheets, list):  # format 3, of before 2015
        return [cell for sheet in sheets if isinstance(sheet, dict)
                for cell in sheet.get("cells", ())]
    raise ValueError("no notebook: the file is JSON, and holds no cells")


def _source(cell: dict) -> str:
    source = cell.get("source", cell.get("input", ""))
    pieces = source if isinstance(source, list) else [source]
    return "".join(piece for piece in pieces if isinstance(piece, str))
