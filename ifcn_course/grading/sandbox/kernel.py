"""Talk to the Linux kernel without a compiler: system calls by ctypes."""

from __future__ import annotations

import ctypes
import os
import platform
import sys

from ifcn_course.grading.sandbox import syscalls

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP = 1, 4, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 36, 38, 47
_LAST_CAPABILITY = 63  # dropping one that the kernel does not know does nothing
_CAPABILITY_VERSION = 0x20080522


def is_linux() -> bool:
    """Whether this is Linux on a processor whose calls are known."""
    return sys.platform == "linux" and machine() in syscalls.ARCHITECTURES


def machine() -> str:
    """The processor's name, as `syscalls` spells it."""
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def libc() -> ctypes.CDLL:
    """The C library of this process."""
    return ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> int:
    """Make a system call by its name.

    Raises:
        OSError: the kernel refused, or does not have the call.
    """
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    which = syscalls.number(name, machine())
    done = libc().syscall(ctypes.c_long(-1 if which is None else which), *wide)
    if done < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return done


def prctl(option: int, *values: int) -> int:
    """The kernel's `prctl`.

    Raises:
        OSError: the kernel refused.
    """
    return call("prctl", option, *[*values, 0, 0, 0, 0][:4])


def drop_capabilities() -> None:
    """Give up every privilege of root, for good.

    Raises:
        OSError: the kernel refused.
    """
    for number in range(_LAST_CAPABILITY + 1):
        try:
            prctl(PR_CAPBSET_DROP, number)
        except OSError:  # an ordinary user may not, and has none
            break
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    call("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
