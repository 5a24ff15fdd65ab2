"""How far a worker can be confined on this machine, what stays open, and whether that is enough to run a model.

Three things have to be closed to a model: the network, files that are not its own, and other processes. Which layer
closes which depends on the machine:

    network     seccomp
    files       another identity, or Landlock
    processes   another identity, or Landlock from version 6 (before that, signals get through)
"""

import os
import stat
import sys
from typing import NamedTuple

from numerai_predict.failures import Failure
from numerai_predict.job import Limits
from numerai_predict.sandbox import messages, seccomp
from numerai_predict.sandbox.syscalls import NUMBERS

MODES = ("strict", "best-effort", "off")
"""What `--isolation` takes: all three things closed, or no run; as far as the machine goes; not at all."""

FIRST_USER, USERS = 60_122, 4_096
"""The users that workers become: a supervisor's process id picks one, so that two runs do not share one.

The first process of a container gets 60,123, whom the images know as `worker`.
"""

CHOWN, DAC_OVERRIDE, KILL, SETGID, SETUID = 0, 1, 5, 6, 7
"""The capabilities (linux/capability.h) it takes to start, watch and end another user's process, and to tidy up."""

FILE_SIZE = 1024**3
"""Bytes of one file, in the private directory or in /dev/shm."""

OPEN_FILES = 1_024

RESERVED_DATA = 2 * 1024**3
"""Bytes of data beyond its memory that a process may have: what is reserved and never touched counts as data, and is no
memory. pyarrow's allocator alone reserves 1 GiB when it reads a round, and each thread has a stack of 8 MiB."""

SIGNALS_SCOPED = 6
"""The version of Landlock that keeps signals and abstract sockets from going outside."""

SOCKETS_BY_PATH = 9
"""The version of Landlock that keeps sockets that have a path from being reached."""

SOCKET_FOLDERS = ("/run", "/tmp")
"""Where programs make their sockets."""

MOST_FILES = 5_000
"""How many files are looked at, in 20 ms, before a socket is supposed to be among the rest."""

LANDLOCK_CREATE_RULESET = 444  # the same on every kind of machine
SECCOMP_GET_ACTION_AVAIL, SECCOMP_RET_ERRNO = 2, 0x00050000  # linux/seccomp.h


class Gap(NamedTuple):
    """Something that is open to a model here."""

    what: str
    """One of "network", "files", "processes"."""

    sentence: str


class Isolation(NamedTuple):
    """What is done on this machine, and what that leaves open."""

    mode: str
    uid: int
    """The user that the worker becomes, or -1."""

    same_user: str
    """Why it stays this process's user; empty if it does not."""

    landlock: int
    seccomp: bool
    unix_sockets: bool
    gaps: tuple[Gap, ...]

    @property
    def layers(self) -> dict[str, str]:
        """What is applied, by name, for the record and for people."""
        if self.mode == "off" or not self.seccomp:
            return {}
        return {
            "identity": f"user {self.uid}" if self.uid >= 0 else f"the same user ({self.same_user})",
            "landlock": f"version {self.landlock}" if self.landlock else "not in this kernel",
            "seccomp": "no network but sockets within this machine" if self.unix_sockets else "no network",
        }

    def order(self, limits: Limits, closed_file: str) -> messages.Confine:
        """Return what a worker is told to do."""
        if not self.layers:
            return messages.UNCONFINED
        rules = seccomp.policy(self.unix_sockets, os.getpid(), os.getpgrp())
        return messages.Confine(
            uid=self.uid,
            limits=_resource_limits(limits, own_user=self.uid >= 0),
            landlock=self.landlock,
            unix_sockets=self.unix_sockets,
            closed_file=closed_file,
            payload=seccomp.program(rules, os.uname().machine),
        )


def isolation(mode: str, python: str, temporary_directory: str) -> Isolation:
    """Find out what can be done here.

    Args:
        mode: one of `MODES`.
        python: the worker's interpreter; another user has to be able to read it.
        temporary_directory: where the worker's private directory will be; another user has to be able to reach it.

    Raises:
        Failure: `not_confined`, if that is less than the mode wants.
    """
    found = detect(mode, python, temporary_directory)
    if mode == "off":
        return found
    if sys.platform == "linux" and not found.seccomp:
        raise Failure("not_confined", problem=_NO_SECCOMP, fix=_RUN_ELSEWHERE)
    if mode == "strict" and found.gaps:
        problem = " ".join(gap.sentence for gap in found.gaps).removesuffix(".")
        raise Failure("not_confined", problem=problem, fix=_RUN_ELSEWHERE)
    return found


