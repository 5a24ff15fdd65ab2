"""What a model has written: in its private directory, and in /dev/shm, which is memory that no process has to hold."""

import os
import stat
from collections.abc import Iterable, Iterator

SHARED_MEMORY = "/dev/shm"

SMALLEST_FILE = 16 * 1024
"""Bytes that a file counts for at least, and every further name of it: a million empty ones are not nothing."""


class Storage:
    """The files that a worker makes in one folder.

    Args:
        folder: where to look; it need not be there.
        uid: whose files count; what that user has there already does not.
    """

    def __init__(self, folder: str, uid: int) -> None:
        self._folder = folder
        self._uid = uid
        self._before = set(_names(folder))
        self._handed_over: set[int] = set()

    def hand_over(self, descriptor: int) -> None:
        """Do not count a file that the worker gets: a download has no name either, and the worker holds it open."""
        self._handed_over.add(os.fstat(descriptor).st_ino)

    def size(self, tree: Iterable[int], enough: int) -> int:
        """Return the bytes on disk of all files, those included that have lost their name and are held open.

        Args:
            tree: the processes that may hold them.
            enough: the look is over when it has found more than that.
        """
        sizes: dict[int, int] = {}
        total = 0
        for status in self._files(tree):
            size = max(status.st_blocks * 512, SMALLEST_FILE)
            further_name = SMALLEST_FILE if status.st_nlink and status.st_ino in sizes else 0
            total += max(size - sizes.get(status.st_ino, 0), further_name)
            sizes[status.st_ino] = size
            if total > enough:
                break
        return total

    def made(self) -> list[str]:
        """Return the paths of what was made directly in the folder."""
        return list(self._made())

    def remove(self) -> None:
        """Remove what was made: for a user who has nothing else there."""
        import shutil

        for path in self.made():
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                try:
                    os.unlink(path)
                except OSError:
                    pass  # gone meanwhile

    def _made(self) -> Iterator[str]:
        return (path for name in _names(self._folder) if (path := self._path(name)))

    def _path(self, name: str) -> str | None:
        path = os.path.join(self._folder, name)
        status = _status(path)
        return path if name not in self._before and status and status.st_uid == self._uid else None

    def _files(self, tree: Iterable[int]) -> Iterator[os.stat_result]:
        folders: list[str] = []
        yield from _statuses(self._made(), folders)
        for path in folders:  # grows while it is walked
            yield from _statuses((os.path.join(path, name) for name in _names(path)), folders)
        folder = _status(self._folder)
        for pid in tree:
            for name in _names(f"/proc/{pid}/fd"):
                status = _status(f"/proc/{pid}/fd/{name}", follow=True)
                if status and folder and status.st_dev == folder.st_dev and self._is_nameless(status):
                    yield status

    def _is_nameless(self, status: os.stat_result) -> bool:
        return status.st_nlink == 0 and status.st_uid == self._uid and status.st_ino not in self._handed_over


def _names(folder: str) -> Iterator[str]:
    """The names in a folder, one after the other: there may be more than memory is there for."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                yield entry.name
    except OSError:
        pass  # gone meanwhile, or not there


def _statuses(paths: Iterable[str], folders: list[str]) -> Iterator[os.stat_result]:
    """The status of each path; folders are noted."""
    for path in paths:
        if (status := _status(path)) is not None:
            yield status
            if stat.S_ISDIR(status.st_mode):
                folders.append(path)


def _status(path: str, follow: bool = False) -> os.stat_result | None:
    try:
        return os.stat(path, follow_symlinks=follow)
    except OSError:
        return None
