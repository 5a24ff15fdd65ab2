"""Downloads that are kept for the next run, one folder for each user.

A copy's name holds its digest and the ETag that the server gave, so a copy is whole and of one version or it is not
used; and every use asks the server whether that version is still the file. A cache that cannot be used is done without.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace

from numerai_predict import transfer
from numerai_predict.local_files import LocalFile, open_file, receive
from numerai_predict.transfer import Deadline, Progress, TransferFailed

PART_LIFETIME = 3600.0
"""Seconds after which the unfinished file of a download that was killed is removed."""

Check = Callable[[LocalFile], str | None]
"""Says what is wrong with a file, if anything is."""


def fetch(name: str, url: str, deadline: Deadline, progress: Progress, check: Check) -> LocalFile:
    """Return a file of Numerai's, downloaded unless the copy at hand is still the file.

    Args:
        name: the file's name, such as v5.3/live.parquet.
        url: where it can be had at the moment.
        check: what is wrong with it is no copy, and no result.

    Raises:
        TransferFailed: it cannot be had.
        OSError: it cannot be stored anywhere.
    """
    try:
        folder = _folder(name)
        copy, etag = _copy_at_hand(folder, os.path.basename(name), check)
    except OSError:
        return _without_cache(name, url, deadline, progress, check)
    try:
        file = _fetch(folder, os.path.basename(name), url, deadline, progress, check, copy, etag)
    except OSError:
        return _without_cache(name, url, deadline, progress, check)
    return replace(file, path=name)


def _folder(name: str) -> str:
    import platformdirs

    folder = os.path.join(platformdirs.user_cache_dir("numerai-predict"), os.path.dirname(name))
    os.makedirs(folder, exist_ok=True)
    return folder


def _without_cache(name: str, url: str, deadline: Deadline, progress: Progress, check: Check) -> LocalFile:
    file = receive(name, lambda file: transfer.download(url, file, deadline, progress))
    return _checked(file, check)


def _fetch(
    folder: str,
    name: str,
    url: str,
    deadline: Deadline,
    progress: Progress,
    check: Check,
    copy: LocalFile | None,
    etag: str,
) -> LocalFile:
    part = os.path.join(folder, f".{name}.{os.urandom(6).hex()}.part")
    try:
        with open(part, "xb") as file:
            answer = transfer.download(url, file, deadline, progress, etag)
            if not answer.modified and copy is not None:
                return copy
        new = _checked(open_file(part), check)
        _keep(part, folder, name, new, answer.etag)
        return new
    finally:
        try:
            os.unlink(part)
        except FileNotFoundError:
            pass


def _keep(part: str, folder: str, name: str, file: LocalFile, etag: str) -> None:
    """Give a finished download its name, and remove older versions."""
    copy = f"{name}@{file.sha256}@{etag.encode().hex()}"
    if not etag or len(copy) > 250:
        return
    os.replace(part, os.path.join(folder, copy))
    for other in os.listdir(folder):
        if other.startswith(f"{name}@") and other != copy:
            _remove(os.path.join(folder, other))


def _copy_at_hand(folder: str, name: str, check: Check) -> tuple[LocalFile | None, str]:
    """Open the copy of a file, and return it with its ETag; it stays readable whatever another run does meanwhile."""
    for copy in os.listdir(folder):
        path = os.path.join(folder, copy)
        if copy.endswith(".part") and time.time() - os.path.getmtime(path) > PART_LIFETIME:
            _remove(path)
        if not copy.startswith(f"{name}@"):
            continue
        _, sha256, etag = copy.split("@")
        file = open_file(path)
        if file.sha256 == sha256 and not check(file):
            return file, bytes.fromhex(etag).decode()
        file.close()
        _remove(path)
    return None, ""


def _checked(file: LocalFile, check: Check) -> LocalFile:
    if problem := check(file):
        file.close()
        raise TransferFailed(f"what came cannot be used: {problem}")
    return file


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass  # another run was faster
