"""How a worker is started: a fresh interpreter, a clean environment, a private directory, and four descriptors."""

import math
import os
import signal
import site
import socket
from dataclasses import dataclass

import numerai_predict
from numerai_predict.job import Limits

KEPT_VARIABLES = (
    "PATH",
    "TZ",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "KERAS_BACKEND",
    "OPENBLAS_CORETYPE",  # on some processors old OpenBLAS builds compute wrong results without these two
    "OPENBLAS_L2_SIZE",
)
"""All that a worker gets of this process's environment. Everything else may hold a secret."""

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "LOKY_MAX_CPU_COUNT",
    "PYTHON_CPU_COUNT",
)
"""How libraries are told the number of CPUs: sixteen threads on one make a least-squares fit seven times slower."""

# numerai_predict must not bring its neighbours along: the worker may run under another Python than this one.
_BOOT = (
    "import sys; sys.path[0] = {folder!r}; import numerai_predict; del sys.path[0]; "
    "from numerai_predict.sandbox import worker; worker.main()"
)


@dataclass(frozen=True)
class Launched:
    """A worker that has been started, and this side's ends of what connects it."""

    pid: int
    channel: socket.socket
    stdout: int
    stderr: int
    crash_log: int


def launch(python: str, limits: Limits, scratch: str) -> Launched:
    """Start a worker.

    Raises:
        OSError: the interpreter cannot be started.
    """
    import fcntl  # not on Windows, where this module is imported but nothing is launched

    ours, theirs = socket.socketpair()
    pipes = [os.pipe() for _ in range(3)]
    nothing = os.open(os.devnull, os.O_RDONLY)
    # stdin, stdout, stderr, and messages.CHANNEL, worker.CRASH_LOG
    inside = [nothing, pipes[0][1], pipes[1][1], theirs.detach(), pipes[2][1]]
    # Above all targets first, or one dup2 would close the source of the next.
    sources = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, len(inside)) for descriptor in inside]
    folder = os.path.dirname(os.path.dirname(os.path.abspath(numerai_predict.__file__)))
    try:
        pid = os.posix_spawn(
            python,
            [python, "-u", "-c", _BOOT.format(folder=folder)],
            environment(limits, scratch),
            file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for target, source in enumerate(sources)],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGCHLD],
        )
    finally:
        for descriptor in inside + sources:
            os.close(descriptor)
    return Launched(pid, ours, pipes[0][0], pipes[1][0], pipes[2][0])


def environment(limits: Limits, scratch: str) -> dict[str, str]:
    """Return the whole environment of a worker."""
    variables = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    variables |= dict.fromkeys(THREAD_VARIABLES, str(min(limits.cpus, available_cpus())))
    variables |= dict.fromkeys(("HOME", "TMPDIR"), scratch)
    variables |= dict.fromkeys(("USER", "LOGNAME"), "worker")  # whoever it is: not every user id has a name
    if site.ENABLE_USER_SITE and site.USER_BASE:
        # Python finds what was installed with `pip install --user` by HOME, which is another one inside.
        variables["PYTHONUSERBASE"] = site.USER_BASE
    return variables


def available_cpus() -> int:
    """Return how many CPUs this process may use: its affinity, and the quota of its container."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(affinity, _quota() or affinity)


def _quota() -> int | None:
    """The CPU quota of the cgroup (version 2, then 1), rounded up."""
    for names in (["cpu.max"], ["cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"]):
        try:
            quota, period = map(int, " ".join(_read(f"/sys/fs/cgroup/{name}") for name in names).split())
        except (OSError, ValueError):
            continue  # no such cgroup, or "max"
        if quota > 0:
            return math.ceil(quota / period)
    return None


def _read(path: str) -> str:
    with open(path) as file:
        return file.read()


class Scratch:
    """A private directory for one worker: its working directory, home and temporary directory.

    The directory that the worker may write lies inside one that it may not rename or replace. Beside it lies a file
    that is closed to the worker: it has to prove that. Their names are short: multiprocessing makes sockets inside, and
    the whole path of a socket has 107 characters, on macOS 103.

    Args:
        parent: where it is made.
        uid: the user whom it belongs to, or -1.
    """

    def __init__(self, parent: str, uid: int) -> None:
        self._outer = os.path.join(parent, f"numerai-{os.urandom(6).hex()}")
        self.path = os.path.join(self._outer, "w")
        self.closed_file = os.path.join(self._outer, "closed")
        os.mkdir(self._outer, 0o711)
        os.chmod(self._outer, 0o711)  # whatever the umask: another user has to get through
        os.mkdir(self.path, 0o700)
        os.chown(self.path, uid, uid)
        os.close(os.open(self.closed_file, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

    def remove(self) -> None:
        """Remove the directory and all that the model left in it."""
        try:
            os.unlink(self.closed_file)
            os.rmdir(self.path)
            os.rmdir(self._outer)
        except OSError:
            import shutil  # 10 ms, for the few models that leave files behind

            _make_removable(self._outer)
            shutil.rmtree(self._outer, ignore_errors=True)


def _make_removable(top: str) -> None:
    # A model may take away its own right to list a folder.
    for folder, names, _ in os.walk(top):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)


def temporary_directory() -> str:
    """Return where temporary files go, as `tempfile.gettempdir` would, without its 14 ms of imports."""
    return os.path.abspath(os.environ.get("TMPDIR") or "/tmp")
