"""The py3.XX directories: which Pythons there are, and what each one's lock holds.

A full environment is some 10 GB. A pickle needs a *slice* of it: the packages of its imports, and what these need in
turn, at exactly the versions of the lock.
"""

import json
import re
import sys
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
"""The clone of this repository, if it is run from one."""

HOME = ROOT if (ROOT / "predict.py").exists() else Path(__file__).resolve().parent
"""Where the directories lie: in a clone at its top, in an installed package beside this file."""

COMPANIONS = Path(__file__).with_name("companions.json")
"""What packages import if it is there, without needing it, by `tools/companions.py`: a box has all of it there."""

DISTRIBUTIONS = {
    "PIL": "pillow",
    "absl": "absl-py",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "distutils": "setuptools",  # gone from Python 3.12 on, and there all the same where setuptools is
    "dotenv": "python-dotenv",
    "functorch": "torch",
    "google": "protobuf",
    "mpl_toolkits": "matplotlib",
    "pkg_resources": "setuptools",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Packages by what they are imported as, where the two differ by more than dashes."""

WORKER = ("cloudpickle", "pandas", "pyarrow")
"""What the worker imports itself, and nearly every pickle."""

_END_OF_NAME, _SEPARATORS, _VERSION = re.compile(r"[\[=]"), re.compile(r"[-_.]+"), re.compile(r"[^=]+==([^\s;]+)")


def versions() -> list[str]:
    """Return the Pythons that have a directory, as in ["3.10", "3.11"], oldest first."""
    names = (path.name.removeprefix("py") for path in HOME.glob("py3.*") if (path / "poetry.lock").exists())
    return sorted(names, key=lambda name: int(name.partition(".")[2]))


def directory(version: str) -> Path:
    """Return the directory of a Python.

    Raises:
        LookupError: there is none.
    """
    path = HOME / f"py{version}"
    if not (path / "poetry.lock").exists():
        raise LookupError(f"there is no environment for Python {version}; there are {', '.join(versions())}")
    return path


class Lock:
    """What a directory has locked."""

    python: str
    """Its Python, as "3.12"."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.python = folder.name.removeprefix("py")

    @cached_property
    def requirements(self) -> dict[str, str]:
        """A line of requirements.txt for each package, with its version and its marker."""
        lines = (self._folder / "requirements.txt").read_text().splitlines()
        return {normal(_END_OF_NAME.split(line, maxsplit=1)[0]): line for line in lines}

    @cached_property
    def needs(self) -> dict[str, frozenset[str]]:
        """The packages that each package needs, on whatever platform; reading them takes 0.1 s."""
        packages = read_toml(self._folder / "poetry.lock")["package"]
        return {normal(one["name"]): frozenset(map(normal, one.get("dependencies", {}))) for one in packages}

    @cached_property
    def versions(self) -> dict[str, str]:
        """The version of each package."""
        matches = {name: _VERSION.match(line) for name, line in self.requirements.items()}
        return {name: match[1] for name, match in matches.items() if match}

    def has(self, module: str) -> bool:
        """Whether a package or the standard library has a module, by the first part of its name."""
        top = module.partition(".")[0]
        return top in sys.stdlib_module_names or distribution(top) in self.requirements

    def slice(self, imports: Iterable[str]) -> list[str]:
        """Return the requirements for some imports: their packages, and all that these need, as locked.

        Args:
            imports: names as they stand in import statements; of dotted ones the first part counts.

        Raises:
            LookupError: the lock has no package for one of them.
        """
        names = [distribution(name.partition(".")[0]) for name in imports]
        if missing := [name for name in names if name not in self.requirements]:
            raise LookupError(f"the lock has no {', '.join(missing)}")
        found = self.closure(names, json.loads(COMPANIONS.read_text()))
        return [self.requirements[name] for name in sorted(found)]

    def closure(self, names: Iterable[str], companions: dict[str, list[str]]) -> list[str]:
        """Return packages with all that they need, and all that they import if it is there, as far as it is locked."""
        found = list(dict.fromkeys(names))
        for name in found:  # grows while it is walked
            wanted = self.needs.get(name, frozenset()) | set(companions.get(name, ()))
            found += sorted((wanted & self.requirements.keys()) - set(found))
        return found


def distribution(module: str) -> str:
    """Return the name of the package that holds a top-level module, as locks write it."""
    return normal(DISTRIBUTIONS.get(module, module))


def read_lock(version: str) -> Lock:
    """Read what the directory of a Python has locked."""
    return Lock(directory(version))


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    content: dict[str, Any] = tomllib.loads(path.read_text())
    return content


def normal(name: str) -> str:
    """Return the one spelling of a package's name (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()
