"""System calls that a submission must not make, with their numbers.

Numbers of x86_64 and aarch64; `None` where an architecture does not have the call.
"""

from __future__ import annotations

NEWEST = 451  # calls with a higher number are newer than these lists
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32 = 0x40000000  # x86_64 only: the same calls under other numbers

_TABLE = """
fork 57 -           vfork 58 -           execve 59 221       execveat 322 281
rt_sigqueueinfo 129 138   rt_tgsigqueueinfo 297 240   tkill 200 130
pidfd_open 434 434  pidfd_send_signal 424 424         pidfd_getfd 438 438
ptrace 101 117      process_vm_readv 310 270          process_vm_writev 311 271
process_madvise 440 440   process_mrelease 448 448    kcmp 312 272
get_robust_list 274 100   setpriority 141 140         ioprio_set 251 30
sched_setscheduler 144 119   sched_setparam 142 118   sched_setattr 314 274
migrate_pages 256 238     move_pages 279 239
mount 165 40        umount2 166 39       pivot_root 155 41   chroot 161 51
unshare 272 97      setns 308 268        fsopen 430 430      fsconfig 431 431
fsmount 432 432     fspick 433 433       move_mount 429 429  open_tree 428 428
mount_setattr 442 442     open_by_handle_at 304 265   name_to_handle_at 303 264
fanotify_init 300 262     quotactl 179 60             quotactl_fd 443 443
acct 163 89         swapon 167 224       swapoff 168 225
bpf 321 280         perf_event_open 298 241           userfaultfd 323 282
io_uring_setup 425 425    io_uring_enter 426 426      io_uring_register 427 427
keyctl 250 219      add_key 248 217      request_key 249 218
init_module 175 105       finit_module 313 273        delete_module 176 106
kexec_load 246 104        kexec_file_load 320 294     reboot 169 142
syslog 103 116      personality 135 92   modify_ldt 154 -    iopl 172 -
ioperm 173 -        settimeofday 164 170              clock_settime 227 112
adjtimex 159 171    clock_adjtime 305 266             vhangup 153 58
sethostname 170 161       setdomainname 171 162
memfd_create 319 279      memfd_secret 447 447        shmget 29 194
shmat 30 196        shmctl 31 195        semget 64 190       msgget 68 186
mq_open 240 180     mq_unlink 241 181    semop 65 193        semctl 66 191
semtimedop 220 192  msgsnd 69 189        msgrcv 70 188       msgctl 71 187
socket 41 198       connect 42 203       bind 49 200         listen 50 201
accept 43 202       accept4 288 242      sendmsg 46 211      sendmmsg 307 269
chmod 90 -          fchmod 91 52         fchmodat 268 53     chown 92 -
fchown 93 55        lchown 94 -          fchownat 260 54     utime 132 -
utimes 235 -        futimesat 261 -      utimensat 280 88    setxattr 188 5
lsetxattr 189 6     fsetxattr 190 7      removexattr 197 14  lremovexattr 198 15
fremovexattr 199 16
clone 56 220        clone3 435 435       kill 62 129         tgkill 234 131
prctl 157 167       prlimit64 302 261    sched_setaffinity 203 122
fcntl 72 25         ioctl 16 29          socketpair 53 199   sendto 44 206
seccomp 317 277     landlock_create_ruleset 444 444         landlock_add_rule 445 445
landlock_restrict_self 446 446           capset 126 91
"""

_WORDS = _TABLE.split()
_NUMBERS = {name: pair for name, *pair in
            zip(_WORDS[::3], _WORDS[1::3], _WORDS[2::3], strict=True)}

# These report success and do nothing: copying a file sets its times and mode, and
# nothing else would keep a submission from changing those of a file outside.
PRETENDED = tuple(
    "chmod fchmod fchmodat chown fchown lchown fchownat utime utimes futimesat "
    "utimensat setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr"
    .split()
)
# These depend on what they are asked; `seccomp` holds the conditions.
CONDITIONAL = tuple(
    "clone clone3 kill tgkill prctl prlimit64 sched_setaffinity fcntl ioctl "
    "socketpair sendto".split()
)
# The walls themselves are put up with these.
_OWN = ("seccomp", "landlock_create_ruleset", "landlock_add_rule",
        "landlock_restrict_self", "capset")
REFUSED = tuple(n for n in _NUMBERS if n not in PRETENDED + CONDITIONAL + _OWN)


def number(name: str, machine: str) -> int | None:
    """The number of a call on "x86_64" or "aarch64"; None if it has no such call.

    >>> number("fork", "x86_64"), number("fork", "aarch64")
    (57, None)
    """
    text = _NUMBERS[name][list(ARCHITECTURES).index(machine)]
    return None if text == "-" else int(text)
