"""What the machine is that something was measured on; never its name."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine(device: str = "cpu") -> str:
    """Processor, cores, threads and torch in a few words.

    Example:
        >>> "core" in machine() and "torch" in machine()
        True
    """
    import torch

    words = [processor(), counted(os.cpu_count() or 1, "core"),
             counted(torch.get_num_threads(), "thread"), f"torch {torch.__version__}"]
    if device.startswith("cuda"):
        words.insert(0, torch.cuda.get_device_name(device))
    return ", ".join(words)


def processor(listing: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name, from the kernel's list where there is one."""
    if listing.is_file():
        for line in listing.read_text("utf-8", "replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def counted(number: int, what: str) -> str:
    """A number of things in words.

    Example:
        >>> counted(1, "core"), counted(2, "core")
        ('1 core', '2 cores')
    """
    return f"{number} {what}" + ("" if number == 1 else "s")
