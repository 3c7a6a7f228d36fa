"""Submissions that do not end, or end too soon, or eat the machine."""

from __future__ import annotations

from tests.zoo import ADD, FULL, HONEST, TABLE, TARGET, Specimen

# When the time limits of the tests bite.
STOPPED = "stopped after"


def in_add(*lines: str) -> tuple[str, ...]:
    """An honest notebook whose `add` does something else for 5 and 7 only."""
    body = "\n".join("        " + line for line in lines)
    return (f"def add(a, b):\n    if a == 5:\n{body}\n    return a + b", TABLE, TARGET)


def at_top(*lines: str) -> tuple[str, ...]:
    """An honest notebook with a cell of mischief between the others."""
    return (ADD, "\n".join(lines), TABLE, TARGET)


SPECIMENS = {
    "loop at top": Specimen(at_top("while True: pass"), FULL, ("code cell 2", STOPPED)),
    "loop in a function": Specimen(in_add("while True: pass"), 9, (STOPPED,)),
    "ignores signals": Specimen(
        in_add("import signal, time", "for number in range(1, 65):", "    try:",
               "        signal.signal(number, signal.SIG_IGN)",
               "    except (OSError, ValueError):", "        pass",
               "while True: time.sleep(1)"), 9, (STOPPED,)),
    "fork bomb": Specimen(
        at_top("import os", "while True:", "    os.fork()"), FULL, ("code cell 2",)),
    "fork bomb in C": Specimen(
        at_top("import ctypes", "c = ctypes.CDLL(None)",
               "born = [c.fork() or c.pause() for _ in range(100)]",
               "born += [c.syscall(56, 17, 0, 0, 0, 0) or c.pause() for _ in born]",
               "raise ValueError('free' if born[64:] != [-1] * 136 else 'held')"), FULL,
        ("code cell 2",)),
    "fork bomb without end": Specimen(
        at_top("import ctypes", "while True: ctypes.CDLL(None).fork()"), FULL,
        ("code cell 2",)),
    "sixty busy threads": Specimen(
        at_top("import threading", "def spin():", "    while True: pass",
               "for _ in range(60): threading.Thread(target=spin).start()",
               "spin()"), FULL, ("code cell 2", STOPPED)),
    "threads without end": Specimen(
        at_top("import threading, time", "while True:",
               "    threading.Thread(target=time.sleep, args=(1e6,)).start()"), FULL,
        ("code cell 2",)),
    "memory at top": Specimen(
        at_top("hog = []", "while True:", "    hog.append(bytearray(10**8))"), FULL,
        ("code cell 2",)),
    "memory in a function": Specimen(
        in_add("import numpy as np", "return np.ones(10**11)"), 9, ("MemoryError",)),
    "exit at top": Specimen(
        at_top("import sys", "sys.exit(0)"), FULL, ("ended by sys.exit()",)),
    "exit in a function": Specimen(in_add("raise SystemExit"), 9, ("sys.exit()",)),
    "hard exit at top": Specimen(
        at_top("import os", "os._exit(0)"), FULL, ("ended its process (exit code 0)",)),
    "hard exit in a function": Specimen(
        in_add("import os", "os._exit(7)"), 9, ("ended its process (exit code 7)",)),
    "segfault at top": Specimen(
        at_top("import ctypes", "ctypes.string_at(0)"), FULL, ("crashed (SIGSEGV)",)),
    "segfault in a function": Specimen(
        in_add("import ctypes", "ctypes.string_at(0)"), 9, ("crashed (SIGSEGV)",)),
    "kills its group": Specimen(
        at_top("import ctypes", "ctypes.CDLL(None).kill(0, 9)"), FULL,
        ("code cell 2: crashed (SIGKILL)",)),
    "abort": Specimen(in_add("import os", "os.abort()"), 9, ("crashed",)),
    "gigabyte": Specimen(
        at_top("text = 'x' * 2**20", "for _ in range(1024):", "    print(text)"), FULL),
    "deep recursion": Specimen(in_add("return add(a, b)"), 9, ("RecursionError",)),
    "bottomless recursion": Specimen(
        in_add("import sys", "sys.setrecursionlimit(10**9)",
               "def deeper(x): return eval('deeper(x)', {**globals(), **locals()})",
               "sys.modules['deep'] = deeper", "f = lambda g: g(g)", "return f(f)"),
        9, ()),
    "waits for input": Specimen(at_top("input('name?')"), FULL, ("code cell 2",)),
    "stops while exiting": Specimen(
        at_top("import atexit, time", "atexit.register(time.sleep, 1e6)"), FULL),
    "always the same crash": Specimen(
        (ADD.replace("return", "import os; os._exit(1)\n    return"),
         "def table(k):\n    import os; os._exit(1)", TARGET), 0,
        ("not tried: the notebook was stopped",)),
    "hangs the report": Specimen(
        ("class Slow(Exception):\n    def __str__(self):\n        while True: pass\n"
         "def add(a, b):\n    if a == 5: raise Slow\n    return a + b",
         TABLE, TARGET), 9, (STOPPED,)),
    "many cells": Specimen((*HONEST, *["x = 1"] * 200), FULL),
}
