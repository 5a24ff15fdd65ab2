"""What the worker may not do, and how it takes that from itself, for good, before it has seen a byte of the user's.

The layers, in this order, each where the machine has it:

    identity       another user, to whom nothing belongs                          if started as root
    capabilities   none, and none to be had by starting a program
    limits         sizes of files, data and processes, by the kernel
    Landlock       reads what Python and its libraries need, writes its private directory and /dev/shm
    seccomp        no network, no other process, little of the kernel              `seccomp.py` has the rules

Landlock and identity changes reach only the thread that makes them: this runs while there is one, before numpy. What
is forbidden is then tried, and an attempt has to fail with the kernel's refusal: that nothing answered proves nothing.
"""

import ctypes
import errno
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator

from numerai_predict.sandbox import messages

# linux/prctl.h
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
SECCOMP_MODE_FILTER = 2

_LINUX_CAPABILITY_VERSION_3 = 0x20080522
LAST_CAPABILITY = 63


class NotConfined(Exception):
    """A layer could not be applied, or does not hold."""


def confine(order: messages.Confine) -> None:
    """Apply every layer of an order, and prove it.

    Raises:
        NotConfined: what the order asks for is not so.
    """
    _pin_proc()
    _drop_capability_bounds()
    if order.uid >= 0:
        _change_identity(order.uid)
    _drop_capabilities()
    for name, limit in order.limits.items():
        _limit(getattr(resource, name), limit)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if order.landlock:
        _restrict_files(order.landlock)
    if order.payload:
        _filter_calls(order.payload)
    prove(order)


# --- identity and capabilities


def _change_identity(uid: int) -> None:
    try:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    except OSError as error:
        raise NotConfined(f"becoming user {uid} failed: {error.strerror}") from None
    # The kernel took both away with the old identity: reading one's own /proc, and ending with the supervisor.
    prctl(PR_SET_DUMPABLE, 1)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _drop_capability_bounds() -> None:
    """Give up what starting a program could give back; only who has CAP_SETPCAP can, and who has not need not."""
    for capability in range(LAST_CAPABILITY + 1):
        _libc().prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def _drop_capabilities() -> None:
    _libc().prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = struct.pack("=Ii", _LINUX_CAPABILITY_VERSION_3, 0)
    if _libc().capset(header, bytes(24)):
        raise NotConfined(f"capset: {_error()}")


def _limit(number: int, value: int) -> None:
    _, hard = resource.getrlimit(number)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(number, (value, value))


# --- files

# linux/landlock.h
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
MAKE_CHAR, MAKE_BLOCK = 1 << 6, 1 << 11
REFER, TRUNCATE, IOCTL_DEV, RESOLVE_UNIX = 1 << 13, 1 << 14, 1 << 15, 1 << 16
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
"""The rights that a file can have; a folder can have all."""

NET_BIND_TCP, NET_CONNECT_TCP = 1 << 0, 1 << 1
SCOPE_ABSTRACT_UNIX, SCOPE_SIGNAL = 1 << 0, 1 << 1
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every kind of machine
RULE_PATH_BENEATH = 1

READ = EXECUTE | READ_FILE | READ_DIR

