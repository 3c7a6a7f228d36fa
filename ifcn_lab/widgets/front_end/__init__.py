"""The front-end modules, and how they become one.

A browser is given one module with no imports: in a notebook by anywidget, in a file of
its own together with `host.js`. So the modules that a widget imports are put before
it, each once. They are plain JavaScript; nothing is compiled but
`convolution.wat`, whose bytes `convolution.js` carries.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent
_IMPORT = re.compile(r'^import\s*\{[^}]*\}\s*from\s*"\./([\w.]+)";\n', re.MULTILINE)


def text(name: str) -> str:
    """A file of this folder.

    >>> text("page.css").startswith(".ifcn")
    True
    """
    return (FOLDER / name).read_text(encoding="utf-8")


@lru_cache(maxsize=32)
def joined(module: str) -> str:
    """The module with all that it imports before it, and no import or export left.

    >>> "function assemble(" in joined("assembler.js"), "export" in joined("page.js")
    (True, False)
    """
    parts = [_plain(text(name)) for name in _needed(module)]
    return "\n".join(parts)


def for_notebook(module: str) -> str:
    """What anywidget asks for: a module whose default export has `render`."""
    return joined(module) + "\nexport default { render: tidy(render) };\n"


def _needed(module: str, seen: tuple[str, ...] = ()) -> tuple[str, ...]:
    for name in _IMPORT.findall(text(module)):
        seen = _needed(name, seen) if name not in seen else seen
    return seen if module in seen else (*seen, module)


def _plain(source: str) -> str:
    return re.sub(r"^export (?=(async )?(function|class|const))", "",
                  _IMPORT.sub("", source), flags=re.MULTILINE)
