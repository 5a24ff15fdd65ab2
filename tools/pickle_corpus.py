"""Load pickles that were made with other pins in the environment of a Python: do they predict the same?

Makes the models of tests/corpus with the pins of a requirements file, as in one of an earlier environment; loads each
in a fresh process with what our lock has, and compares the predictions. Writes a row of docs/environments.md.

    python tools/pickle_corpus.py 3.12 pins.txt [--families sklearn lightgbm]
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numerai_predict.environments import directories, store
from numerai_predict.environments.directories import ROOT

CORPUS = ROOT / "tests" / "corpus"

FAMILIES = {
    "sklearn": ("sklearn",),
    "lightgbm": ("lightgbm", "sklearn"),
    "xgboost": ("xgboost", "sklearn"),
    "catboost": ("catboost",),
    "statsmodels": ("statsmodels",),
    "frames": ("mlxtend", "numba", "polars", "scipy"),
    "forests": ("lightgbm", "treelite", "treelite_runtime", "ydf"),
    "jax": ("jax", "jaxlib"),
    "keras": ("keras", "tensorflow"),
    "torch": ("pytorch_lightning", "skorch", "torch"),
}
"""The modules of tests/corpus, with what each imports."""

EARLIER = ("six",)
"""What packages needed before, and need no more in our locks: python-dateutil before 4."""

TOLERANCE = 1e-12
"""By how much predictions may differ, relative to those above 1, and still be called the same."""

FREE_GIGABYTES = 25
"""Free disk without which no environment is begun."""

QUIET = {
    "CUDA_VISIBLE_DEVICES": "",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
"""One thread: sums do not depend on who came first."""


@dataclass
class Findings:
    """What became of the models of a corpus."""

    same: list[str] = field(default_factory=list)
    close: dict[str, str] = field(default_factory=dict)
    exceptions: dict[str, str] = field(default_factory=dict)
    as_there: dict[str, str] = field(default_factory=dict)
    """Pickles that fail in the same way in a fresh process with the pins that made them: not of our doing."""

    not_made: dict[str, str] = field(default_factory=dict)
    """Models that the other pins could not make: nobody has such a pickle."""

    warnings: dict[str, int] = field(default_factory=dict)
    """What pickles warned of as they were loaded, and how many did."""

    packages: dict[str, str] = field(default_factory=dict)
    """The versions of what the pickles loaded, in our environment."""

    @property
    def count(self) -> int:
        """The pickles that were made."""
        return len(self.same) + len(self.close) + len(self.exceptions) + len(self.as_there)


def main() -> None:
    """Make the corpus, load it, write the row; exit with 1 if a pickle fails or predicts something else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", choices=directories.versions())
    parser.add_argument("pins", type=Path, help="lines of NAME==VERSION, with which the pickles are made")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES), metavar="FAMILY")
    parser.add_argument("--no-row", action="store_true", help="leave docs/environments.md alone")
    arguments = parser.parse_args()
    version, pins = arguments.version, read_pins(arguments.pins)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs = environment(version, folder / "theirs", arguments.families, pins)
        findings = make(theirs, folder, arguments.families)
        ours = environment(version, folder / "ours", arguments.families)
        load(theirs, ours, folder, findings)
    tell(findings)
    if not arguments.no_row:
        write_row(version, row(version, arguments.families, findings, pins))
    sys.exit(bool(findings.exceptions) or not findings.count)


# --- environments


def read_pins(path: Path) -> dict[str, str]:
    """Return the versions of a requirements file by the packages' names, its markers left out."""
    pins = {}
    for line in path.read_text().splitlines():
        found = re.match(r"([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)", line)
        if found:
            pins[directories.distribution(found[1])] = found[2]
    return pins


def environment(version: str, folder: Path, families: Iterable[str], pins: dict[str, str] | None = None) -> Path:
    """Make an environment with what the families need, from our lock or at the versions of other pins."""
    if shutil.disk_usage(folder.parent).free < FREE_GIGABYTES * 1e9:
        sys.exit(f"There has to be {FREE_GIGABYTES} GB of free disk under {folder.parent}")
    imports = [
        "cloudpickle",
        *EARLIER,
        *directories.WORKER,
        *(name for family in families for name in FAMILIES[family]),
    ]
    lock = directories.read_lock(version)
    names = [name for name in dict.fromkeys(imports) if directories.distribution(name) in lock.requirements]
    wanted = lock.slice(names)
    if pins is not None:
        lines = (re.split(r"(==[^\s;]+)", line, maxsplit=1) for line in wanted)
        named = [(name, directories.distribution(name.partition("[")[0]), marker) for name, _, marker in lines]
        wanted = [f"{name}=={pins[plain]}{marker}" for name, plain, marker in named if plain in pins]
    start = time.monotonic()
    python = store.create(version, folder, wanted)
    print(f"Python {version}, {folder.name}: {len(wanted)} packages in {time.monotonic() - start:.0f} s", flush=True)
    return python


# --- models


