"""`numerai-predict env`, and the environments that it and `--env` keep: whole or not there, whatever happens."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, processes_of, wait_until

from numerai_predict.environments import directories, store
from numerai_predict.environments.interpreters import interpreter

HERE = "{}.{}".format(*sys.version_info)
TINY = ["six==1.17.0"]
"""An environment that is made in no time."""

PROVIDE = (
    "import sys; from numerai_predict.environments import store; "
    f"print(store.provide({HERE!r}, sys.argv[1:], print).python)"
)


@pytest.fixture
def own(environments: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Variables for a folder of environments that is this test's alone, in these processes and in this one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_CACHE_DIR", environments["UV_CACHE_DIR"])
    return environments | {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def env(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `numerai-predict env`."""
    command = [sys.executable, "-m", "numerai_predict", "env", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def providing(environment: dict[str, str], requirements: list[str] = TINY) -> subprocess.Popen[str]:
    """A process that wants an environment."""
    command = [sys.executable, "-c", PROVIDE, *requirements]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)


def works(one: store.Stored) -> bool:
    """Whether an environment has what it is for."""
    return subprocess.run([one.python, "-c", "import six"], capture_output=True).returncode == 0


# --- made once, or not at all


def test_several_at_once(own):
    """Of several that want the same environment at the same time, one makes it, and all get it."""
    processes = [providing(own) for _ in range(4)]
    said = [process.communicate(timeout=60)[0].splitlines() for process in processes]

    (one,) = store.stored()
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert {lines[-1] for lines in said} == {str(one.python)}
    assert sorted(len(lines) for lines in said) == [1, 1, 1, 2]  # one said that it makes it
    assert works(one)


@pytest.mark.parametrize("whom", ["it alone", "its installer as well"])
@pytest.mark.parametrize("after", [0.0, 0.1, 0.3])
def test_killed_in_the_middle(own, whom, after):
    """Who is killed while it makes an environment leaves nothing that is taken for one; the next one makes it."""
    process = providing(own)
    assert wait_until(lambda: list(store.home().glob(f"*{store.BUILDING}")), 30)
    time.sleep(after)
    end = os.killpg if whom == "its installer as well" else os.kill
    end(process.pid, signal.SIGKILL)
    process.communicate()

    there = store.stored()
    assert all(works(one) for one in there)
    assert there or env(own, "list").stdout.count("unfinished:") == 1
    made = store.provide(HERE, TINY, lambda _: None)
    assert works(made)
    assert (store.stored(), store.unfinished()) == ([made], [])


def test_an_installer_that_lives_on(own):
    """While the installer of a killed process still writes, nobody else begins to make the same environment."""
    lock = directories.read_lock(HERE)
    for name in ("numpy", "pandas", "pyarrow"):  # it may be through before it is looked at
        if any(installers_behind_the_lock(own, lock.requirements[name])):
            break
    else:
        raise AssertionError("no installer was seen while its lock was held")


def installers_behind_the_lock(own: dict[str, str], requirement: str) -> list[list[str]]:
    """Kill a process while its installer works; return which processes there were each time its lock was held."""
    before = set(store.home().glob("*.lock"))
    process = providing(own, [requirement])
    assert wait_until(lambda: any("install" in one for one in processes_of(store.home())), 60)
    process.kill()
    process.communicate()

    (path,) = set(store.home().glob("*.lock")) - before
    seen = []
    with open(path) as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                seen.append(processes_of(store.home()))
                time.sleep(0.01)
    assert processes_of(store.home()) == []
    return seen


def test_one_that_could_not_be_made(own, monkeypatch):
    """A package that cannot be had is the installer's to explain; nothing is left of the attempt."""
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", own["XDG_CACHE_HOME"] + "/empty")

    with pytest.raises(RuntimeError, match="six"):
        store.provide(HERE, TINY, lambda _: None)

    assert (store.stored(), store.unfinished()) == ([], [])


@pytest.mark.usefixtures("own")
def test_one_whose_python_has_gone():
    """An environment whose interpreter was removed from the machine is not used; it is made anew."""
    made = store.provide(HERE, TINY, lambda _: None)
    made.python.unlink()
    assert (store.stored(), store.unfinished()) == ([], [made.folder])

    again = store.provide(HERE, TINY, lambda _: None)

    assert again == made
    assert works(again)


# --- the command


