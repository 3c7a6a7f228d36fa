"""The key of a class variant: which functions, which calls, what they return.

A key is one JSON file. The grader reads it; students never see it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ifcn_course.assignment.agreement import WAYS
from ifcn_course.assignment.values import decode, encode

FORMAT = "ifcn-lab key 1"


@dataclass(frozen=True)
class KeyCase:
    """One call of a function and what it should return; `what` names it: "i = 5"."""

    what: str
    args: tuple
    expected: object
    points: int = 1
    hint: str = ""


@dataclass(frozen=True)
class KeyFunction:
    """A function that students write, found by its name.

    `agree` says how values are compared (by `agreement.agrees`), and `solution` is the
    source of a function that gets all points.
    """

    name: str
    task: str
    agree: str
    cases: tuple[KeyCase, ...]
    solution: str

    @property
    def points(self) -> int:
        """The sum over the cases."""
        return sum(case.points for case in self.cases)


@dataclass(frozen=True)
class Key:
    """What one class hands in against: a lesson, a seed, its variant, its functions."""

    lesson: str
    seed: int
    title: str
    variant: Mapping[str, object]
    functions: tuple[KeyFunction, ...] = field(default=())

    @property
    def name(self) -> str:
        """How its assignment is called: "03_assembling_2027"."""
        return f"{self.lesson}_{self.seed}"

    @property
    def points(self) -> int:
        """The sum over the functions."""
        return sum(function.points for function in self.functions)


def key_text(key: Key) -> str:
    """The key as the text of its file: sorted keys, indent 1, a newline at the end.

    >>> case = KeyCase("i = 5", (5,), 1)
    >>> one = KeyFunction("cell_of", "1", "exact", (case,), "def cell_of(i): ...")
    >>> key = Key("03_assembling", 2027, "Assembling", {"k": 4}, (one,))
    >>> parsed(key_text(key)) == key
    True
    """
    document = {
        "format": FORMAT, "lesson": key.lesson, "seed": key.seed, "title": key.title,
        "variant": dict(key.variant),
        "functions": [function_document(one) for one in key.functions],
    }
    return json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def write_key(key: Key, path: Path) -> Path:
    """Write the key's file.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_text(key_text(key), encoding="utf-8", newline="\n")
    return path


def read_key(path: Path) -> Key:
    """Read a key's file.

    Raises:
        ValueError: it is no key, is damaged, or was written by another version.
        OSError: there is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no key {path}; give the .key.json that "
                                "`ifcn-lab assignment` wrote")
    try:
        return parsed(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ValueError(f"{path}: no key, but a file that is no text; give the "
                         ".key.json that `ifcn-lab assignment` wrote") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def parsed(text: str) -> Key:
    """The key that this text is.

    Raises:
        ValueError: it is no key, is damaged, or was written by another version.

    >>> parsed("{}")
    Traceback (most recent call last):
    ValueError: no key; give the .key.json that `ifcn-lab assignment` wrote
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no key, or a damaged one: it is no JSON ({error}); make it "
                         "anew with the same seed") from None
    _check_format(document)
    try:
        return _key(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"a damaged key: {said}; make it anew with the same seed") \
            from None


def _check_format(document: object) -> None:
    named = document.get("format") if isinstance(document, dict) else None
    if not isinstance(named, str) or not named.startswith("ifcn-lab key"):
        raise ValueError("no key; give the .key.json that `ifcn-lab assignment` wrote")
    if named != FORMAT:
        raise ValueError(f"a key of another version: it says {named!r}, and this "
                         f"ifcn_lab reads {FORMAT!r}; make it anew with the same seed")


def _key(document: Mapping) -> Key:
    functions = tuple(function_from(one) for one in _list(document, "functions"))
    names = [one.name for one in functions]
    if len(set(names)) < len(names) or not names:
        raise ValueError("its functions have no names of their own, or there are none")
    return Key(_typed(document, "lesson", str), _typed(document, "seed", int),
               _typed(document, "title", str), _typed(document, "variant", dict),
               functions)


def function_document(one: KeyFunction) -> dict[str, object]:
    """What stands in a key's file for one function: JSON's own types only."""
    cases = [
        {"what": case.what, "args": [encode(arg) for arg in case.args],
         "expected": encode(case.expected), "points": case.points, "hint": case.hint}
        for case in one.cases
    ]
    return {"name": one.name, "task": one.task, "points": one.points,
            "agree": one.agree, "solution": one.solution, "cases": cases}


def function_from(document: Mapping) -> KeyFunction:
    """The function that `function_document` describes.

    Raises:
        KeyError, TypeError, ValueError: the document is damaged.
    """
    name = _typed(document, "name", str)
    cases = tuple(_case(one, name) for one in _list(document, "cases"))
    made = KeyFunction(name, _typed(document, "task", str),
                       _typed(document, "agree", str), cases,
                       _typed(document, "solution", str))
    if not name.isidentifier():
        raise ValueError(f"a function is called {name!r}")
    if made.agree not in WAYS:
        raise ValueError(f"{name} is compared {made.agree!r}, not one of {WAYS}")
    if not cases or made.points != document["points"]:
        raise ValueError(f"{name} is worth {document['points']}, its cases together "
                         f"{made.points}")
    return made


def _case(document: Mapping, name: str) -> KeyCase:
    points = _typed(document, "points", int)
    if points < 0:
        raise ValueError(f"a case of {name} is worth {points} points")
    args = tuple(decode(arg) for arg in _list(document, "args"))
    return KeyCase(_typed(document, "what", str), args, decode(document["expected"]),
                   points, _typed(document, "hint", str))


def _list(document: Mapping, name: str) -> Sequence:
    return _typed(document, name, list)


def _typed(document: Mapping, name: str, kind: type) -> object:
    """What stands under this name, which has to be of this type."""
    value = document[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{name!r} is {str(value)[:40]!r}, not of type "
                         f"{kind.__name__}")
    return value