def make(python: Path, folder: Path, families: Iterable[str]) -> Findings:
    """Make the pickles of each family, in a process of its own."""
    findings = Findings()
    (folder / "models").mkdir()
    for family in families:
        result = run(python, "make.py", str(folder / "models"), family)
        listed = folder / "models" / f"{family}.json"
        made = json.loads(listed.read_text()) if listed.exists() else {f"{family}: all": last_line(result)}
        findings.not_made |= {name: why for name, why in made.items() if why}
        print(f"  {family}: {sum(not why for why in made.values())} of {len(made)} models", flush=True)
    return findings


def load(theirs: Path, ours: Path, folder: Path, findings: Findings) -> None:
    """Load every pickle in our environment, and those that differ in the other one once more."""
    pickles = sorted((folder / "models").glob("*.pkl"))
    reports = ask_all([(ours, pickles)])
    for path in pickles:
        report, difference = reports[path], differs(reports[path])
        findings.packages |= report.get("packages", {})
        for warning in report.get("warnings", ()):
            findings.warnings[warning] = findings.warnings.get(warning, 0) + 1
        if not difference:
            findings.same.append(path.stem)
        elif report.get("difference", 1) <= TOLERANCE:
            findings.close[path.stem] = difference
        elif difference == (there := differs(ask(theirs, [path])[0][1])):
            findings.as_there[path.stem] = difference
        else:
            findings.exceptions[path.stem] = f"{difference}; loaded where it was made: {there or 'the same'}"


def ask(python: Path, pickles: list[Path]) -> list[tuple[Path, dict[str, Any]]]:
    """Load pickles, each in a fresh process; return what each process reported."""
    names = [path.with_suffix("") for path in pickles]
    result = run(python, "load.py", *map(str, names))
    if result.returncode:
        raise RuntimeError(result.stderr)
    return [(path, json.loads(path.with_suffix(".json").read_text())) for path in pickles]


def ask_all(asked: list[tuple[Path, list[Path]]]) -> dict[Path, dict[str, Any]]:
    """Load pickles, each list by its interpreter, as many at once as there are CPUs; return what was reported."""
    at_once = os.cpu_count() or 1
    parts = [(python, pickles[first::at_once]) for python, pickles in asked for first in range(at_once)]
    with ThreadPoolExecutor(at_once) as pool:
        reports = pool.map(lambda part: ask(*part), [part for part in parts if part[1]])
        return {path: report for part in reports for path, report in part}


def differs(report: dict[str, Any]) -> str:
    """Say how predictions differ from those that were recorded; nothing if they do not."""
    if "failed" in report:
        return str(report["failed"])
    return "" if report["same"] else f"differs by {report['difference']:.1e}"


def run(python: Path, script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run one of the corpus's scripts in an environment."""
    command = [str(python), str(CORPUS / script), *arguments]
    return subprocess.run(command, env=os.environ | QUIET, capture_output=True, text=True)


def last_line(result: "subprocess.CompletedProcess[str]") -> str:
    """What a process said last, or how it ended."""
    lines = result.stderr.strip().splitlines()
    return lines[-1] if lines and result.returncode > 0 else f"ended with {result.returncode}"


# --- the page


def tell(findings: Findings) -> None:
    """Print what is not as it should be."""
    for name, why in findings.not_made.items():
        print(f"  not made: {name}: {why}")
    for warning, count in findings.warnings.items():
        print(f"  {count} pickles warn: {warning}")
    for name, why in findings.as_there.items():
        print(f"  there as here: {name}: {why}")
    for name, why in (findings.close | findings.exceptions).items():
        print(f"  {name}: {why}")
    print(f"  {len(findings.same)} of {findings.count} pickles predict the same bits, {len(findings.close)} nearly")


def row(version: str, families: Iterable[str], findings: Findings, pins: dict[str, str]) -> str:
    """Return the row of a Python."""
    loaded = sorted(findings.packages.items())
    newer = [f"{name} {pins[name]} → {new}" for name, new in loaded if pins.get(name, new) != new]
    unmade = {re.split(r"[.:]", name)[0] for name in findings.not_made if name.endswith(": all")}
    cells = [version, ", ".join(family for family in families if family not in unmade), str(findings.count)]
    found = (findings.same, findings.close, findings.as_there, findings.exceptions)
    cells += [*(str(len(models)) for models in found), ", ".join(newer)]
    return f"| {' | '.join(cells)} |"


def write_row(version: str, row: str) -> None:
    """Write what was found into the table of docs/environments.md that has this corpus's columns."""
    page = ROOT / "docs" / "environments.md"
    lines = page.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| Python | families |")) + 2
    end = next(number for number in range(first, len(lines)) if not lines[number].startswith("|"))
    rows = [line for line in lines[first:end] if not line.startswith(f"| {version} |")]
    rows = sorted([*rows, row], key=lambda line: int(re.findall(r"\d+", line)[1]))
    page.write_text("\n".join([*lines[:first], *rows, *lines[end:]]) + "\n")


if __name__ == "__main__":
    main()
