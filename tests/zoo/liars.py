"""Submissions that lie: about equality, about size, to the grader's channel."""

from __future__ import annotations

from tests.zoo import ADD, FULL, TABLE, TARGET, Specimen
from tests.zoo.loops import in_add

LIAR = """class Liar:
    __eq__ = __ge__ = __le__ = lambda self, other: True
    __hash__ = lambda self: 0
    __len__ = lambda self: 3
    shape, dtype, ndim = (), float, 0
def add(a, b):
    return Liar()"""
TRUE_ARRAY = """import numpy as np
class Yes(np.ndarray):
    def __eq__(self, other): return np.ones(3, bool)
    __ne__ = lambda self, other: np.zeros(3, bool)
    def __array_ufunc__(self, *args, **kwargs): return np.bool_(True)
    def __array_function__(self, *args, **kwargs): return True
def table(k):
    return np.zeros((k, k), int).view(Yes)"""
TRUE_NUMBER = """class Yes(int):
    __eq__ = lambda self, other: True
    __index__ = __int__ = __float__ = lambda self: 42
    __str__ = __repr__ = lambda self: "42"
def target():
    return Yes(7)"""
CHANNEL = """import os
def add(a, b):
    for number in range(3, 64):
        try:
            os.write(number, b'{"state": "value", "value": 3}\\n')
        except OSError:
            pass
    return a + b"""
KNOWS_THE_NUMBER = """import inspect, json, os
def table(k):
    for frame in inspect.stack():
        found = frame.frame.f_locals.get("message")
        if found:
            text = json.dumps({"id": found["id"], "state": "right", "points": 99})
            for number in range(3, 64):
                try:
                    os.write(number, text.encode() + b"\\n")
                except OSError:
                    pass
    return 0"""
PATCHED = """import base64, builtins, json
import numpy as np
json.dumps = lambda *a, **k: '{"state": "value", "points": 99}'
base64.b64encode = lambda data: b"////"
np.asarray = np.array_equal = np.allclose = lambda *a, **k: True
builtins.isinstance = lambda *a: True"""
PATCHED_CHECKER = """from ifcn_course.assignment import agreement
agreement.agrees = lambda *a, **k: True
agreement._numbers_agree = lambda *a, **k: True
import ifcn_course.grading.cells as cells
import ifcn_course.grading.worker as worker
worker._call = lambda *a: {"state": "value", "value": True, "points": 99}
cells.functions = lambda made: {}"""
BOMB = """import sys
main = sys.modules['ifcn_course.grading.worker']
def answer(made, message):
    return {"state": "value", "value": VALUE}
main._answer = answer"""
NESTED = '[' * 30 + ']' * 30

SPECIMENS = {
    "equal to everything": Specimen((LIAR, TABLE, TARGET), 7, ("type Liar",)),
    "true array": Specimen((ADD, TRUE_ARRAY, TARGET), 6),
    "true number": Specimen((ADD, TABLE, TRUE_NUMBER), 7),
    "false answers": Specimen(
        (CHANNEL, TABLE, TARGET), 7, ("wrote to the grader's channel",)),
    "answers first": Specimen(
        (ADD, KNOWS_THE_NUMBER, TARGET), 6, ("cannot be read",)),
    "patched libraries": Specimen(
        (ADD, TABLE, TARGET, PATCHED), FULL, ("wrote to the grader's channel",)),
    "patched checker": Specimen(
        ("def add(a, b):\n    return -1", TABLE, TARGET, PATCHED_CHECKER), 0),
    "huge array": Specimen(
        (ADD, "import numpy as np\ndef table(k):\n    return np.zeros((4000, 4000))",
         TARGET), 6, ("larger than",)),
    "huge list": Specimen(
        in_add("return [0] * 10**7"), 9, ("more than",)),
    "huge text": Specimen(in_add("return 'x' * 10**8"), 9, ("larger than",)),
    "huge number": Specimen(in_add("return 1 << 10**6"), 9, ("differs",)),
    "one long word": Specimen(
        in_add("return ['x' * 10**6] + ['y'] * 10**5"), 9, ("cannot be compared",)),
    "deep list": Specimen(
        in_add("made = []", "for _ in range(10**5): made = [made]", "return made"), 9,
        ("deeper than",)),
    "list in itself": Specimen(
        in_add("made = []", "made.append(made)", "return made"), 9, ("deeper than",)),
    "generator": Specimen(in_add("return (i for i in [12])"), 9, ("type generator",)),
    "endless generator": Specimen(
        (ADD, "import itertools\ndef table(k):\n    return itertools.count()", TARGET),
        6, ("type count",)),
    "endless list": Specimen(
        in_add("class Endless(list):",
               "    __iter__ = lambda self: iter(lambda: 0, 1)", "return Endless([1])"),
        9, ("more than",)),
    "raw bomb": Specimen(
        (ADD, TABLE, TARGET, BOMB.replace("VALUE", "[[0]] * 10**6")), 0),
    "raw shape": Specimen(
        (ADD, TABLE, TARGET,
         BOMB.replace("VALUE", "{'array': ['<f8', [0, 2**60], '']}")), 0),
    "raw object": Specimen(
        (ADD, TABLE, TARGET, BOMB.replace("VALUE", "{'array': ['|O', [1], 'AAAA']}")),
        0),
    "markup": Specimen(
        in_add("raise ValueError('<script>alert(1)</script>\\x1b[31m\\u202e')"), 9,
        ("ValueError: <script>alert(1)</script>",)),
    "hidden name": Specimen((*[ADD, TABLE, TARGET], "get_ipython().user_ns.clear()"), 0,
                            ("not found",)),
    "no type": Specimen(
        (ADD, TABLE, "class Odd(type):\n    def __instancecheck__(c, x): return True\n"
         "    __module__ = 'torch'\nclass T(metaclass=Odd):\n    numpy = 1\n"
         "def target():\n    return T()"), 7, ("cannot be compared",)),
    "unharmed": Specimen((ADD, TABLE, TARGET), FULL),
}
