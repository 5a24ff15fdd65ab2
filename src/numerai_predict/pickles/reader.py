"""Reading a file that nobody vouches for: in a process of its own, with little memory and little time.

Nothing of a pickle is run when it is read; but it may be made to cost whoever reads it, as a bomb of memory or of time.
"""

import json
import os
import select
import signal
import sys
import time

import numerai_predict
from numerai_predict.pickles.inspection import Inspection

TIMEOUT = 60.0
"""Seconds: a pickle of 200 MB takes half of one."""

MEMORY_PER_BYTE, LEAST_MEMORY = 12, 1024**3
"""Bytes of address space for each byte of the file, and at least. Objects take more room than their pickle."""

_CHILD = (
    "import sys; sys.path.insert(0, {folder!r}); from numerai_predict.pickles import reader; reader.main(*sys.argv[1:])"
)


def read(path: str) -> Inspection:
    """Inspect a file in a child process.

    Raises:
        OSError: it cannot be read.
    """
    import subprocess  # a run does without: `Reading`

    with open(path, "rb") as file:
        command = _command(os.path.basename(path))
        try:
            child = subprocess.run(command, stdin=file, capture_output=True, timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            return _SLOW
    return _parsed(child.stdout)


class Reading:
    """A reading that goes on in a child process, of the file behind a descriptor; not on Windows.

    Args:
        descriptor: open for reading; its position does not matter.
        name: the file's name, which tells its compression.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        self._output, theirs = os.pipe()
        command = _command(name)
        actions = [
            (os.POSIX_SPAWN_DUP2, descriptor, 0),
            (os.POSIX_SPAWN_DUP2, theirs, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        try:
            self._pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
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


def _command(name: str) -> list[str]:
    folder = os.path.dirname(os.path.dirname(os.path.abspath(numerai_predict.__file__)))
    return [sys.executable, "-I", "-S", "-c", _CHILD.format(folder=folder), name]


def _parsed(output: bytes) -> Inspection:
    try:
        return Inspection.from_json(json.loads(output))
    except ValueError:
        return Inspection.unread("it takes more memory to be read than a model of its size has use for")


_SLOW = Inspection.unread(f"it takes longer than {TIMEOUT:.0f} s to be read")


def main(name: str) -> None:
    """Read standard input, within limits, and print the inspection as JSON."""
    from numerai_predict.pickles.container import NotAPickle, unpack
    from numerai_predict.pickles.inspection import inspect_bytes

    size = os.fstat(0).st_size
    _limit(max(LEAST_MEMORY, MEMORY_PER_BYTE * size))
    try:
        inspection = inspect_bytes(unpack(name, _whole(size)))
    except NotAPickle as error:
        inspection = Inspection.unread(str(error))._replace(size=size)
    sys.stdout.write(json.dumps(inspection))


def _whole(size: int) -> bytes:
    """The file behind standard input, from its start; others share the descriptor, and so its position."""
    if not hasattr(os, "pread"):  # Windows
        return sys.stdin.buffer.read()
    parts, at = [], 0
    while at < size and (part := os.pread(0, size - at, at)):
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
