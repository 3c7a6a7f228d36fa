"""Submissions that look for the key, change files, or call somebody.

Every one gets its points only if the attempt fails: `target` returns 42 then, and what
was stolen otherwise. A first cell, which the tests add, names the places to attack:
KEY, FOLDER (of submissions), BYSTANDER (a file), PACKAGE, PORT, SOCKET, GRADER (a pid).
"""

from __future__ import annotations

from tests.zoo import ADD, FULL, TABLE, Specimen

TARGET = "def target():\n    return str(loot) if loot else 42"

START = """import ctypes, gc, os, shutil, signal, socket, subprocess, sys
from pathlib import Path
loot = []
c = ctypes.CDLL(None, use_errno=True)
def attempt(step):
    try:
        got = step()
    except BaseException:
        return
    if got not in (None, -1, b"", "", [], False):
        loot.append(got)"""


def thief(*lines: str, points: int = FULL) -> Specimen:
    """An honest notebook with attempts: what one of them gets is in `loot`."""
    return Specimen((START, "\n".join(lines), ADD, TABLE, TARGET), points)


READS = """import io
def by_c(path):
    number = c.open(os.fsencode(path), 0)
    got = ctypes.create_string_buffer(100)
    return got.raw[:c.read(number, got, 100)] if number >= 0 else None
for path in [KEY, FOLDER + "/full.ipynb"]:
    attempt(lambda: open(path).read())
    attempt(lambda: io.FileIO(path).read())
    attempt(lambda: os.read(os.open(path, os.O_RDONLY), 100))
    attempt(lambda: Path(path).read_bytes())
    attempt(lambda: by_c(path))
    attempt(lambda: shutil.copy(path, "mine"))
    attempt(lambda: os.link(path, "linked") or open("linked").read())
    attempt(lambda: os.symlink(path, "soft") or open("soft").read())
    attempt(lambda: os.rename(path, "moved") or open("moved").read())
attempt(lambda: os.listdir(FOLDER))"""
PROC = """for name in "environ cmdline maps mem fd cwd root stat".split():
    attempt(lambda: open(f"/proc/{GRADER}/{name}", "rb").read(10))
    attempt(lambda: os.listdir(f"/proc/{GRADER}/{name}"))
    for number in (1, os.getppid(), os.getpid()):
        path = f"/proc/{number}/{name}"
        attempt(lambda: name != "mem" and FOLDER.encode() in open(path, "rb").read())
        attempt(lambda: os.path.exists(path + KEY) or os.path.exists(path + FOLDER))
attempt(lambda: open("/proc/1/root" + KEY).read())
attempt(lambda: open("/proc/self/root" + KEY).read())
attempt(lambda: c.ptrace(16, GRADER, 0, 0) == 0)
attempt(lambda: [n for n in range(3, 200) if os.path.exists(f"/proc/self/fd/{n}")
                 and b"points" in os.pread(n, 100, 0)])
attempt(lambda: [o for o in gc.get_objects() if isinstance(o, dict) and "expected" in o
                 and "points" in o])"""
WRITES = """for path in (BYSTANDER, KEY, FOLDER + "/full.ipynb"):
    attempt(lambda: open(path, "w").close() or path)
    attempt(lambda: open(path, "r+").close() or path)
    attempt(lambda: os.open(path, os.O_RDONLY | os.O_TRUNC))
    attempt(lambda: c.open(os.fsencode(path), 0o1101, 0o666))
    attempt(lambda: c.truncate(os.fsencode(path), ctypes.c_long(0)) == 0)
    c.chmod(os.fsencode(path), 0)
    c.utimes(os.fsencode(path), None)
    c.chown(os.fsencode(path), 12345, 12345)
for path in (PACKAGE + "/agreement.py", np.__file__, "/proc/sys/kernel/core_pattern"):
    attempt(lambda: os.open(path, os.O_WRONLY))
    attempt(lambda: c.open(os.fsencode(path), os.O_RDWR))
for folder in (PACKAGE, FOLDER, "/etc", "/tmp", "/dev/shm", sys.prefix, sys.path[-1]):
    attempt(lambda: c.mkdir(os.fsencode(folder + "/zoo.new"), 0o700) == 0)
    attempt(lambda: c.symlink(b"x", os.fsencode(folder + "/zoo.link")) == 0)"""
DELETES = """for path in (BYSTANDER, KEY, FOLDER + "/full.ipynb"):
    attempt(lambda: os.remove(path) or path)
    attempt(lambda: os.rename(path, path + ".away") or path)
    attempt(lambda: c.unlink(os.fsencode(path)) == 0)
for path in (FOLDER, os.path.dirname(BYSTANDER)):
    attempt(lambda: shutil.rmtree(path) or path)
    attempt(lambda: c.rmdir(os.fsencode(path)) == 0)
    shutil.rmtree(path, ignore_errors=True)"""