READABLE = {
    "/usr": "programs and libraries",
    "/lib": "the C library",
    "/lib64": "the C library",
    "/bin": "a shell, for what calls one",
    "/sbin": "ldconfig, which ctypes asks",
    "/opt": "interpreters and libraries",
    "/etc/ld.so.cache": "where libraries are",
    "/etc/ld.so.conf": "where libraries are",
    "/etc/ld.so.conf.d": "where libraries are",
    "/etc/localtime": "the time zone",
    "/etc/timezone": "the time zone",
    "/etc/passwd": "the user's name",
    "/etc/group": "the group's name",
    "/etc/nsswitch.conf": "where to look such names up",
    "/etc/hosts": "localhost",
    "/etc/ssl/certs": "certificates, which HTTP libraries load at import (and not /etc/ssl/private)",
    "/etc/ssl/openssl.cnf": "settings of OpenSSL",
    "/etc/pki/tls/certs": "the same on Fedora",
    "/etc/pki/tls/openssl.cnf": "the same on Fedora",
    "/etc/pki/ca-trust": "the same on Fedora",
    "/etc/mime.types": "mimetypes",
    "/etc/os-release": "platform",
    "/etc/alternatives": "links to programs and libraries: BLAS is one",
    "/etc/OpenCL": "LightGBM and XGBoost look for devices",
    "/etc/fonts": "matplotlib",
    "/etc/locale.alias": "locale",
    "/var/cache/fontconfig": "matplotlib",
    "/proc/cpuinfo": "thread pools",
    "/proc/meminfo": "caches",
    "/proc/stat": "psutil",
    "/proc/version": "platform",
    "/proc/loadavg": "os.getloadavg",
    "/proc/uptime": "psutil",
    "/proc/filesystems": "the C library",
    "/proc/sys/kernel": "limits that libraries ask for",
    "/proc/sys/vm": "overcommit, which allocators ask for",
    "/proc/sys/fs": "limits that libraries ask for",
    "/sys/devices/system": "the number of processors",
    "/sys/fs/cgroup": "the quota of processors",
    "/sys/kernel/mm": "huge pages, which allocators ask for",
    "/dev/urandom": "random numbers",
    "/dev/random": "random numbers",
    "/dev/zero": "memory, the old way",
}
"""What may be read and executed, and who needs it; and what is on `sys.path`, and the interpreter's own folders."""

WRITABLE = {
    "/dev/null": "output that nobody wants",
    "/dev/full": "tests of full disks",
    "/dev/shm": "semaphores of multiprocessing, joblib, numba, TensorFlow; tensors of torch's DataLoader",
}
"""What may be written, besides the private directory."""


def _pin_proc() -> None:
    """Hold this process's /proc folder open until it ends: the kernel may forget it, and the rule for it as well."""
    os.open("/proc/self", os.O_PATH | os.O_CLOEXEC)


def _restrict_files(version: int) -> None:
    rights = _rights(version)
    ruleset = _create_ruleset(version, rights)
    for path, allowed in _rules(rights):
        _allow(ruleset, path, allowed)
    if _libc().syscall(RESTRICT_SELF, ruleset, ctypes.c_uint32(0)):
        raise NotConfined(f"landlock_restrict_self: {_error()}")
    os.close(ruleset)


def _rights(version: int) -> int:
    """All rights over files that a version of Landlock can take away."""
    rights = REFER - 1
    for since, right in ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV), (9, RESOLVE_UNIX)):
        if version >= since:
            rights |= right
    return rights


def _create_ruleset(version: int, rights: int) -> int:
    network = NET_BIND_TCP | NET_CONNECT_TCP if version >= 4 else 0
    scope = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL if version >= 6 else 0
    attributes = struct.pack("=QQQ", rights, network, scope)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = int(_libc().syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    if ruleset < 0:
        raise NotConfined(f"landlock_create_ruleset: {_error()}")
    return ruleset


def _rules(rights: int) -> Iterator[tuple[str, int]]:
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    for path in (*READABLE, *sys.path, sys.prefix, sys.exec_prefix, sys.base_prefix, *libraries, "/proc/self"):
        yield path, READ
    for path in WRITABLE:
        yield path, rights & ~(EXECUTE | MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV)
    yield os.environ["TMPDIR"], rights & ~(EXECUTE | MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV)


def _allow(ruleset: int, path: str, allowed: int) -> None:
    """Add a rule for a path, if it is there."""
    if not os.path.isabs(path):
        return
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(f"/proc/self/fd/{descriptor}"):
            allowed &= FILE_RIGHTS
        rule = struct.pack("=Qi", allowed, descriptor)
        if _libc().syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, ctypes.c_uint32(0)):
            raise NotConfined(f"landlock_add_rule for {path}: {_error()}")
    finally:
        os.close(descriptor)


