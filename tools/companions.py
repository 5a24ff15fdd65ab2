"""What packages import if it is there, without needing it: LightGBM's classes are other ones without scikit-learn.

Reads the full environment of a Python; merges what it finds into src/numerai_predict/environments/companions.json, by
which slices of a lock are completed. What is imported only when something is called, as Numba's cffi, `try_slices.py`
tells.

    numerai-predict env create 3.12 --full --folder full
    python tools/companions.py 3.12 full/bin/python
"""

import argparse
import json
import os
import subprocess
from pathlib import Path

from numerai_predict.environments import directories
from numerai_predict.environments.directories import COMPANIONS, ROOT, WORKER, Lock, normal

# Only what has a file counts: a namespace such as `google` belongs to many packages.
_PROBE = """
import importlib, json, sys
before = set(sys.modules)
importlib.import_module(sys.argv[1])
files = [getattr(module, "__file__", None) for name, module in list(sys.modules.items()) if name not in before]
print()
print(json.dumps([file for file in files if file]))
"""


CUDA = "nvidia-cu"
"""How the packages begin that hold libraries for graphics cards: the box has no card, and they are gigabytes."""


def main() -> None:
    """Import every module of tests/models/imports.txt by itself, and note what came along."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", choices=directories.versions())
    parser.add_argument("python", type=Path, help="the interpreter of the full environment")
    arguments = parser.parse_args()
    lock = directories.read_lock(arguments.version)
    owner = owners(arguments.python)
    known = json.loads(COMPANIONS.read_text())
    loaded = {name: found for name in modules(arguments.version) if (found := imported(arguments.python, name, owner))}
    # From small to large: what a package's requirement brings along is that requirement's companion, not its own.
    for name in sorted(loaded, key=lambda name: len(loaded[name])):
        package = directories.distribution(name.partition(".")[0])
        missing = loaded[name] - closure(lock, package, known)
        for other in sorted(missing, key=lambda other: -len(closure(lock, other, known))):
            if not other.startswith(CUDA) and other not in closure(lock, package, known):
                known.setdefault(package, []).append(other)
                print(f"{package} imports {other}", flush=True)
    content = {package: sorted(others) for package, others in sorted(known.items())}
    COMPANIONS.write_text(json.dumps(content, indent=1) + "\n")


def modules(version: str) -> list[str]:
    """Return what models import in a Python."""
    lines = (ROOT / "tests" / "models" / "imports.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return [row[0] for row in rows if len(row) == 1 or version in row[1].split(",")]


def owners(python: Path) -> dict[str, str]:
    """Return the package of each file in an environment."""
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.check_output(where, text=True).strip())
    found: dict[str, str] = {}
    for record in site.glob("*.dist-info/RECORD"):
        name = normal(record.parent.name.partition("-")[0])
        found |= {f"{site}/{line.partition(',')[0]}": name for line in record.read_text().splitlines()}
    return found


def imported(python: Path, module: str, owner: dict[str, str]) -> set[str]:
    """Return the packages whose files are loaded after an import, in a fresh process; none if it fails."""
    command = [str(python), "-c", _PROBE, module]
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"})
    if run.returncode:
        print(f"{module} cannot be imported: {run.stderr.strip().splitlines()[-1]}", flush=True)
        return set()
    return {owner[file] for file in json.loads(run.stdout.splitlines()[-1]) if file in owner}


def closure(lock: Lock, package: str, companions: dict[str, list[str]]) -> set[str]:
    """Return the packages of a slice."""
    return set(lock.closure([*WORKER, package], companions))


if __name__ == "__main__":
    main()
