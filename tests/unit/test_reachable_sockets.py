import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from numerai_predict.sandbox import isolation


@pytest.fixture
def looks_only_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """The search, in one folder, of which it is supposed that every user gets there."""
    monkeypatch.setattr(isolation, "SOCKET_FOLDERS", (str(tmp_path),))
    monkeypatch.setattr(isolation, "_mounts", list)
    closed = {str(folder) for folder in tmp_path.parents}  # pytest's own are
    monkeypatch.setattr(isolation, "_open_to_others", lambda path: _open_below(Path(path), closed))
    tmp_path.chmod(0o755)
    return isolation._has_reachable_socket_file


def _open_below(path: Path, closed: set[str]) -> bool:
    folders = [folder for folder in path.parents if str(folder) not in closed]
    return all(folder.stat().st_mode & 0o001 for folder in folders)


def make_socket(path: Path, mode: int) -> None:
    """Leave a socket there."""
    path.parent.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    path.chmod(mode)


def test_no_socket(tmp_path, looks_only_there):
    """Files and folders are no sockets, and links are not followed."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    (tmp_path / "link").symlink_to("/")

    assert not looks_only_there()


def test_socket_of_everybody(tmp_path, looks_only_there):
    """A socket that every user may connect to is found, however deep."""
    make_socket(tmp_path / "folder" / "socket", 0o666)

    assert looks_only_there()


def test_socket_of_one_user(tmp_path, looks_only_there):
    """A socket that only its user may connect to is harmless."""
    make_socket(tmp_path / "socket", 0o660)

    assert not looks_only_there()


def test_socket_behind_a_closed_folder(tmp_path, looks_only_there):
    """So is one in a folder that other users cannot enter."""
    make_socket(tmp_path / "folder" / "socket", 0o666)
    (tmp_path / "folder").chmod(0o700)

    assert not looks_only_there()


def test_too_many_files(tmp_path, looks_only_there, monkeypatch):
    """Where there is too much to look at, a socket is supposed to be there."""
    monkeypatch.setattr(isolation, "MOST_FILES", 2)
    for name in "abc":
        (tmp_path / name).touch()

    assert looks_only_there()


def test_mounts_of_this_machine():
    """What the kernel shows of itself is left out, and so is the root."""
    found = isolation._mounts()

    assert "/" not in found
    assert not [path for path in found if path == "/proc" or path.startswith("/sys/fs/cgroup/")]
