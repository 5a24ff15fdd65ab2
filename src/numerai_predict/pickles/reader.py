"""Reading a file that nobody vouches for: in a process of its own, with little memory and little time.

Nothing of a pickle is run when it is read; but it may be made to cost whoever reads it, as a bomb of memory or of time.
"""

import json
import os
import sys

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
    with open(path, "rb") as file:
        return read_descriptor(file.fileno(), os.path.basename(path))


def read_descriptor(descriptor: int, name: str) -> Inspection:
    """Inspect the file behind a descriptor, which is open for reading; `name` tells its compression."""
    return Reading(descriptor, name).result()


class Reading:
    """A reading that goes on in a child process."""

    def __init__(self, descriptor: int, name: str) -> None:
        import subprocess  # the child, which imports this module as well, does without

        folder = os.path.dirname(os.path.dirname(os.path.abspath(numerai_predict.__file__)))
        command = [sys.executable, "-I", "-S", "-c", _CHILD.format(folder=folder), name]
        nothing = subprocess.DEVNULL
        self._child = subprocess.Popen(command, stdin=descriptor, stdout=subprocess.PIPE, stderr=nothing)

    def result(self) -> Inspection:
        """Wait for its end; of a file that cannot be read within the limits, that is said."""
        import subprocess

        try:
            output, _ = self._child.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self.give_up()
            return Inspection.unread(f"it takes longer than {TIMEOUT:.0f} s to be read")
        try:
            return Inspection.from_json(json.loads(output))
        except ValueError:
            return Inspection.unread("it takes more memory to be read than a model of its size has use for")

    def give_up(self) -> None:
        """End it, if it has not ended."""
        if self._child.poll() is not None:
            return
        self._child.kill()
        self._child.communicate()


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
