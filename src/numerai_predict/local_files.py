"""A local file that a run reads: opened once, so that what is checked, digested and handed over is one file."""

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from numerai_predict.sandbox.launch import temporary_directory


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

    def rewind(self) -> None:
        """Let it stand at its start again: whoever it was handed to has read it to its end."""
        os.lseek(self.descriptor, 0, os.SEEK_SET)

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


def receive(path: str, write: Callable[[IO[bytes]], object]) -> LocalFile:
    """Have a file written that has no name any more: it is gone when it is closed, however this process ends.

    Args:
        path: what the file is called in messages.
        write: gets the file, open for writing.

    Raises:
        OSError: it cannot be written.
    """
    name = os.path.join(temporary_directory(), f"numerai-predict-{os.getpid()}-{os.urandom(6).hex()}.part")
    with open(os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.unlink(name)
        try:
            write(file)
            file.flush()
            return LocalFile(path, descriptor, os.fstat(descriptor).st_size, _sha256(descriptor))
        except BaseException:
            os.close(descriptor)
            raise


def _sha256(descriptor: int) -> str:
    digest, offset = hashlib.sha256(), 0
    while data := os.pread(descriptor, 1024**2, offset):
        digest.update(data)
        offset += len(data)
    return digest.hexdigest()