def test_show():
    """`env show` prints the lines of a lock: all, or those that some packages need."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}

    whole = env(environment, "show", "3.12").stdout.splitlines()
    some = env(environment, "show", "3.12", "lightgbm").stdout.splitlines()

    assert whole == (directories.directory("3.12") / "requirements.txt").read_text().splitlines()
    assert set(some) < set(whole)
    assert {"lightgbm", "pandas", "scipy"} <= {line.partition("==")[0] for line in some}


@pytest.mark.parametrize("action", [["show", "3.12"], ["export", "3.12", "six"]])
def test_a_list_that_cannot_be_written(action):
    """A full disk is a sentence; a reader that has enough, as `head`, is none."""
    command = [sys.executable, "-m", "numerai_predict", "env", *action]
    own = {"env": os.environ | {"PYTHONPATH": str(ROOT / "src")}, "stderr": subprocess.PIPE, "text": True}
    with open("/dev/full", "w") as full:
        told = subprocess.run(command, stdout=full, **own)
    away = subprocess.Popen(command, stdout=subprocess.PIPE, **own)
    away.stdout.close()

    assert told.returncode == 2
    assert told.stderr.startswith("Failed: Standard output could not be written to: No space left on device.")
    assert "Traceback" not in told.stderr
    assert away.stderr.read() == ""


def test_a_folder_that_cannot_be_read(own):
    """That what is no folder lies where environments belong is said in a sentence, whatever was asked for."""
    folder = Path(own["XDG_CACHE_HOME"], "numerai-predict")
    folder.mkdir(parents=True)
    (folder / "environments").write_text("")
    ran = env(own, "create", HERE, "six")

    assert ran.returncode == 53
    assert "set XDG_CACHE_HOME to another folder" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("what", ["file", "folder"])
def test_create_where_something_is(what, own, tmp_path):
    """A folder that is no environment is not made one, and stays as it is."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_text("mine")
    (tmp_path / "file").write_text("mine")
    ran = env(own, "create", HERE, "--folder", str(tmp_path / what))

    assert ran.returncode == 2
    assert "is there, and is no environment. [usage" in ran.stderr
    assert {path.read_text() for path in (tmp_path / "folder/file", tmp_path / "file")} == {"mine"}


def test_remove_of_nothing(own):
    """What to remove has to be said."""
    ran = env(own, "remove")

    assert ran.returncode == 2
    assert "It is not said what to remove." in ran.stderr


def test_show_of_what_there_is_not():
    """A package that the box does not have is named, and so is the way to see those that it has."""
    unknown = env(os.environ | {"PYTHONPATH": str(ROOT / "src")}, "show", "3.12", "no_such_thing")

    assert unknown.returncode == 2
    assert "the lock has no no-such-thing" in unknown.stderr
    assert "numerai-predict env show 3.12 lists" in unknown.stderr


@pytest.mark.timeout(300)  # the first time, it has to fetch its packages
def test_create(environments):
    """`env create` prints an interpreter that has the versions of the box, and makes the environment once."""
    first = env(environments, "create", HERE, "cloudpickle", "numpy")
    again = env(environments, "create", HERE, "numpy", "cloudpickle")

    python = first.stdout.strip()
    script = "from importlib.metadata import version; print(version('numpy'), version('pandas'))"
    said = subprocess.run([python, "-c", script], capture_output=True, text=True).stdout.split()
    lock = directories.read_lock(HERE).requirements
    assert [f"numpy=={said[0]}", f"pandas=={said[1]}"] == [lock[name].split()[0] for name in ("numpy", "pandas")]
    assert (again.stdout, again.stderr) == (first.stdout, "")
    assert Path(python).parent.parent.name in env(environments, "list").stdout


def test_create_for_a_python_that_is_not_here(own):
    """Without a Python of that version, and none to be had, it says so, and how else to run it."""
    missing = [version for version in directories.versions() if interpreter(version) is None]
    if not missing:
        pytest.skip("this machine has all of them")

    created = env(own | {"UV_PYTHON_DOWNLOADS": "never"}, "create", missing[0])

    assert created.returncode == 53
    assert f"this machine has no Python {missing[0]}" in created.stderr
    assert "--env image:3.XX" in created.stderr
    assert (store.stored(), store.unfinished()) == ([], [])


def test_remove(own):
    """`env remove` removes what it is told to, and says what that was; all, or what killed runs have left."""
    made = store.provide(HERE, TINY, lambda _: None)
    other = store.provide(HERE, [*TINY, "toml==0.10.2"], lambda _: None)
    left = store.home() / f"{HERE}-000000000000{store.BUILDING}"
    shutil.copytree(made.folder, left, symlinks=True)  # with all that a whole one has

    assert env(own, "remove", "3.12-nothing").returncode == 2
    assert env(own, "remove", "--unfinished").stdout.split() == [left.name]
    assert env(own, "remove", made.name).stdout.split() == [made.name]
    assert [one.name for one in store.stored()] == [other.name]
    assert env(own, "remove", "--all").stdout.split() == [other.name]
    assert (store.stored(), store.unfinished()) == ([], [])