def detect(mode: str, python: str, temporary_directory: str) -> Isolation:
    """Find out the same, whatever it is."""
    if mode == "off" or sys.platform != "linux":
        return Isolation(mode, -1, "", 0, False, True, _GAPS_WITHOUT_LAYERS)
    landlock, same_user = _landlock_version(), _why_same_user(python, temporary_directory)
    uid = -1 if same_user else FIRST_USER + os.getpid() % USERS
    if not _has_seccomp():
        return Isolation(mode, uid, same_user, landlock, False, False, (_OPEN_NETWORK,))
    return Isolation(
        mode,
        uid,
        same_user,
        landlock,
        seccomp=True,
        unix_sockets=_unix_sockets_are_harmless(uid, landlock),
        gaps=tuple(_gaps(uid, landlock)),
    )


# --- what stays open

_RUN_ELSEWHERE = (
    "Run it in the container, or, for a model that you trust as your own program, with --isolation off. "
    "`numerai-predict doctor` tells what is missing here."
)
_NO_SECCOMP = "this kernel, or the container around, does not let a process filter its system calls (seccomp)"

_OPEN_NETWORK = Gap("network", "A model can use the network.")
_OPEN_FILES = Gap("files", "A model can read and change the files of the user who runs it: no Landlock in this kernel.")
_OPEN_PROCESSES = Gap(
    "processes", "A model can read the memory of this user's other programs, and end them: no Landlock in this kernel."
)
_OPEN_SIGNALS = Gap(
    "processes", "A model can send signals to this user's other programs: Landlock is older than version 6 here."
)
_GAPS_WITHOUT_LAYERS = (
    _OPEN_NETWORK,
    Gap("files", "A model can read and change the files of the user who runs it."),
    Gap("processes", "A model can do to this user's other programs whatever the user can."),
)


def _gaps(uid: int, landlock: int) -> list[Gap]:
    if uid >= 0:
        return []
    if not landlock:
        return [_OPEN_FILES, _OPEN_PROCESSES]
    return [_OPEN_SIGNALS] if landlock < SIGNALS_SCOPED else []


# --- what there is


def _landlock_version() -> int:
    """The version of Landlock's interface that the kernel has; 0 if it has none, or keeps it switched off."""
    import ctypes

    return max(0, int(ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1)))


def _has_seccomp() -> bool:
    import ctypes

    machine = os.uname().machine
    if not seccomp.supports(machine):
        return False
    action = ctypes.byref(ctypes.c_uint32(SECCOMP_RET_ERRNO))
    libc = ctypes.CDLL(None, use_errno=True)
    return not libc.syscall(NUMBERS[machine]["seccomp"], SECCOMP_GET_ACTION_AVAIL, 0, action)


def _why_same_user(python: str, temporary_directory: str) -> str:
    """Why the worker cannot become another user; empty if it can."""
    if os.geteuid():
        return "not started as root"
    missing = _missing_capabilities()
    if missing:
        return f"capabilities are missing: {', '.join(missing)}"
    if not _maps(FIRST_USER + USERS):
        return "the user namespace has no other users"
    folders = [os.path.realpath(python), os.path.abspath(python), temporary_directory]
    if os.path.realpath(python) == os.path.realpath(sys.executable):
        folders += [os.path.realpath(path) for path in sys.path if os.path.exists(path) and path != _own_folder()]
    closed = next((path for path in folders if not _open_to_others(path)), None)
    return f"{closed} is closed to others" if closed else ""


def _missing_capabilities() -> list[str]:
    names = {CHOWN: "CHOWN", DAC_OVERRIDE: "DAC_OVERRIDE", KILL: "KILL", SETGID: "SETGID", SETUID: "SETUID"}
    with open("/proc/self/status") as file:
        effective = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff:"))
    return [name for bit, name in names.items() if not effective >> bit & 1]


def _maps(uid: int) -> bool:
    with open("/proc/self/uid_map") as file:
        ranges = [list(map(int, line.split())) for line in file]
    return any(first <= uid < first + count for first, _, count in ranges)


