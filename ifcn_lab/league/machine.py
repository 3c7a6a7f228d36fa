"""What the machine is that something was measured on; never its name."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import torch


def machine(device: str = "cpu") -> str:
    """Processor, cores, threads and torch in a few words.

    Example:
        >>> "core" in machine() and "torch" in machine()
        True
    """
    listing = Path("/proc/cpuinfo")                      # the kernel's, where it is
    known = listing.read_text("utf-8", "replace") if listing.is_file() else ""
    named = re.search(r"^model name\s*: *(.*)", known, re.MULTILINE)
    words = [torch.cuda.get_device_name(device)] if device.startswith("cuda") else []
    words += [named[1] if named else platform.processor() or platform.machine(),
              f"{os.cpu_count()} core(s)", f"{torch.get_num_threads()} thread(s)",
              f"torch {torch.__version__}"]
    return ", ".join(words)
