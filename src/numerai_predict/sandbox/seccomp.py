"""Which system calls the worker may not make, and that list as a program for the kernel's seccomp filter.

A deny-list: what is not named here is allowed. An allow-list would break with every new C library and Python. What a
kernel newer than this list adds is answered with ENOSYS, as an older kernel would.

The supervisor makes the program; the worker only hands it to the kernel.
"""

import errno
import struct
from typing import NamedTuple

from numerai_predict.sandbox.syscalls import HIGHEST, NUMBERS

EPERM, EACCES, ENOSYS, PRETEND = errno.EPERM, errno.EACCES, errno.ENOSYS, 0
"""What a denied call gets. PRETEND is success that changes nothing: for calls that libraries make and need not work."""

AF_UNIX, SOCK_DGRAM = 1, 2
CLONE_NEW = 0x7E020080  # linux/sched.h: every CLONE_NEW* flag, that is every kind of namespace
F_SETOWN, F_SETOWN_EX = 8, 15
FIOSETOWN, SIOCSPGRP = 0x8901, 0x8902
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR = 0x40086602, 0x401C5820


class Test(NamedTuple):
    """A condition on one argument of a call, of which the lower 32 bits count: all that is tested is an int."""

    argument: int
    value: int
    mask: int = 0xFFFFFFFF
    equal: bool = True
    """Whether (argument & mask) has to be the value, or has to be anything else."""


class Rule(NamedTuple):
    """Some calls that get an error instead of being made, if all the tests hold."""

    calls: str
    """Names, separated by blanks; a machine that lacks one of them does not need the rule."""

    error: int
    why: str
    tests: tuple[Test, ...] = ()


def _is(argument: int, value: int) -> tuple[Test, ...]:
    return (Test(argument, value),)


def _is_not(argument: int, value: int) -> tuple[Test, ...]:
    return (Test(argument, value, equal=False),)


NO_NETWORK = (
    Rule("socket", EACCES, "no network"),
    Rule(
        "socketpair", EACCES, "pairs of AF_UNIX are for multiprocessing and asyncio; nothing else", _is_not(0, AF_UNIX)
    ),
    Rule(
        "socketpair",
        EACCES,
        "one end of a pair of datagram sockets can send to any socket that has a path",
        (Test(1, SOCK_DGRAM, mask=0xF),),
    ),
    Rule("connect bind listen accept accept4", EPERM, "no network"),
)

NO_NETWORK_BUT_UNIX = (
    Rule("socket socketpair", EACCES, "no network, but sockets within this machine", _is_not(0, AF_UNIX)),
)
"""Where a model can reach no other program's socket. The other calls need a socket, and only AF_UNIX gives one."""

OTHER_PROCESSES = (
    Rule(
        "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_getfd pidfd_send_signal kcmp",
        EPERM,
        "reads, changes or signals another process",
    ),
    Rule("prlimit64", EPERM, "a CPU limit of one second kills another process of the same user", _is_not(0, 0)),
    Rule("ioctl", EPERM, "types into a terminal", _is(1, TIOCSTI)),
    Rule("ioctl", EPERM, "pastes into a terminal", _is(1, TIOCLINUX)),
    Rule("tkill", EPERM, "signals a thread of any process; the C library uses tgkill"),
    Rule("fcntl", EPERM, "has the kernel send signals to a process", _is(1, F_SETOWN)),
    Rule("fcntl", EPERM, "has the kernel send signals to a process", _is(1, F_SETOWN_EX)),
    Rule("ioctl", EPERM, "has the kernel send signals to a process", _is(1, FIOSETOWN)),
    Rule("ioctl", EPERM, "has the kernel send signals to a process", _is(1, SIOCSPGRP)),
    Rule("setpriority", EPERM, "slows a whole group or user down", _is_not(0, 0)),
    Rule("ioprio_set", EPERM, "slows a whole group or user down", _is_not(0, 1)),
    Rule(
        "setpriority ioprio_set",
        PRETEND,
        "slows another process down; its own threads it may name only by 0",
        _is_not(1, 0),
    ),
    Rule(
        "sched_setaffinity sched_setscheduler sched_setparam sched_setattr",
        PRETEND,
        "the same; the C library and OpenMP do it to their own threads, where it does not matter",
        _is_not(0, 0),
    ),
)

KERNEL_SURFACE = (
    Rule(
        "bpf perf_event_open userfaultfd keyctl add_key request_key memfd_secret lookup_dcookie fanotify_init "
        "fanotify_mark open_by_handle_at name_to_handle_at move_pages migrate_pages syslog",
        EPERM,
        "no model needs it, and kernels have had holes there",
    ),
    Rule(
        "mount umount2 pivot_root chroot move_mount open_tree open_tree_attr fsopen fsconfig fsmount fspick "
        "mount_setattr unshare setns swapon swapoff acct quotactl quotactl_fd",
        EPERM,
        "changes what files there are",
    ),
    Rule("clone", EPERM, "a namespace of its own, where it would be root", (Test(0, 0, CLONE_NEW, equal=False),)),
    Rule(
        "kexec_load kexec_file_load init_module finit_module delete_module reboot sethostname setdomainname "
        "settimeofday clock_settime clock_adjtime adjtimex iopl ioperm modify_ldt vhangup",
        EPERM,
        "changes the machine",
    ),
    Rule(
        "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups",
        EPERM,
        "becomes somebody else",
    ),
    Rule(
        "memfd_create shmget shmat msgget semget mq_open",
        EPERM,
        "memory and messages that no process has to hold, and no limit sees",
    ),
    Rule("io_uring_setup io_uring_enter io_uring_register", ENOSYS, "makes calls that no filter sees"),
    Rule("clone3", ENOSYS, "its flags lie where no filter can look; the C library then uses clone"),
)

