"""Reading a file that nobody vouches for: in a process of its own, with little memory and little time.

Nothing of a pickle is run when it is read; but it may be made to cost whoever reads it, as a bomb of memory or of time.
"""

import gc
import json
import os
import select
import signal
import stat
import sys
import time
from typing import IO, NoReturn

import numerai_predict
from numerai_predict.interruption import SIGNALS, deferred
from numerai_predict.pickles import bytecode
from numerai_predict.pickles.container import NotAPickle, compression, unpack
from numerai_predict.pickles.inspection import Inspection, inspect_bytes

TIMEOUT = 60.0
"""Seconds: a pickle of 200 MB takes half of one."""

MEMORY_PER_BYTE, LEAST_MEMORY = 12, 1024**3
"""Bytes of address space for each byte of the file, and at least. Objects take more room than their pickle."""

MOST_MEMORY = 8 * 1024**3
"""And at most, and for what is compressed: what does not fit into it does not fit into the 4 GB of the box either."""

_CHILD = "import sys; sys.path.insert(0, {folder!r}); from numerai_predict.pickles import reader; reader.main({name!r})"


def read(path: str, fork: bool = False) -> Inspection:
    """Inspect a file in a child process, and digest it.

    Args:
        path: the file.
        fork: whether the child may be a fork of this process, see `Reading`; otherwise, as on Windows, it is a fresh
            interpreter.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    name = os.path.basename(path)
    with open(path, "rb", opener=_open_at_once) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(None, "it is not a regular file")
        if status.st_size > MOST_MEMORY:
            return _TOO_LARGE
        if not fork or not hasattr(os, "fork"):
            inspection = _read_by_another(file, name)
            file.seek(0)
            return inspection._replace(sha256=_digest(file))
        reading = Reading(file.fileno(), name)
        try:
            digest = _digest(file)  # meanwhile
            return reading.result()._replace(sha256=digest)
        finally:
            reading.give_up()


def _open_at_once(path: str, flags: int) -> int:
    """Open a file, and do not wait for whoever writes into it, if it is a named pipe; Windows has none."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _read_by_another(file: IO[bytes], name: str) -> Inspection:
    import subprocess  # a run does without

    folder = os.path.dirname(os.path.dirname(os.path.abspath(numerai_predict.__file__)))
    command = [sys.executable, "-I", "-S", "-c", _CHILD.format(folder=folder, name=name)]
    try:
        return _parsed(subprocess.run(command, stdin=file, capture_output=True, timeout=TIMEOUT).stdout)
    except subprocess.TimeoutExpired:
        return _SLOW


def _digest(file: IO[bytes]) -> str:
    import hashlib  # 3 ms, while another process reads

    digest = hashlib.sha256()
    while data := file.read(1024**2):
        digest.update(data)
    return digest.hexdigest()


class Reading:
    """A reading that goes on in a fork of this process, of the file behind a descriptor; not on Windows.

    Only for a process of one thread, as our commands are: in a notebook's, a fork could find a lock held for ever.

    A fork, and not a fresh interpreter, whose start and imports take ten times as long as the reading. Nothing of the
    pickle is run in either; only a hole in Python's own unpickler could do harm. Behind one, a fork has what is in this
    process's memory, secrets included; but it holds two descriptors and can open no other (`_open_nothing_more`), so
    there is neither a file nor a connection by which they could leave. No other process can look into it, as none can
    into its parent: that is inherited by a fork, and lost by a fresh interpreter.

    Args:
        descriptor: open for reading; its position does not matter.
        name: the file's name, which tells its compression.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        self._output, theirs = os.pipe()
        try:
            with deferred():  # in the fork, an interruption would end the parent's work once more
                self._pid = os.fork()
                if not self._pid:
                    _read_and_exit(descriptor, theirs, name)
        finally:
            os.close(theirs)

    def result(self) -> Inspection:
        """Wait for its end; of a file that cannot be read within the limits, that is said."""
        deadline, output = time.monotonic() + TIMEOUT, b""
        while select.select([self._output], [], [], max(0.0, deadline - time.monotonic()))[0]:
            data = os.read(self._output, 1024**2)
            if not data:
                self.give_up()
                return _parsed(output)
            output += data
        self.give_up()
        return _SLOW

    def give_up(self) -> None:
        """End it, if it has not ended."""
        if self._pid:
            pid, self._pid = self._pid, 0
            os.close(self._output)
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass  # ended with the worker's processes, and reaped with them


def _parsed(output: bytes) -> Inspection:
    try:
        return Inspection.from_json(json.loads(output))
    except ValueError:
        return _TOO_LARGE


_TOO_LARGE = Inspection.unread("it takes more memory to be read than a model of its size has use for")
_SLOW = Inspection.unread(f"it takes longer than {TIMEOUT:.0f} s to be read")


# --- in the child


def main(name: str) -> None:
    """Read standard input, and print the inspection as JSON."""
    sys.stdout.write(_read(0, name))
    sys.stdout.flush()
    os._exit(0)  # without taking apart what was read


def _read_and_exit(descriptor: int, output: int, name: str) -> NoReturn:
    """The life of a fork: whatever happens, it does not come back to what its parent was doing."""
    try:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        for other in map(int, os.listdir("/dev/fd")):
            if other not in (descriptor, output):
                try:
                    os.close(other)
                except OSError:
                    pass  # that of the listing itself
        content = _read(descriptor, name).encode()
        with open(output, "wb") as file:
            file.write(content)
    finally:
        os._exit(0)


def _read(descriptor: int, name: str) -> str:
    """Read a file within limits; return the inspection as JSON."""
    size = os.fstat(descriptor).st_size
    _limit(MOST_MEMORY if compression(name) else min(max(LEAST_MEMORY, MEMORY_PER_BYTE * size), MOST_MEMORY))
    gc.disable()  # everything is kept to the end: it would look through all of it again and again
    try:
        content = unpack(name, _whole(descriptor, size))
        bytecode.known_versions()  # reads its table
        _open_nothing_more()
        inspection = inspect_bytes(content)
    except NotAPickle as error:
        inspection = Inspection.unread(str(error))._replace(size=size)
    return json.dumps(inspection)


def _whole(descriptor: int, size: int) -> bytes:
    """The file behind a descriptor, from its start; others share the descriptor, and so its position."""
    if not hasattr(os, "pread"):  # Windows
        return sys.stdin.buffer.read()
    parts, at = [], 0
    while at < size and (part := os.pread(descriptor, size - at, at)):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _limit(memory: int) -> None:
    try:
        import resource
    except ImportError:
        return  # Windows has no such limits
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (int(TIMEOUT), int(TIMEOUT)))


def _open_nothing_more() -> None:
    """Give up the right to new descriptors: no file, no connection, no program that needs a library."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
