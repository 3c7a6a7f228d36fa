"""Which answers are alike beyond what the handout explains: pairs to look at.

An answer is taken three lines at a time, without comments, docstrings, layout and the
names of its variables. What the handout or its solution holds says nothing, nor does
what a tenth of the class wrote; the rest is compared. Nothing here is a proof.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import combinations
from typing import NamedTuple

from ifcn_course.assignment.key import Key
from ifcn_course.grading.results import Result

_LINES, _LONGEST = 3, 40_000
_FEWEST, _SHARE = 8, 0.6
_NAME = re.compile(r"\b[A-Za-z_]\w*\b")


class Alike(NamedTuple):
    """Two students, and the functions in which their answers are alike."""

    one: str
    other: str
    functions: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.one} and {self.other} ({', '.join(self.functions)})"


def prints(cells: Collection[str]) -> tuple[str, ...]:
    """Short sums of what every function of a notebook says, three lines at a time.

    >>> one = prints(["def f(a):\\n    b = a + 1  # more\\n    return b"])
    >>> one == prints(["def f(x):\\n    'Add.'\\n    y = x + 1\\n    return y"])
    True
    >>> one == prints(["def f(x):\\n    y = x + 2\\n    return y"])
    False
    """
    found: dict[str, None] = {}
    for cell in cells:
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            source = re.sub(r"^\s*[%!].*$", "", cell[:_LONGEST], flags=re.MULTILINE)
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.FunctionDef):
                    found |= dict.fromkeys(_function(node))
    return tuple(found)


def _function(node: ast.FunctionDef) -> Iterator[str]:
    local = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    local |= {part.id for part in ast.walk(node)
              if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    body = node.body[ast.get_docstring(node) is not None:]
    lines = [line for part in body for line in ast.unparse(part).splitlines()]
    for at in range(max(1, len(lines) - _LINES + 1)):
        known: dict[str, str] = {}

        def renamed(name: re.Match, known: dict[str, str] = known) -> str:
            return known.setdefault(name[0], f"_{len(known)}") \
                if name[0] in local else name[0]

        text = _NAME.sub(renamed, "\n".join(lines[at:at + _LINES]))
        if "NotImplementedError" not in text:  # a stub
            sum_ = sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
            yield f"{node.name}:{sum_}"


def alike(results: Sequence[Result], key: Key) -> list[Alike]:
    """Pairs whose answers share most of what few others wrote, the most alike first."""
    explained = {*prints([one.solution for one in key.functions])}
    every = {one.name: {*one.prints} - explained for one in results}
    times = Counter(each for own in every.values() for each in own)
    few = max(2, len(results) // 10)
    telling = {name: {each for each in own if times[each] <= few}
               for name, own in every.items()}
    holders = defaultdict(list)
    for name, own in telling.items():
        for each in own:
            holders[each].append(name)
    shared: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each, names in holders.items():
        for pair in combinations(names, 2):
            shared[pair].append(each)
    found = [(len(both), pair, both) for pair, both in shared.items()
             if len(both) >= max(_FEWEST, _SHARE * min(len(every[n]) for n in pair))]
    asked = {one.name for one in key.functions}
    return [Alike(*pair, tuple(sorted({name if (name := each.partition(":")[0]) in asked
                                       else "helpers" for each in both})))
            for _, pair, both in sorted(found, reverse=True)]
