"""What a model has written, seen from outside."""

import os

import pytest

from numerai_predict.sandbox.storage import SMALLEST_FILE, Storage

MIB = 1024**2


@pytest.fixture
def storage(tmp_path):
    """A folder with a file of before, and its observer."""
    (tmp_path / "before").write_bytes(bytes(MIB))
    return Storage(str(tmp_path), os.getuid())


def test_new_files_count(storage, tmp_path):
    """Files made since, in folders as well, count by what they take; older ones do not."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a").write_bytes(bytes(2 * MIB))
    (tmp_path / "sparse").touch()
    os.truncate(tmp_path / "sparse", 100 * MIB)

    assert 2 * MIB <= storage.size([], 10**9) <= 2 * MIB + 3 * SMALLEST_FILE
    assert sorted(map(os.path.basename, storage.made())) == ["folder", "sparse"]


def test_empty_files_count(storage, tmp_path):
    """A thousand empty files are not nothing."""
    for number in range(1000):
        (tmp_path / str(number)).touch()

    assert storage.size([], 10**9) == 1000 * SMALLEST_FILE


def test_files_without_a_name_count(storage, tmp_path):
    """A file that has lost its name but is held open by a process of the tree counts, and counts once."""
    before = storage.size([os.getpid()], 10**9)  # what the tests themselves hold
    with (tmp_path / "gone").open("wb") as file:
        file.write(bytes(3 * MIB))
        file.flush()
        os.unlink(file.name)
        again = os.dup(file.fileno())
        assert storage.size([os.getpid()], 10**9) == before + 3 * MIB
        os.close(again)

    assert storage.size([os.getpid()], 10**9) == before


def test_what_was_handed_over_does_not_count(storage, tmp_path):
    """A download is a file without a name as well, but not the model's."""
    before = storage.size([os.getpid()], 10**9)
    with (tmp_path / "download").open("w+b") as file:
        file.write(bytes(3 * MIB))
        file.flush()
        os.unlink(file.name)
        storage.hand_over(file.fileno())

        assert storage.size([os.getpid()], 10**9) == before


def test_a_look_ends_when_it_has_seen_enough(storage, tmp_path):
    """Who makes countless files does not keep the supervisor busy."""
    for number in range(100):
        (tmp_path / str(number)).touch()

    assert storage.size([], 10 * SMALLEST_FILE) == 11 * SMALLEST_FILE


def test_what_was_made_can_be_removed(storage, tmp_path):
    """Folders, links and files made since are removed; a link's target and what was there before are not."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a").touch()
    (tmp_path / "link").symlink_to(tmp_path / "before")
    storage.remove()

    assert os.listdir(tmp_path) == ["before"]


def test_a_folder_that_is_not_there(tmp_path):
    """A machine without /dev/shm has nothing in it."""
    assert Storage(str(tmp_path / "nowhere"), os.getuid()).size([os.getpid()], 1) == 0
