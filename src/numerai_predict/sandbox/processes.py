"""The worker's process tree: what it uses, and its end.

Read from /proc where there is one (Linux): a look costs some 0.03 ms a process. Elsewhere only the worker itself and
its process group are known.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from numerai_predict.sandbox.storage import Storage

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36  # linux/prctl.h

KILL_DEADLINE = 10.0
"""Seconds after which killing a tree is given up; a fork bomb takes 0.3."""


def become_supervisor() -> None:
    """Have the kernel give this process the orphans among its descendants, and close it to processes of the same user.

    So no daemon of the worker is lost, and nobody reads this process's memory, environment or descriptors. Only for a
    process that is the supervisor and nothing else: a notebook's own orphans would come here as well, and no debugger
    could be attached to it any more.
    """
    if sys.platform == "linux":
        import ctypes

        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def children(pid: int) -> list[int]:
    """Return the processes whose parent is `pid`; none if it has ended, or without /proc."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                found += map(int, file.read().split())
    except OSError:
        pass
    return found


class Memory(NamedTuple):
    """Bytes of memory that processes hold. Mapped files do not count: the kernel can drop their pages at any time."""

    own: int
    shared: int

    def total(self, files: int = 0) -> int:
        """Return all of it, with the bytes of files in memory; those that are mapped are among the shared already."""
        return self.own + max(self.shared, files)


@contextmanager
def acting_as(uid: int) -> Iterator[None]:
    """Look at another user's processes as that user (-1: as oneself).

    Root in a container lacks CAP_SYS_PTRACE, without which the kernel shows a process only to its own user. The real
    and the saved user stay root, so that no process of that user can signal this one meanwhile.
    """
    if uid < 0:
        yield
        return
    user, group = os.geteuid(), os.getegid()
    try:
        os.setegid(uid)
        os.seteuid(uid)
        yield
    finally:
        os.seteuid(user)
        os.setegid(group)


class Tree:
    """The worker and everything that it started.

    Orphans come back to the supervisor (`adopt_orphans`), so the tree is all that descends from the supervisor, except
    what was there before: a shell script that ends in `exec numerai-predict` may have left it children of its own.

    Args:
        worker: the process id of the worker, a child of this process and the leader of its own process group.
        before: children of this process that are not the worker's.
        uid: the user that the worker becomes, or -1.
    """

    def __init__(self, worker: int, before: list[int], uid: int) -> None:
        self._worker = worker
        self._before = before
        self._uid = uid

    def __iter__(self) -> Iterator[int]:
        """Yield the process ids, parents before their children."""
        todo = [pid for pid in children(os.getpid()) if pid not in self._before] or [self._worker]
        for pid in todo:  # grows while it is walked
            yield pid
            todo += children(pid)

    def generations(self) -> list[int]:
        """Return how many processes there are in each generation, the worker's first; ended but unreaped ones count."""
        sizes = []
        generation = [pid for pid in children(os.getpid()) if pid not in self._before] or [self._worker]
        while generation:
            sizes.append(len(generation))
            generation = [child for pid in generation for child in children(pid)]
        return sizes

    def memory(self) -> "Memory":
        """Return what the tree holds, counting shared pages once for each process that shares them."""
        return _add(_numbers(f"/proc/{pid}/status", b"RssAnon:", b"RssShmem:") for pid in self)

    def memory_shared_once(self, deadline: float) -> "Memory | None":
        """Return the same with shared pages counted once (PSS): exact, but slower; None if it is not done in time.

        After a fork, parent and child share all their pages: a model of 1 GB with eight workers would look like 9 GB.
        While a process forks, the kernel may take a second to answer for it.
        """
        held = []
        with acting_as(self._uid):
            for pid in list(self):  # those that are there now: one would not catch up with a fork bomb
                if time.monotonic() > deadline:
                    return None
                held.append(_numbers(f"/proc/{pid}/smaps_rollup", b"Pss_Anon:", b"Pss_Shmem:"))
        return _add(held)

    def files(self, storage: Storage, enough: int) -> int:
        """Return the bytes of files that the tree has made in a folder; `enough` ends the look."""
        with acting_as(self._uid):
            return storage.size(self, enough)

    def written(self) -> int:
        """Return the bytes that the tree, and its children that it has waited for, have written to anything."""
        return sum(sum(_numbers(f"/proc/{pid}/io", b"wchar:")) for pid in self)

    def signal(self, number: int) -> None:
        """Send a signal to every process of the tree."""
        for pid in self:
            _signal(pid, number)

    def wait_for_others(self, deadline: float) -> None:
        """Wait for what ends by itself when the worker has: multiprocessing's resource tracker, for example."""
        while time.monotonic() < deadline and any(pid != self._worker and not _ended(pid) for pid in self):
            time.sleep(0.005)

    def kill(self) -> int:
        """End every process of the tree and reap it; return how many there were besides the worker.

        The group goes first: that alone ends most of a fork bomb. What is left is stopped before it is killed, so that
        it cannot multiply in between.
        """
        others = {pid for pid in self if pid != self._worker and not _ended(pid)}
        _signal_group(self._worker, signal.SIGKILL)
        deadline = time.monotonic() + KILL_DEADLINE
        while (alive := [pid for pid in self if not _ended(pid)]) and time.monotonic() < deadline:
            others.update(pid for pid in alive if pid != self._worker)
            for number in (signal.SIGSTOP, signal.SIGKILL):
                for pid in alive:
                    _signal(pid, number)
            time.sleep(0.001)
            self._reap()
        self._reap()
        return len(others)

    def _reap(self) -> None:
        """Take the ended children off the process table; the worker's own end is its waiter's to read."""
        for pid in children(os.getpid()):
            if pid not in self._before and pid != self._worker:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass


def kernel_oom_kills() -> int:
    """Return how often the kernel has killed a process of this container for its memory limit; 0 if it does not say."""
    for path in ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"):
        try:
            with open(path, "rb") as file:
                for line in file:
                    name, _, value = line.partition(b" ")
                    if name == b"oom_kill":
                        return int(value)
        except OSError:
            continue
    return 0


def container_memory() -> int | None:
    """Return the bytes of memory that this container may use; None if it has no limit."""
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(path) as file:
                limit = int(file.read())
        except (OSError, ValueError):
            continue  # no such cgroup, or "max"
        return limit if limit < 2**60 else None  # version 1 writes a huge number for none
    return None


def _numbers(path: str, *names: bytes) -> tuple[int, ...]:
    """The named lines of a /proc file, as in "RssAnon:   1024 kB", in their order there."""
    try:
        with open(path, "rb") as file:
            lines = file.read().split(b"\n")
    except OSError:
        return ()  # ended meanwhile, or another user's
    return tuple(int(line.split()[1]) for line in lines if line.startswith(names))


def _add(kibibytes: Iterable[tuple[int, ...]]) -> Memory:
    own, shared = 0, 0
    for held in kibibytes:
        if held:
            own, shared = own + held[0], shared + held[1]
    return Memory(own * 1024, shared * 1024)


def _ended(pid: int) -> bool:
    """Whether a process is gone, or dead and waiting to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except FileNotFoundError:
        return os.path.exists("/proc/self") or not _signal(pid, 0)
    except OSError:
        return True


def _signal(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except OSError:
        return False
    return True


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except OSError:
        _signal(pid, number)
