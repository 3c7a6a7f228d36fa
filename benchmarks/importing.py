"""How long a learner waits for the library, and for its first windows.

    python -m benchmarks.importing

`assemble` of a tensor is timed beyond `import torch`, which whoever has a tensor has
imported. The kernels of numba were compiled by an earlier process.
"""

from __future__ import annotations

import subprocess
import sys
import time

WINDOWS = """
import torch
from ifcn_lab import assemble
assemble(torch.ones(25, 20, 20), 21, backend={!r})
"""


def seconds(code: str, repeats: int = 7) -> float:
    """The best time of a fresh Python that runs `code`, once it has run before."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(time.perf_counter() - start)
    return min(times[1:])


def main() -> None:
    """Print the differences."""
    extra = seconds("import ifcn_lab") - seconds("pass")
    print(f"import ifcn_lab: {extra:.3f} s beyond starting Python")
    torch = seconds("import torch")
    for backend in ("auto", "numba"):
        extra = seconds(WINDOWS.format(backend)) - torch
        print(f"first assemble of a tensor, backend {backend!r}: {extra:.2f} s beyond "
              "import torch (at most 0.3)")


if __name__ == "__main__":
    main()
