"""What an environment on this machine holds, read from its files: nothing of it is run or imported.

Its interpreter may be of another Python than this one, broken, or not to be trusted.
"""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path

from numerai_predict.environments.directories import normal

_HERE = f"3{sys.version_info.minor}"


@dataclass(frozen=True)
class Installed:
    """An interpreter's installation, or a virtual environment."""

    python: str
    """Its Python, as "3.12"."""

    folder: Path
    standard: tuple[Path, ...]
    """Where its standard library lies."""

    packages: tuple[Path, ...]
    """Where its packages lie."""

    @cached_property
    def versions(self) -> dict[str, str]:
        """The version of each distribution, by the names of their .dist-info folders; nothing in these is read."""
        found = {}
        for folder in reversed(self.packages):  # the first one on the path is the one that is imported
            for entry in folder.iterdir():
                if match := re.fullmatch(r"([^-]+)-([^-]+)(-py3.*)?\.(dist|egg)-info", entry.name):
                    found[normal(match[1])] = match[2]
        return found

    def has(self, module: str) -> bool:
        """Whether a module is there; what a plain module, no package, has under dots may be."""
        folders = [*map(str, self.standard), *map(str, self.packages)]
        for part in module.split("."):
            found = _find(part, folders, self.python)
            if found is None:
                return module == part and _compiled(module)
            if not found:
                return True  # as os.path: only importing it tells
            folders = found
        return True


def read_installed(path: Path) -> Installed:
    """Read what is installed somewhere.

    Args:
        path: an interpreter, or the folder of an environment.

    Raises:
        LookupError: there is no Python environment, or what it was made from has gone.
    """
    folder = path.absolute()
    if folder.is_file():
        folder = folder.parent.parent if os.name != "nt" or folder.parent.name == "Scripts" else folder.parent
        if not (folder / "pyvenv.cfg").exists() and path.is_symlink():  # as /usr/local/bin/python3 may be
            return read_installed(path.resolve())
    settings = _settings(folder)
    base = Path(settings["home"]) if "home" in settings else folder
    if "home" in settings and os.name != "nt":
        base = base.parent
    python = _minor(settings.get("version") or settings.get("version_info") or "") or _python(base, path)
    library = _library(base, python)
    if not library.is_dir():
        raise LookupError(f"the Python {python} of {path} is gone: there is no {library}")
    standard = [library, library / "lib-dynload", base / "DLLs"]
    packages = _packages(folder, python)
    if settings.get("include-system-site-packages", "").lower() == "true":
        packages += _packages(base, python)
    packages += [linked for package in packages for linked in _linked(package)]
    return Installed(python, folder, tuple(filter(Path.is_dir, standard)), tuple(packages))


def _settings(folder: Path) -> dict[str, str]:
    """A virtual environment's pyvenv.cfg; nothing, if the folder is none."""
    try:
        lines = (folder / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        return {}
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition("=") for line in lines)}


def _python(base: Path, path: Path) -> str:
    """The Python of an installation: the interpreter's name says which, if there are several."""
    libraries = [_minor(found.name.removeprefix("python")) for found in sorted(base.glob("lib/python3.*"))]
    named = _minor(path.name.removeprefix("python"))
    if named in libraries:
        return named
    if len(libraries) == 1:
        return libraries[0]
    if os.name == "nt" and (libraries := [found.stem[-3:] for found in base.glob("python3[0-9][0-9].dll")]):
        return f"3.{libraries[0][1:]}"
    which = f"there are several Pythons: {', '.join(libraries)}" if libraries else "there is no Python environment"
    raise LookupError(f"{which} at {path}")


def _minor(version: str) -> str:
    match = re.match(r"3\.\d+", version)
    return match[0] if match else ""


def _library(prefix: Path, python: str) -> Path:
    return prefix / "Lib" if os.name == "nt" else prefix / "lib" / f"python{python}"


def _packages(prefix: Path, python: str) -> list[Path]:
    places = [
        _library(prefix, python) / "site-packages",
        prefix / "lib64" / f"python{python}" / "site-packages",  # Fedora
        prefix / "local" / "lib" / f"python{python}" / "dist-packages",  # Debian
        prefix / "lib" / "python3" / "dist-packages",
    ]
    return list(dict.fromkeys(place.resolve() for place in places if place.is_dir()))


def _linked(packages: Path) -> Iterator[Path]:
    """The folders that .pth files add; their lines of code, which some editable installations have, are not run."""
    for file in sorted(packages.glob("*.pth")):
        for line in file.read_text(errors="replace").splitlines():
            if line.strip() and not line.startswith(("#", "import ", "import\t")):
                folder = packages / line.strip()
                if folder.is_dir():
                    yield folder


def _find(name: str, folders: list[str], python: str) -> list[str] | None:
    """Find a module: the folders of a package, none for a plain module; None if it is not there."""
    portions: list[str] = []
    for folder in folders:
        spec = _finder(folder, python).find_spec(name)
        if spec and spec.loader:
            return list(spec.submodule_search_locations or ())
        portions += (spec and spec.submodule_search_locations) or ()  # of a namespace package, every one counts
    return portions or None


@cache
def _finder(folder: str, python: str) -> FileFinder:
    """Python's own finder, with the names that compiled modules have in that Python."""
    compiled = [suffix.replace(_HERE, python.replace(".", "")) for suffix in EXTENSION_SUFFIXES]
    loaders = (
        (ExtensionFileLoader, compiled),
        (SourceFileLoader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )
    return FileFinder(folder, *loaders)


def _compiled(module: str) -> bool:
    """Whether it is a module of the standard library in C: a build may have it in the interpreter, without a file."""
    library = Path(os.__file__).parent
    source = (library / module).is_dir() or (library / f"{module}.py").exists()
    return module in sys.builtin_module_names or (module in sys.stdlib_module_names and not source)