CALLS = """def connect(family, kind, where):
    with socket.socket(family, kind) as made:
        made.settimeout(1)
        made.connect(where)
        made.send(b"hello")
        return "connected"
attempt(lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", PORT)))
attempt(lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", PORT)))
attempt(lambda: connect(socket.AF_INET6, socket.SOCK_STREAM, ("::1", PORT)))
attempt(lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, chr(0) + SOCKET))
attempt(lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, BYSTANDER + ".socket"))
there = b"\\2\\0" + PORT.to_bytes(2) + bytes([127, 0, 0, 1]) + bytes(8)
attempt(lambda: c.connect(c.socket(2, 1, 0), there, 16) == 0)
c.sendto(c.socket(2, 2, 0), b"hello", 5, 0, there, 16)  # the tests listen
attempt(lambda: c.connect(c.socket(1, 1, 0), b"\\1\\0\\0" + SOCKET.encode(),
                          3 + len(SOCKET)) == 0)
attempt(lambda: c.socket(17, 3, 0))
attempt(lambda: [name for _, name in socket.if_nameindex() if name != "lo"])
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
attempt(lambda: one.sendto(b"hello", chr(0) + SOCKET))
attempt(lambda: one.connect(chr(0) + SOCKET) or "connected")
import urllib.request
attempt(lambda: urllib.request.urlopen(f"http://127.0.0.1:{PORT}", timeout=1).read())"""
DAEMON = """attempt(lambda: os.fork() + 1)
attempt(lambda: subprocess.Popen(["sleep", "1000"], start_new_session=True).pid)
attempt(lambda: os.system("sleep 1000 &") == 0)
attempt(lambda: os.posix_spawn("/bin/sleep", ["sleep", "1000"], {}))
attempt(lambda: c.execve(b"/bin/sleep", None, None))
import multiprocessing
attempt(lambda: multiprocessing.Process(target=print).start() or "started")
if c.fork() == 0:
    c.setsid()
    if c.fork() == 0:
        c.setsid()
        import time
        time.sleep(1000)
    os._exit(0)"""
SIGNALS = """for number in (GRADER, os.getppid()):
    for name in ("SIGKILL", "SIGSTOP", "SIGINT"):
        if number > 1:
            attempt(lambda: os.kill(number, getattr(signal, name)) or name)
            attempt(lambda: c.kill(number, getattr(signal, name)) == 0)
            attempt(lambda: c.syscall(200, number, 9) == 0)
            attempt(lambda: c.syscall(234, number, number, 9) == 0)
            attempt(lambda: os.pidfd_open(number))
            attempt(lambda: c.syscall(302, number, 7, b"x" * 16, None) == 0)
attempt(lambda: c.kill(-1, 9) == 0)
read, write = os.pipe()
attempt(lambda: c.fcntl(read, 8, GRADER) == 0)"""
KERNEL = """attempt(lambda: c.mount(b"none", b"/", None, 32, None) == 0)
attempt(lambda: c.umount2(KEY.encode(), 2) == 0)
attempt(lambda: c.unshare(0x10000000) == 0)
attempt(lambda: c.chroot(b".") == 0)
attempt(lambda: c.setuid(0) == 0 and os.getuid() != 0)
attempt(lambda: c.unshare(0x20000) == 0)
attempt(lambda: c.shmget(77, 4096, 0))
attempt(lambda: c.syscall(321, 0, b" " * 64, 64))
attempt(lambda: c.syscall(304, -100, b" " * 16, 0))
import resource
attempt(lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)) or "unlimited")"""
DISK = """def fill():
    with open("large", "wb") as file:
        while True:
            file.write(bytes(2**24))
def litter():
    for number in range(10**6):
        open(str(number), "w").write("x" * 1000)
def dig():
    for _ in range(3000):
        os.mkdir("d", 0o700)
        os.chdir("d")
attempt(fill)
attempt(litter)
os.chdir(os.environ["HOME"])
attempt(dig)"""

SPECIMENS = {
    "reads the key": thief(READS.strip()),
    "looks at the grader": thief(PROC),
    "overwrites the checker": thief("import numpy as np", WRITES),
    "deletes files": thief(DELETES),
    "calls somebody": thief(CALLS),
    "daemon": thief(DAEMON),
    "kills the grader": thief(SIGNALS),
    "asks the kernel": thief(KERNEL),
    "fills the disk": thief(DISK),
}
