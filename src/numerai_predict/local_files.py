"""A local file that a run reads: opened once, so that what is checked, digested and handed over is one file."""

import hashlib
import os
import stat
from dataclasses import dataclass


@dataclass(frozen=True)
class LocalFile:
    """An open file; the descriptor is read-only and stands at the start."""

    path: str
    descriptor: int
    size: int
    sha256: str

    def first(self, count: int) -> bytes:
        """Return up to `count` bytes of the file's start."""
        return os.pread(self.descriptor, count, 0)

    def last(self, count: int) -> bytes:
        """Return up to `count` bytes of the file's end."""
        return os.pread(self.descriptor, count, max(0, self.size - count))

    def close(self) -> None:
        """Close the descriptor; a worker that got it keeps its own."""
        os.close(self.descriptor)


def open_file(path: str) -> LocalFile:
    """Open and digest a file.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    # Without O_NONBLOCK, opening a named pipe would wait for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(None, "it is not a regular file")
        return LocalFile(path, descriptor, status.st_size, _sha256(descriptor))
    except BaseException:
        os.close(descriptor)
        raise


def _sha256(descriptor: int) -> str:
    digest, offset = hashlib.sha256(), 0
    while data := os.pread(descriptor, 1024**2, offset):
        digest.update(data)
        offset += len(data)
    return digest.hexdigest()
