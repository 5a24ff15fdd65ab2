"""Run a model of every library confined and not, in environments from the lock of a Python: `make test_libraries`.

The predictions have to be the same. Where this is root, it is done twice: with a worker that becomes another user, and
with one that stays this one. A library that needs sockets within the machine has to say so where they are closed.

    python tools/try_libraries.py [--version 3.12] [MODEL...]
"""

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numerai_predict.environments import directories, interpreters, store
from numerai_predict.environments.directories import ROOT
from numerai_predict.sample_round import write_sample_round

LIBRARIES = ROOT / "tests" / "libraries"

LARGE = ("torch", "tensorflow", "jax")
"""Imports that get an environment each; everything else shares one."""

FREE_GIGABYTES = 16
"""Free disk that the largest of them needs, that of torch, while it is installed."""

NEED_SOCKETS = {"multiprocessing_forkserver", "multiprocessing_manager", "torch_dataloader"}
"""Models that run only where sockets within the machine are open."""

SOCKETS = "sockets within this machine"
"""What the record calls such sockets if they are open, and the remedy if they are not."""

IDENTITIES = {"another user": 0o711, "the same user": 0o700}
"""How a worker is run, and the mode of its temporary directory: no other user gets into a closed one."""

_PICKLE = """
import sys, cloudpickle
notebook = {"__name__": "__main__"}
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), notebook)
cloudpickle.dump(notebook["predict"], open(sys.argv[2], "wb"))
"""


@dataclass(frozen=True)
class Outcome:
    """What came of one run."""

    predictions: bytes
    """The CSV; empty if the run failed."""

    said: frozenset[str]
    """The lines that the model and its libraries printed, and the warnings, with N for every number."""

    error: str
    """The failure as it was told; empty if there was none."""

    layers: dict[str, str]


def models() -> list[Path]:
    """Return the models, a file each."""
    return sorted(LIBRARIES.glob("*.py"))


def imports(model: Path) -> set[str]:
    """Return the top-level modules that a model imports, without Python's own."""
    found = set()
    for node in ast.walk(ast.parse(model.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).partition(".")[0])
    return found - sys.stdlib_module_names


def write_pickle(python: Path, model: Path, sample_round: Path, pickle: Path) -> None:
    """Run a model's file as a notebook is, in the folder of the round, and pickle what it calls `predict`."""
    subprocess.run([python, "-c", _PICKLE, model, pickle], cwd=sample_round, check=True, capture_output=True, text=True)


def run(python: Path, pickle: Path, sample_round: Path, folder: Path, *flags: str) -> Outcome:
    """Run the real command on a pickle, with a folder for its temporary files and its results."""
    csv, record = folder / "predictions.csv", folder / "record.json"
    benchmarks = sample_round / "live_benchmark_models.parquet"
    command: list[str | Path] = [
        python,
        ROOT / "predict.py",
        "--model",
        pickle,
        "--dataset",
        sample_round / "live.parquet",
    ]
    command += ["--benchmarks", benchmarks, "--output", csv, "--record", record]
    process = subprocess.run(
        [*command, "--cpus", "2", *flags],
        env=os.environ | {"TMPDIR": str(folder)},
        capture_output=True,
        text=True,
    )
    told: dict[str, Any] = json.loads(record.read_text()) if record.exists() else {}
    layers = told.get("isolation", {}).get("layers", {})
    lines = (re.sub(r"\d+", "N", line) for line in process.stderr.splitlines())  # times and process ids differ
    said = frozenset(line for line in lines if line.startswith(("model| ", "Warning: ")))
    if process.returncode:
        return Outcome(b"", said, process.stderr, layers)
    predictions = csv.read_bytes()
    csv.unlink()
    return Outcome(predictions, said, "", layers)


def verdict(name: str, free: Outcome, confined: Outcome) -> str:
    """Say in a few words how a confined run compares with a free one; begin with "BAD" if it should not be so."""
    if not free.predictions:
        return f"BAD: it fails unconfined: {free.error}"
    if name in NEED_SOCKETS and SOCKETS not in confined.layers.get("seccomp", ""):
        told = SOCKETS in confined.error.partition("To do: ")[2]
        return "closed, and says so" if told else f"BAD: it does not say that it has no sockets: {confined.error}"
    if not confined.predictions:
        return f"BAD: it fails: {confined.error}"
    return "same predictions" if confined.predictions == free.predictions else "BAD: other predictions"


