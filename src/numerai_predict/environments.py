"""The py3.XX directories: which Pythons there are, what each one's lock holds, and virtual environments made from it.

A full environment is some 10 GB. A pickle needs a *slice* of it: the packages of its imports, and what these need in
turn, at exactly the versions of the lock.

    python -m numerai_predict.environments create 3.12 DIRECTORY IMPORT...
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
"""The clone in which the directories lie."""

DISTRIBUTIONS = {
    "PIL": "pillow",
    "dateutil": "python-dateutil",
    "google": "protobuf",
    "pkg_resources": "setuptools",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Packages by what they are imported as, where the two differ by more than dashes."""

WORKER = ("pandas", "pyarrow")
"""What the worker imports itself."""


def versions() -> list[str]:
    """Return the Pythons that have a directory, as in ["3.10", "3.11"], oldest first."""
    names = (path.name.removeprefix("py") for path in ROOT.glob("py3.*") if (path / "pyproject.toml").exists())
    return sorted(names, key=lambda name: int(name.partition(".")[2]))


def directory(version: str) -> Path:
    """Return the directory of a Python.

    Raises:
        LookupError: there is none.
    """
    path = ROOT / f"py{version}"
    if version not in versions():
        raise LookupError(f"there is no environment for Python {version}; there are {', '.join(versions())}")
    return path


@dataclass(frozen=True)
class Lock:
    """What a directory has locked."""

    requirements: dict[str, str]
    """A line of requirements.txt for each package, with its version and its marker."""

    needs: dict[str, frozenset[str]]
    """The packages that each package needs, on whatever platform."""

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
        found = list(names)
        for name in found:  # grows while it is walked
            found += sorted(self.needs.get(name, frozenset()) - set(found))
        return [self.requirements[name] for name in sorted(set(found)) if name in self.requirements]


def distribution(module: str) -> str:
    """Return the name of the package that holds a top-level module, as locks write it."""
    return _normal(DISTRIBUTIONS.get(module, module))


def read_lock(version: str) -> Lock:
    """Read what the directory of a Python has locked."""
    lines = (directory(version) / "requirements.txt").read_text().splitlines()
    requirements = {_normal(re.split(r"[\[=]", line)[0]): line for line in lines}
    packages = read_toml(directory(version) / "poetry.lock")["package"]
    needs = {_normal(package["name"]): frozenset(map(_normal, package.get("dependencies", {}))) for package in packages}
    return Lock(requirements, needs)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    content: dict[str, Any] = tomllib.loads(path.read_text())
    return content


def _normal(name: str) -> str:
    """The one spelling of a package's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


# --- virtual environments


def interpreter(version: str) -> str | None:
    """Return an interpreter of exactly this minor version, or None if this machine has none.

    One that only looks like it is asked what it is: pyenv's shims are there for versions that are not active.
    """
    candidates = [sys.executable, shutil.which(f"python{version}"), *_of_pyenv(version)]
    for candidate in filter(None, candidates):
        probe = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"]
        said = subprocess.run(probe, capture_output=True, text=True).stdout.split()
        if said[:1] == [version]:
            return said[1]
    return None


def _of_pyenv(version: str) -> list[str]:
    if not shutil.which("pyenv"):
        return []
    root = subprocess.run(["pyenv", "root"], capture_output=True, text=True).stdout.strip()
    return [str(path) for path in Path(root, "versions").glob(f"{version}.*/bin/python")]


def create(version: str, folder: Path, requirements: list[str], base: str | None = None) -> Path:
    """Make a virtual environment with these packages, exactly; return its interpreter.

    Args:
        version: the Python.
        folder: where the environment will be.
        requirements: lines as in a requirements.txt.
        base: the interpreter it is made from; by default one of this machine's.

    Raises:
        LookupError: this machine has no interpreter of that version.
        RuntimeError: the packages could not be installed; the text is the installer's.
    """
    base = base or interpreter(version)
    if base is None:
        raise LookupError(f"this machine has no Python {version}")
    _uv("venv", "--quiet", "--clear", "--python", base, str(folder))
    python = folder / "bin" / "python"
    listed = folder / "requirements.txt"
    listed.write_text("\n".join(requirements) + "\n")
    _uv("pip", "install", "--quiet", "--no-deps", "--compile-bytecode", "--python", str(python), "-r", str(listed))
    return python


def _uv(*arguments: str) -> None:
    import uv  # the binary, from the package index

    # As pip does: no interpreter from elsewhere, and the system's certificates, among which a company's own may be.
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "true"}
    run = subprocess.run([uv.find_uv_bin(), *arguments], env=environment, capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr.strip())


def main() -> None:
    """Make an environment from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("versions", help="list the Pythons that have a directory")
    make = commands.add_parser("create", help="make a virtual environment")
    make.add_argument("version", choices=versions())
    make.add_argument("folder", type=Path)
    make.add_argument("imports", nargs="*", metavar="IMPORT", help="what it has to hold; without any, the whole lock")
    arguments = parser.parse_args()
    if arguments.command == "versions":
        print(*versions(), sep="\n")
        return
    lock = read_lock(arguments.version)
    wanted = lock.slice([*WORKER, *arguments.imports]) if arguments.imports else list(lock.requirements.values())
    print(create(arguments.version, arguments.folder, wanted))


if __name__ == "__main__":
    main()
