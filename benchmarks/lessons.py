"""How long Run All of each notebook takes, beside the seconds that its box states.

    python -m benchmarks.lessons

nbval runs the notebooks one after the other, and the plugin that `make test` uses
measures them; see `lessons.budget` for what is counted.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Print a line for each notebook: seconds and memory, taken and stated."""
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "notebooks",
               "--nbval-cell-timeout=3600", "-p", "no:cacheprovider", "--no-cov"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    print("Run All, taken and stated (the machine is named in each lesson's box)")
    lines = done.stdout.splitlines()
    print("\n".join(line for line in lines if ", stated " in line) or done.stdout)


if __name__ == "__main__":
    main()