METADATA = (
    Rule(
        "chmod fchmod fchmodat fchmodat2 chown lchown fchown fchownat setxattr lsetxattr fsetxattr setxattrat "
        "removexattr lremovexattr fremovexattr removexattrat utime utimes utimensat futimesat",
        PRETEND,
        "Landlock does not stop it; joblib and archives do it to their own files, where it does not matter",
    ),
    Rule("ioctl", EPERM, "changes the attributes of a file that is only open for reading", _is(1, FS_IOC_SETFLAGS)),
    Rule("ioctl", EPERM, "changes the attributes of a file that is only open for reading", _is(1, FS_IOC_FSSETXATTR)),
    Rule("file_setattr", ENOSYS, "the same, by path"),
    Rule("inotify_add_watch", EPERM, "Landlock does not stop it; tells the names of files in folders that are closed"),
)


def supervisor_rules(supervisor: int, group: int) -> tuple[Rule, ...]:
    """Return the rules that keep a process and its process group from being signalled.

    Landlock (from its version 6) or another user's identity do the same for all processes; this holds without them.
    """
    rules = []
    for pid in {supervisor, -group, -1} - {0}:  # a group whose leader is outside of this container has the number 0
        tests = _is(0, pid & 0xFFFFFFFF)
        rules.append(Rule("kill tgkill rt_sigqueueinfo rt_tgsigqueueinfo", EPERM, "signals the supervisor", tests))
    return tuple(rules)


def policy(unix_sockets: bool, supervisor: int, group: int) -> tuple[Rule, ...]:
    """Return all the rules.

    Args:
        unix_sockets: whether sockets within this machine are allowed.
        supervisor: the process id of the supervisor.
        group: its process group.
    """
    network = NO_NETWORK_BUT_UNIX if unix_sockets else NO_NETWORK
    return network + OTHER_PROCESSES + KERNEL_SURFACE + METADATA + supervisor_rules(supervisor, group)


# --- the program

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
X32 = 0x40000000
"""The bit that marks calls of the x32 ABI, which kernels for x86-64 may have as well, under the same architecture."""

# linux/bpf_common.h: load a word, AND with a constant, compare with a constant and jump, return a constant
LOAD, AND, JUMP_EQUAL, JUMP_GREATER_OR_EQUAL, JUMP_GREATER, RETURN = 0x20, 0x54, 0x15, 0x35, 0x25, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # where linux/seccomp.h has them in struct seccomp_data
ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000  # SECCOMP_RET_*

Instruction = tuple[int, int, int, int]
"""Operation, jump if true, jump if false (both in instructions to skip), constant."""


def supports(machine: str) -> bool:
    """Whether there is a filter for this kind of machine, as `os.uname().machine` calls it."""
    return machine in AUDIT_ARCH


def program(rules: tuple[Rule, ...], machine: str) -> bytes:
    """Return the filter as an array of `struct sock_filter`.

    Args:
        rules: what to deny.
        machine: "x86_64" or "aarch64".
    """
    instructions = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL),  # calls of another ABI have other numbers
        (LOAD, 0, 0, NUMBER),
    ]
    if machine == "x86_64":
        instructions += [(JUMP_GREATER_OR_EQUAL, 0, 1, X32), (RETURN, 0, 0, KILL)]
    instructions += [(JUMP_GREATER, 0, 1, HIGHEST), (RETURN, 0, 0, ERROR | ENOSYS)]
    for rule in rules:
        for name in rule.calls.split():
            if name in NUMBERS[machine]:
                instructions += _denied(NUMBERS[machine][name], rule)
    instructions.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def _denied(number: int, rule: Rule) -> list[Instruction]:
    """The instructions that answer one call; they begin and end with its number loaded."""
    answer: list[Instruction] = [(RETURN, 0, 0, ERROR | rule.error)]
    for test in reversed(rule.tests):
        answer = [*_tested(test, len(answer)), *answer]
    if rule.tests:
        answer.append((LOAD, 0, 0, NUMBER))  # what the tests loaded took its place
        return [(JUMP_EQUAL, 0, len(answer), number), *answer]
    return [(JUMP_EQUAL, 0, 1, number), *answer]


def _tested(test: Test, rest: int) -> list[Instruction]:
    """Skip the rest of a rule if a test does not hold. Both kinds of machine are little-endian."""
    load = [(LOAD, 0, 0, ARGUMENTS + 8 * test.argument), (AND, 0, 0, test.mask)]
    return [*load, (JUMP_EQUAL, *((0, rest) if test.equal else (rest, 0)), test.value)]