def _own_folder() -> str:
    """Where this program lies: the worker has imported of it what it needs before it becomes another user."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def _open_to_others(path: str) -> bool:
    """Whether a user to whom nothing belongs can get to a path, and into it."""
    while True:
        if os.path.exists(path) and not os.stat(path).st_mode & 0o001 and os.path.isdir(path):
            return False
        parent = os.path.dirname(path)
        if parent == path:
            return True
        path = parent


def _unix_sockets_are_harmless(uid: int, landlock: int) -> bool:
    """Whether no other program's socket can be reached by one that is made inside.

    torch's DataLoader and multiprocessing's forkserver need such sockets. On a desktop they would reach D-Bus, an SSH
    agent, a container engine: a way out.
    """
    if landlock >= SOCKETS_BY_PATH:
        return True
    return uid >= 0 and not _reachable_sockets(abstract=landlock < SIGNALS_SCOPED) and not _has_reachable_socket_file()


def _reachable_sockets(abstract: bool) -> list[str]:
    """Sockets of others that any user may connect or send to: by path, and, if asked for, abstract ones."""
    found = []
    try:
        with open("/proc/net/unix", errors="surrogateescape") as file:
            rows = [line.rstrip("\n").split(maxsplit=7) for line in file][1:]  # below the headings
    except OSError:
        return ["/proc/net/unix cannot be read"]
    for name in (row[7] for row in rows if len(row) == 8):
        if name.startswith("@"):
            found += [name] * abstract
        elif not name.startswith("/") or (os.path.exists(name) and os.stat(name).st_mode & 0o002):
            found.append(name)  # one that was bound by a relative path may be anywhere
    return found


def _has_reachable_socket_file() -> bool:
    """Whether any user may connect to a socket that lies where sockets do, or in something that is mounted here.

    What the kernel lists are the sockets of this network only. What a container has been given of its host's folders
    may hold sockets of another one: a display's, in /tmp. With too many files to look at, there may be one.
    """
    todo, looked = [*SOCKET_FOLDERS, *_mounts()], 0
    for path in todo:  # grows while it is walked
        try:
            status = os.lstat(path)
            if stat.S_ISSOCK(status.st_mode):
                if status.st_mode & 0o002 and _open_to_others(path):
                    return True
            elif stat.S_ISDIR(status.st_mode) and status.st_mode & 0o001:
                with os.scandir(path) as entries:
                    for entry in entries:
                        looked += 1
                        if looked > MOST_FILES:
                            return True
                        if not entry.is_symlink() and not entry.is_file(follow_symlinks=False):
                            todo.append(entry.path)
        except OSError:
            continue  # gone meanwhile, or closed even to root
    return False


def _mounts() -> list[str]:
    """Where file systems, folders and files are mounted that can hold sockets; the root of them all left out."""
    with open("/proc/self/mountinfo", "rb") as file:
        rows = [line.split() for line in file]
    # /proc writes a blank in a path in octal.
    found = {row[4].decode("unicode_escape").encode("latin-1"): row[row.index(b"-") + 1].decode() for row in rows}
    paths = [os.fsdecode(path) for path, kind in found.items() if kind not in _KERNELS_OWN]
    return [path for path in paths if path not in ("/", *SOCKET_FOLDERS)]


_KERNELS_OWN = ("proc", "sysfs", "cgroup", "cgroup2", "devpts", "devtmpfs", "mqueue", "nsfs", "securityfs", "debugfs")


def _resource_limits(limits: Limits, own_user: bool) -> dict[str, int]:
    """What the kernel itself limits: a backstop for what the supervisor watches, and for when it is gone."""
    values = {
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_FSIZE": min(FILE_SIZE, limits.disk),
        # Turns a gross overrun into a MemoryError that names the line; counts per process, and not shared memory.
        "RLIMIT_DATA": limits.memory + RESERVED_DATA,
        # All processors for the whole time: never reached while the supervisor lives.
        "RLIMIT_CPU": int(limits.timeout * (os.cpu_count() or 1)) + 60,
    }
    if own_user:
        # Counts threads, of this user only. The supervisor's own limit is lower: it tells what happened.
        values["RLIMIT_NPROC"] = 4 * limits.processes
    return values
