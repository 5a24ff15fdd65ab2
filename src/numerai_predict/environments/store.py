"""Virtual environments with packages of a py3.XX directory's lock, made by uv, kept for each user, and used again.

An environment's name holds a digest of all that it was made from, so equal ones are one, and one that is there never
changes. It is made under another name and renamed when it is whole: what a killed run leaves behind is never used.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from numerai_predict.environments.interpreters import interpreter

BUILDING = ".building"
"""What the name of an environment ends with until it is whole."""

LISTED = "numerai-predict.txt"
"""The file in an environment that lists what it was made from."""

Notice = Callable[[str], None]
"""Is told, in a sentence, what takes long."""


class Stored(NamedTuple):
    """An environment that is there."""

    name: str
    """The Python and a digest: "3.12-0c5a9e31f2d8"."""

    version: str
    requirements: tuple[str, ...]
    """Lines as in a requirements.txt."""

    python: Path
    """Its interpreter."""

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.python.parent.parent


def home() -> Path:
    """Return the folder of all environments."""
    import platformdirs  # not for a run in the environment of this program

    return Path(platformdirs.user_cache_dir("numerai-predict"), "environments")


def provide(version: str, requirements: list[str], notice: Notice) -> Stored:
    """Return the environment with exactly these packages; make it, unless it is there.

    Of several that want the same one at the same time, one makes it and the others wait.

    Args:
        version: the Python.
        requirements: lines as in a requirements.txt, all of them: nothing else is installed.
        notice: is told if it has to be made.

    Raises:
        LookupError: this machine has no such Python, and none could be had.
        RuntimeError: the packages could not be installed; the text is the installer's.
        OSError: the folder of environments cannot be written.
    """
    name = _name(version, requirements)
    folder = home() / name
    if (found := _stored(folder)) is not None:
        return found
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(f"{name}.lock")):
        if (found := _stored(folder)) is not None:
            return found  # another process made it while this one waited
        notice(f"making an environment of Python {version} with {len(requirements)} packages, once")
        building = folder.with_name(name + BUILDING)
        _remove(building)  # of a run that was killed; whoever lives holds the lock
        _remove(folder)  # one whose interpreter has gone
        try:
            create(version, building, requirements)
            (building / LISTED).write_text("\n".join([version, *requirements]) + "\n")
            building.rename(folder)
        except BaseException:
            _remove(building)
            raise
    found = _stored(folder)
    if found is None:
        raise RuntimeError(f"its interpreter does not start: {folder}")
    return found


def stored() -> list[Stored]:
    """Return all environments that are there, by their names."""
    folders = sorted(home().glob("3.*-*")) if home().is_dir() else []
    return [found for folder in folders if (found := _stored(folder)) is not None]


def unfinished() -> list[Path]:
    """Return what killed runs have left: environments that were never finished, or whose interpreter has gone."""
    whole = {one.folder for one in stored()}
    folders = [path for path in home().glob("3.*-*") if path.is_dir()] if home().is_dir() else []
    return [path for path in folders if path not in whole]


def remove(folder: Path) -> None:
    """Remove an environment; one that is being made is waited for."""
    name = folder.name.removesuffix(BUILDING)
    with _locked(folder.with_name(f"{name}.lock")):
        # First the name: what is half removed must not be taken for a whole one.
        doomed = folder.with_name(name + BUILDING)
        if folder != doomed:
            _remove(doomed)
            folder.rename(doomed)
        _remove(doomed)


def disk_use(folder: Path) -> int:
    """Return the bytes that only this folder holds: files that it shares with uv's cache are counted there."""
    use = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            status = os.lstat(os.path.join(parent, name))
            use += status.st_blocks * 512 if hasattr(status, "st_blocks") else status.st_size
    return use


def _stored(folder: Path) -> Stored | None:
    python = _python(folder)
    try:
        version, *requirements = (folder / LISTED).read_text().splitlines()
    except (OSError, ValueError):
        return None
    if folder.name.endswith(BUILDING) or not python.exists():  # a link to an interpreter that has gone
        return None
    return Stored(folder.name, version, tuple(requirements), python)


def _name(version: str, requirements: list[str]) -> str:
    content = "\n".join([sys.platform, version, *sorted(requirements)])
    return f"{version}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _python(folder: Path) -> Path:
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the operating system gives back when its holders die. On Windows nothing is held."""
    with open(path, "a") as file:
        try:
            import fcntl
        except ImportError:
            yield
            return
        fcntl.flock(file, fcntl.LOCK_EX)
        os.set_inheritable(file.fileno(), True)  # by uv, which goes on writing if this process is killed
        yield


# --- uv


def create(version: str, folder: Path, requirements: list[str], base: str | None = None) -> Path:
    """Make a virtual environment with these packages, exactly; return its interpreter.

    Args:
        version: the Python.
        folder: where the environment will be.
        requirements: lines as in a requirements.txt.
        base: the interpreter it is made from; by default one of this machine's, or else the one that uv downloads.

    Raises:
        LookupError: this machine has no interpreter of that version, and none could be had.
        RuntimeError: the packages could not be installed; the text is the installer's.
    """
    base = base or interpreter(version)
    try:
        _uv("venv", "--clear", "--relocatable", "--python", base or version, str(folder))
    except RuntimeError as error:
        if base:
            raise
        raise LookupError(f"this machine has no Python {version}, and uv could not get one: {error}") from None
    python = _python(folder)
    listed = folder / "requirements.txt"
    listed.write_text("\n".join(requirements) + "\n")
    _uv("pip", "install", "--no-deps", "--compile-bytecode", "--python", str(python), "-r", str(listed))
    return python


def _uv(*arguments: str) -> None:
    try:
        import uv  # the binary, from the package index
    except ImportError:
        raise RuntimeError("uv is not installed: pip install uv") from None

    # As pip does, with the system's certificates, among which a company's own may be.
    environment = os.environ | {"UV_SYSTEM_CERTS": "true"}
    shown = sys.stderr.isatty()  # a person waits, and sees how far it is
    stderr = None if shown else subprocess.PIPE
    command = [uv.find_uv_bin(), *arguments, *([] if shown else ["--quiet"])]
    # It inherits the lock, and holds it on if this process is killed.
    run = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=stderr, text=True, close_fds=False)
    if run.returncode:
        raise RuntimeError("uv has said above why" if shown else run.stderr.strip())
