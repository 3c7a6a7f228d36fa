"""A filter of system calls: no network, no new processes, no signals to others.

The filter is a small program that the kernel runs before every call; see seccomp(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
from struct import pack

from ifcn_course.grading.sandbox import kernel, syscalls
from ifcn_course.grading.sandbox.syscalls import number

_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # where they stand in the data that the filter sees
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_CLONE_THREAD, _AF_UNIX = 0x10000, 1
# fcntl: F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE. ioctl: FIOSETOWN, SIOCSPGRP,
# TIOCSTI, TIOCLINUX. prctl: PR_SET_PDEATHSIG. They reach other processes or terminals.
_REACHING = {"fcntl": (8, 10, 15, 1024), "ioctl": (0x8901, 0x8902, 0x5412, 0x541C),
             "prctl": (kernel.PR_SET_PDEATHSIG,)}

Line = tuple[int, int, int, int]  # operation, jump if true, jump if false, operand


def _low(argument: int) -> Line:
    """Load the lower half of a call's argument; both machines are little-endian."""
    return (_LOAD, 0, 0, 16 + 8 * argument)


def _high(argument: int) -> Line:
    return (_LOAD, 0, 0, 20 + 8 * argument)


def _back(error: int | None) -> Line:
    """Let the call through, or answer it with an error; 0 is success."""
    return (_RETURN, 0, 0, _ALLOW if error is None else _ERROR | error)


def _only(argument: int, values: tuple[int, ...]) -> list[Line]:
    """Let the call through only with one of these values."""
    tests = [(_EQUAL, len(values) - i, 0, v) for i, v in enumerate(values)]
    return [_low(argument), *tests, _back(errno.EPERM), _back(None)]


def _never(argument: int, values: tuple[int, ...]) -> list[Line]:
    """Refuse the call with one of these values."""
    tests = [(_EQUAL, len(values) - i, 0, v) for i, v in enumerate(values)]
    return [_low(argument), *tests, _back(None), _back(errno.EPERM)]


def _conditions(own: int) -> dict[str, list[Line]]:
    """What the calls of `syscalls.CONDITIONAL` have to meet; `own` is the process."""
    thread = [_low(0), (_ANY_BIT, 1, 0, _CLONE_THREAD), _back(errno.EPERM), _back(None)]
    nowhere = [_low(4), (_EQUAL, 0, 2, 0), _high(4), (_EQUAL, 1, 0, 0),
               _back(errno.EPERM), _back(None)]
    return {
        "clone": thread,
        "clone3": [_back(errno.ENOSYS)],  # the C library then uses clone
        "kill": _only(0, (own,)),
        "tgkill": _only(0, (own,)),
        "prlimit64": _only(0, (0, own)),
        "sched_setaffinity": _only(0, (0, own)),
        "socketpair": _only(0, (_AF_UNIX,)),
        "sendto": nowhere,
        **{name: _never(int(name != "prctl"), values)
           for name, values in _REACHING.items()},
    }


def program(machine: str, own: int) -> list[Line]:
    """The filter for a processor and the process that will run under it.

    >>> program("x86_64", 7)[:2]
    [(32, 0, 0, 4), (21, 1, 0, 3221225534)]
    """
    lines = [(_LOAD, 0, 0, _ARCHITECTURE),
             (_EQUAL, 1, 0, syscalls.ARCHITECTURES[machine]), (_RETURN, 0, 0, _KILL),
             (_LOAD, 0, 0, _NUMBER),
             (_GREATER, 0, 1, syscalls.NEWEST), _back(errno.ENOSYS)]  # and all of x32
    bodies = {name: [_back(errno.EPERM)] for name in syscalls.REFUSED}
    bodies |= {name: [_back(0)] for name in syscalls.PRETENDED}
    bodies |= _conditions(own)
    for name, body in bodies.items():
        which = number(name, machine)
        if which is not None:
            lines += [(_EQUAL, 0, len(body), which), *body]
    return [*lines, _back(None)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def enter() -> None:
    """Put this process under the filter, for good.

    Raises:
        OSError: the kernel has no filters.
    """
    lines = program(kernel.machine(), os.getpid())
    code = b"".join(pack("<HBBI", *line) for line in lines)
    given = _Program(len(lines), code)
    set_filter, all_threads = 1, 1
    kernel.call("seccomp", set_filter, all_threads, ctypes.byref(given))
