"""Submissions that mean well: whole, half, and with cells moved about."""

from __future__ import annotations

from tests.zoo import ADD, FULL, HONEST, TABLE, TARGET, Specimen

LATER_WINS = "def add(a, b):\n    return a - b"
MAGICS = """%matplotlib inline
!pip install something
%unknown magic
listed = !ls
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.show()
def add(a, b):
    return a + b"""

SPECIMENS = {
    "full": Specimen(HONEST, FULL),
    "half": Specimen(
        (ADD, "def table(k):\n    raise NotImplementedError('Task 2')", TARGET), 6,
        ("not done yet",),
    ),
    "nothing done": Specimen((), 0, ("not found",)),
    "reordered": Specimen((TARGET, TABLE, ADD), FULL),
    "split": Specimen(
        ("a_sum = sum", "def add(a, b):\n    return a_sum([a, b])",
         "import numpy as np",
         "def row(k, i):\n    return np.arange(k) + i * k",
         "def table(k):\n    return [row(k, i) for i in range(k)]", "answer = 6 * 7",
         "target = lambda: answer"), FULL,
    ),
    "copied": Specimen((LATER_WINS, *HONEST, TABLE, ADD, TARGET), FULL),
    "later wins": Specimen((*HONEST, LATER_WINS), 8, ("differs",)),
    "near name": Specimen(
        (ADD.replace("add", "Add"), TABLE, TARGET), 7, ("not found; is it `Add`?",)),
    "no function": Specimen(
        (ADD, TABLE, "target = 42"), 7, ("is no function, but of type int",)),
    "magics": Specimen((MAGICS, TABLE, TARGET), FULL),
    "types": Specimen(
        ("def add(a, b):\n    return float(a + b)",
         "import torch\n\ndef table(k):\n    return torch.arange(k * k).view(k, k)",
         "import numpy as np\n\ndef target():\n    return np.float32(42)"), FULL,
    ),
    "changes its arguments": Specimen(
        ("def add(a, b):\n    return a + b", TABLE,
         "kept = []\ndef target():\n    kept.append(1)\n    return 41 + len(kept)"),
        FULL,
    ),
    "transposed": Specimen(
        (ADD, TABLE + ".T", TARGET), 6, ("differs",)),
    "flat": Specimen(
        (ADD, "def table(k):\n    return list(range(k * k))", TARGET), 6,
        ("has shape (4,), expected is (2, 2)",)),
    "no return": Specimen(
        ("def add(a, b):\n    a + b", TABLE, TARGET), 7, ("is there a `return`?",)),
    "errors": Specimen(
        ("1 / 0", ADD, "x = undefined_name", TABLE,
         "def target():\n    raise KeyError('lost')"), 7,
        ("code cell 1: ZeroDivisionError", "code cell 3: NameError", "KeyError")),
    "awaits": Specimen(
        ("import asyncio\nawait asyncio.sleep(0.01)\n" + ADD, TABLE, TARGET), FULL),
    "writes a file": Specimen(
        (ADD, "import shutil\nfrom pathlib import Path\n"
         "Path('a.txt').write_text('42')\nshutil.copy('a.txt', 'b.txt')", TABLE,
         "def target():\n    return int(open('b.txt').read())"), FULL,
    ),
}
