"""The Pythons of this machine."""

import shutil
import subprocess
import sys
from pathlib import Path


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
