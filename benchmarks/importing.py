"""How long `import ifcn_lab` takes, beyond starting Python.

    python -m benchmarks.importing
"""

from __future__ import annotations

import subprocess
import sys
import time


def seconds(code: str, repeats: int = 7) -> float:
    """The best time of a fresh Python that runs `code`."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print the difference."""
    extra = seconds("import ifcn_lab") - seconds("pass")
    print(f"import ifcn_lab: {extra:.3f} s beyond starting Python")


if __name__ == "__main__":
    main()