# --- system calls


def _filter_calls(program: bytes) -> None:
    class Program(ctypes.Structure):  # struct sock_fprog
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]

    filled = Program(len(program) // 8, program)
    if _libc().prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filled), 0, 0):
        raise NotConfined(f"PR_SET_SECCOMP: {_error()}")


# --- the proof


def prove(order: messages.Confine) -> None:
    """Try what the order forbids; every attempt has to be refused.

    Raises:
        NotConfined: one was not, or failed for another reason.
    """
    for what, attempt, errors in _attempts(order):
        try:
            attempt()
        except OSError as error:
            if error.errno in errors:
                continue
            raise NotConfined(f"{what} failed, but with {error.strerror}") from None
        raise NotConfined(f"{what} worked")
    _prove_status(order)


_REFUSED = (errno.EPERM, errno.EACCES)


def _attempts(order: messages.Confine) -> Iterator[tuple[str, Callable[[], object], tuple[int, ...]]]:
    """What is tried, and the errors of which one has to come: the kernel's refusals, and not that nobody answered."""
    supervisor = os.getppid()
    environment = f"/proc/{supervisor}/environ"
    yield "reading the supervisor's environment", lambda: os.open(environment, os.O_RDONLY), _REFUSED
    if order.payload:
        yield "a socket of the internet", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM), _REFUSED
        yield "a datagram socket", lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM), _REFUSED
        yield "a raw socket", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW), _REFUSED
        yield "limiting the supervisor", lambda: resource.prlimit(supervisor, resource.RLIMIT_CPU), _REFUSED
        yield "a signal to the supervisor", lambda: os.kill(supervisor, 0), _REFUSED
        yield "io_uring", lambda: _call(425, 1, None), (errno.ENOSYS,)
        yield "a namespace of its own", lambda: _call_named("unshare", 0x10000000), _REFUSED
    if order.payload and not order.unix_sockets:
        yield "a socket within this machine", lambda: socket.socket(socket.AF_UNIX), _REFUSED
        yield "connect", lambda: _call_named("connect", messages.CHANNEL, struct.pack("=H", 1), 2), _REFUSED
    if order.landlock or order.uid >= 0:
        yield "reading a closed file", lambda: os.open(order.closed_file, os.O_RDONLY), _REFUSED
        yield "writing to a closed file", lambda: os.open(order.closed_file, os.O_WRONLY), _REFUSED
        outside = os.path.join(os.path.dirname(order.closed_file), "made-by-the-worker")
        yield "writing outside", lambda: os.open(outside, os.O_CREAT | os.O_WRONLY), _REFUSED


def _call(number: int, *arguments: object) -> None:
    if _libc().syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), _error())


def _call_named(name: str, *arguments: object) -> None:
    if getattr(_libc(), name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), _error())


def _prove_status(order: messages.Confine) -> None:
    """What the kernel itself says of this process."""
    with open("/proc/self/status") as file:
        status = {name: value.strip() for name, _, value in (line.partition(":") for line in file)}
    expected = {"NoNewPrivs": "1", "CapEff": "0" * 16, "CapPrm": "0" * 16}
    if order.payload:
        expected["Seccomp"] = "2"
    if order.uid >= 0:
        expected["Uid"] = expected["Gid"] = "\t".join([str(order.uid)] * 4)
    for name, value in expected.items():
        if status.get(name) != value:
            raise NotConfined(f"{name} is {status.get(name)}, not {value}")


# --- the C library


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def prctl(option: int, argument: int) -> None:
    """Change something about this process (Linux).

    Raises:
        NotConfined: the kernel does not do it.
    """
    if _libc().prctl(option, argument, 0, 0, 0):
        raise NotConfined(f"prctl {option}: {_error()}")


def _error() -> str:
    return os.strerror(ctypes.get_errno())
