"""The key of a class variant: which functions, which calls, what they return.

A key is one JSON file with a checksum of its own. The grader reads it; students never
see it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ifcn_course.assignment.values import decode, encode

FORMAT = "ifcn-lab key 2"


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
    """What one class hands in against: a lesson, a seed, its variant, its functions.

    `secret` says how the lecturer's word was stretched; "": there was none.
    """

    lesson: str
    seed: int
    title: str
    variant: Mapping[str, object]
    functions: tuple[KeyFunction, ...] = ()
    secret: str = ""

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
    >>> one = KeyFunction("part_of", "1", "exact", (case,), "def part_of(i): ...")
    >>> key = Key("03_assembling", 2027, "Assembling", {"k": 4}, (one,))
    >>> parsed(key_text(key)) == key
    True
    """
    functions = [function_document(one) for one in key.functions]
    return _sealed(vars(key) | {"format": FORMAT, "variant": dict(key.variant),
                                "functions": functions})


def _sealed(document: Mapping[str, object]) -> str:
    """The text of a document with the checksum of all the rest of it."""
    def text(of: Mapping[str, object]) -> str:
        return json.dumps(of, sort_keys=True, indent=1, ensure_ascii=False) + "\n"

    bare = {name: value for name, value in document.items() if name != "sha256"}
    digest = sha256(text(bare).encode("utf-8", "surrogatepass")).hexdigest()
    return text(bare | {"sha256": digest})


def read_key(path: Path) -> Key:
    """Read a key's file.

    Raises:
        ValueError: it is no key, was changed, or was written by another version.
        OSError: there is no such file, or it cannot be read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no key {path}; give the .key.json that "
                                "`ifcn-lab assignment` wrote")
    try:
        return parsed(path.read_bytes().decode())
    except UnicodeDecodeError:
        raise ValueError(f"{path}: no key, but a file that is no text; give the "
                         ".key.json that `ifcn-lab assignment` wrote") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def parsed(text: str) -> Key:
    """The key that this text is, to the last character.

    Raises:
        ValueError: it is no key, was changed, or was written by another version.

    >>> parsed("{}")
    Traceback (most recent call last):
    ValueError: no key; give the .key.json that `ifcn-lab assignment` wrote
    """
    try:
        document = json.loads(text)
        whole = isinstance(document, dict) and _sealed(document) == text
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no key, or a damaged one: it is no JSON ({error}); make it "
                         "anew with the same seed") from None
    named = document.get("format") if isinstance(document, dict) else None
    if not isinstance(named, str) or not named.startswith("ifcn-lab key"):
        raise ValueError("no key; give the .key.json that `ifcn-lab assignment` wrote")
    if named != FORMAT:
        raise ValueError(f"a key of another version: it says {named!r}, and this "
                         f"ifcn_lab reads {FORMAT!r}; make it anew with the same seed")
    if not whole:
        raise ValueError("a damaged key: it was changed after it was written, as its "
                         "checksum says; make it anew with the same seed and secret")
    del document["format"], document["sha256"]
    functions = tuple(map(function_from, document.pop("functions")))
    return Key(**document, functions=functions)


def function_document(one: KeyFunction) -> dict[str, object]:
    """What stands in a key's file for one function: JSON's own types only."""
    cases = [vars(case) | {"args": [encode(arg) for arg in case.args],
                           "expected": encode(case.expected)} for case in one.cases]
    return vars(one) | {"points": one.points, "cases": cases}


def function_from(document: Mapping) -> KeyFunction:
    """The function that `function_document` describes.

    Raises:
        KeyError, TypeError, ValueError: the document is damaged.
    """
    cases = tuple(KeyCase(**case | {"args": tuple(map(decode, case["args"])),
                                    "expected": decode(case["expected"])})
                  for case in document["cases"])
    fields = {name: document[name] for name in ("name", "task", "agree", "solution")}
    return KeyFunction(**fields, cases=cases)
