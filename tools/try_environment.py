"""Run a Python's two test pickles through the whole program, in its environment: `make test_3_12`.

In its container where an engine answers and has the image (`make build_3_12`); otherwise in a virtual environment that
is made from its lock, with the slice that the pickles need. It says which. With `--core` it builds an image with that
slice, and tries that.

    python tools/try_environment.py 3.12 [--full | --container | --core]
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import core_image

from numerai_predict.environments import directories, interpreters, store
from numerai_predict.environments.directories import ROOT

sys.path.insert(0, str(ROOT / "tests"))

from generate_pkl import IMPORTS, MODELS, sample

FULL_GIGABYTES = 25
"""Free disk that a full environment needs: some 11 GB, and as much again while it is installed."""

LIMITS = ("--network", "none", "--cpus", "1", "--memory", "4g")
"""Numerai's box."""

WAYS = {
    "as root": (),
    "as a user who may do nothing": ("--user", "1000", "--cap-drop", "ALL", "--read-only", "--tmpfs", "/tmp"),
}
"""The two ways in which an image has to work."""

Run = Callable[[list[str]], "subprocess.CompletedProcess[str]"]


def main() -> None:
    """Try one environment; exit with 1 if a pickle does not give valid predictions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", choices=directories.versions())
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--container", action="store_true", help="in the container, or fail")
    how.add_argument("--core", action="store_true", help="build an image of what the pickles need, and try that")
    how.add_argument("--full", action="store_true", help="in a virtual environment with the whole lock")
    arguments = parser.parse_args()
    version = arguments.version
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sample(Path(sys.executable), folder / "sample")
        image = f"numerai_predict_py_{version.replace('.', '_')}:latest"
        if arguments.core:
            try_core_image(version, folder)
        elif not arguments.full and (engine := engine_with(image)):
            try_image(version, folder, engine, image)
        elif arguments.container:
            sys.exit(f"No engine answers that has {image}: make build_{version.replace('.', '_')}")
        else:
            try_virtual_environment(version, folder, full=arguments.full)


# --- where


def engine_with(image: str) -> str | None:
    """Return the container engine that answers and has an image."""
    for name in ("docker", "podman"):
        path = shutil.which(name)
        if path and not subprocess.run([path, "image", "inspect", image], capture_output=True).returncode:
            return path
    return None


def try_core_image(version: str, folder: Path) -> None:
    """Build the image that has only what the pickles need, and try them in it."""
    engine = core_image.engine()
    if engine is None:
        print(f"Python {version}: NOT TRIED, no container engine answers")
        return
    start = time.monotonic()
    try:
        image = core_image.build(engine, version, slice_of(version))
    except LookupError as error:
        print(f"Python {version}: NOT TRIED, {error}")
        return
    print(f"{image}: there after {time.monotonic() - start:.0f} s", flush=True)
    try_image(version, folder, engine, image)


def try_image(version: str, folder: Path, engine: str, image: str) -> None:
    """Try the pickles in an image in both ways."""
    for way, flags in WAYS.items():
        print(f"Python {version}: in the container {image}, by {os.path.basename(engine)}, {way}", flush=True)
        try_pickles(version, folder, container(engine, image, folder, flags))


def container(engine: str, image: str, folder: Path, options: Iterable[str]) -> Run:
    """Run the command in a container as Numerai does: one CPU, 4 GB, no network."""
    mounts = ["-v", f"{folder}:{folder}", "-v", f"{MODELS}:{MODELS}:ro"]
    folder.chmod(0o777)  # whoever the container's user is
    return lambda flags: _run([engine, "run", "--rm", *LIMITS, *options, *mounts, image, *flags])


def slice_of(version: str) -> list[str]:
    """Return the part of the lock that the pickles need."""
    return directories.read_lock(version).slice([*directories.WORKER, *IMPORTS])


def try_virtual_environment(version: str, folder: Path, full: bool) -> None:
    """Make an environment from the lock, and try the pickles in it; with the whole lock, the imports as well."""
    if interpreters.interpreter(version) is None:
        print(f"Python {version}: NOT TRIED, this machine has neither a container engine with its image nor the Python")
        return
    if full and shutil.disk_usage(folder).free < FULL_GIGABYTES * 1e9:
        sys.exit(f"A full environment needs {FULL_GIGABYTES} GB of free disk under {folder}")
    wanted = list(directories.read_lock(version).requirements.values()) if full else slice_of(version)
    start = time.monotonic()
    python = store.create(version, folder / "environment", wanted)
    size = sum(path.lstat().st_size for path in (folder / "environment").rglob("*")) / 1e9
    what = "the whole lock" if full else "the slice of the lock that its pickles need"
    print(f"Python {version}: in a virtual environment with {what}: ", end="")
    seconds = time.monotonic() - start
    print(f"{len(wanted)} packages, {size:.2f} GB, made in {seconds:.0f} s", flush=True)
    try_pickles(version, folder, lambda flags: _run([str(python), str(ROOT / "predict.py"), *flags]))
    if full:
        try_imports(version, python)
        write_row(
            ROOT / "docs/environments.md", [version, str(len(wanted)), f"{size:.1f}", f"{seconds:.0f}", "both", "all"]
        )


# --- what


def try_pickles(version: str, folder: Path, run: Run) -> None:
    """Run both pickles; both have to give valid predictions, and the same ones."""
    csvs = []
    for suffix in ("", "_legacy"):
        model, csv = MODELS / f"model_{version.replace('.', '_')}{suffix}.pkl", folder / f"predictions{suffix}.csv"
        flags = ["--model", str(model), "--dataset", str(folder / "sample/live.parquet"), "--output", str(csv)]
        flags += ["--benchmarks", str(folder / "sample/live_benchmark_models.parquet")]
        result = run(flags)
        if result.returncode:
            sys.exit(f"{model.name} failed:\n{result.stderr}")
        print(f"  {model.name}: {csv.read_text().count(chr(10)) - 1} valid predictions")
        csvs.append(csv.read_bytes())
        csv.unlink()
    if csvs[0] != csvs[1]:
        sys.exit("the two forms of the same model differ in their predictions")


def try_imports(version: str, python: Path) -> None:
    """Run every import statement that works in today's environment of this Python."""
    failed = []
    for name in (ROOT / "tests/models/imports.txt").read_text().split("\n"):
        module, _, only = name.partition(" ")
        if not module or module.startswith("#") or (only and version not in only.split(",")):
            continue
        result = _run([str(python), "-c", f"import {module}"])
        if result.returncode:
            failed.append(f"{module} ({(result.stderr.strip().splitlines() or ['killed'])[-1]})")
    if failed:
        sys.exit(f"imports that do not work: {'; '.join(failed)}")
    print("  every import works that works today")


def write_row(page: Path, found: list[str]) -> None:
    """Write what was found into the first table of a page; the columns behind, the predecessor's, stay as they are."""
    lines = page.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|---")) + 1
    end = next(number for number in range(first, len(lines)) if not lines[number].startswith("|"))
    rows = {cells[0]: cells for cells in (line.strip("| ").split(" | ") for line in lines[first:end])}
    columns = lines[first - 1].count("---")
    behind = rows.get(found[0], ["-"] * columns)[len(found) :]
    rows[found[0]] = [*found, *behind]
    ordered = sorted(rows.values(), key=lambda cells: int(cells[0].removeprefix("3.")))
    written = [f"| {' | '.join(cells)} |" for cells in ordered]
    page.write_text("\n".join([*lines[:first], *written, *lines[end:]]) + "\n")


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True)


if __name__ == "__main__":
    main()