# --- environments


def main() -> None:
    """Try the models; exit with 1 if one of them does not do confined what it does free."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", choices=directories.versions(), default="3.12")
    parser.add_argument("models", nargs="*", metavar="MODEL", help="names in tests/libraries; by default all")
    arguments = parser.parse_args()
    chosen = [model for model in models() if model.stem in (arguments.models or {model.stem})]
    groups: dict[str, list[Path]] = {}
    for model in chosen:
        groups.setdefault(next((name for name in LARGE if name in imports(model)), ""), []).append(model)
    bad = False
    for group in groups.values():
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            bad |= not try_group(arguments.version, group, Path(folder))
    sys.exit(bad)


def try_group(version: str, group: list[Path], folder: Path) -> bool:
    """Make one environment, and try its models in it; return whether all went as it should."""
    try:
        wanted = requirements(version, set().union(*map(imports, group)))
    except LookupError as error:
        print(f"Python {version}: NOT TRIED: {', '.join(model.stem for model in group)}: {error}")
        return True
    if shutil.disk_usage(folder).free < FREE_GIGABYTES * 1e9:
        sys.exit(f"This needs {FREE_GIGABYTES} GB of free disk under {folder}")
    python = store.create(version, folder / "environment", wanted, open_interpreter(version, folder))
    write_sample_round(folder / "sample", rows=200, features=60, eras=4, rows_per_era=100)
    print(f"Python {version}: {len(wanted)} packages", flush=True)
    went_well = [try_model(python, model, folder) for model in group]
    return all(went_well)


def requirements(version: str, names: Iterable[str]) -> list[str]:
    """Return what models with these imports need, without what the image leaves out."""
    project = directories.read_toml(directories.directory(version) / "pyproject.toml")
    left_out = tuple(f"{name}==" for name in project["tool"]["numerai-predict"].get("leave-out", ()))
    wanted = directories.read_lock(version).slice([*directories.WORKER, "cloudpickle", *sorted(names)])
    return [line for line in wanted if not line.startswith(left_out)]


def open_interpreter(version: str, folder: Path) -> str | None:
    """Return the interpreter of the environment: for root a copy, which every user may read.

    A copy may look for its own library where it was built, so it is told where that is.
    """
    base = interpreters.interpreter(version)
    if base is None or os.geteuid():
        return base
    prefix = subprocess.check_output([base, "-c", "import sys; print(sys.base_prefix)"], text=True).strip()
    shutil.copytree(prefix, folder / "python", symlinks=True)
    (folder / "python").chmod(0o755)
    os.environ["LD_LIBRARY_PATH"] = str(folder / "python" / "lib")
    return str(folder / "python" / "bin" / f"python{version}")


def try_model(python: Path, model: Path, folder: Path) -> bool:
    """Run one model free and confined, and print a line; return whether all went as it should."""
    pickle = folder / f"{model.stem}.pkl"
    try:
        write_pickle(python, model, folder / "sample", pickle)
    except subprocess.CalledProcessError as error:
        print(f"  {model.stem:<28} BAD: not pickled: {error.stderr}", flush=True)
        return False
    outcomes = {}
    for identity, mode in IDENTITIES.items():
        temporary = folder / identity.replace(" ", "-")
        temporary.mkdir(exist_ok=True)
        temporary.chmod(mode)
        outcomes[identity] = run(python, pickle, folder / "sample", temporary, "--timeout", "60")
    free = run(python, pickle, folder / "sample", temporary, "--timeout", "60", "--isolation", "off")
    verdicts = {identity: verdict(model.stem, free, outcome) for identity, outcome in outcomes.items()}
    print(f"  {model.stem:<28} {'; '.join(f'{key}: {value}' for key, value in verdicts.items())}", flush=True)
    for outcome in outcomes.values():
        for line in sorted(outcome.said - free.said) if outcome.predictions else outcome.error.splitlines():
            if outcome.predictions or line.startswith(("Failed: ", "To do: ")):
                print(f"      {line[:300]}")
    return not any(found.startswith("BAD") for found in verdicts.values())


if __name__ == "__main__":
    main()
