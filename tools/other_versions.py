"""Run pickles made with some versions of libraries and of Python with others, plainly and by `predict`.

What runs plainly must run; what does not must end in a sentence that names both versions; and what is known before a
run (`compatibility.py`) must have foreseen it, without a false alarm. Once for three sets of versions under one Python,
once for every pair of Pythons with what their locks hold. Writes the table of docs/environments.md, and
tests/versions/outcomes.json, against which the rules are tested.

    python tools/other_versions.py [libraries] [pythons] [--keep-pickles]
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import try_libraries

from numerai_predict import compatibility
from numerai_predict.environments import directories, store
from numerai_predict.environments.directories import ROOT
from numerai_predict.environments.installed import read_installed
from numerai_predict.environments.interpreters import interpreter
from numerai_predict.pickles.inspection import inspect_bytes
from numerai_predict.sample_round import write_sample_round

VERSIONS = ROOT / "tests" / "versions"
PICKLES = VERSIONS / "pickles"
OUTCOMES = VERSIONS / "outcomes.json"

IMPORTS = ("catboost", "cloudpickle", "lightgbm", "numpy", "polars", "sklearn", "xgboost")
LIBRARIES = ("catboost", "cloudpickle", "lightgbm", "numpy", "pandas", "polars", "pyarrow", "scikit-learn", "xgboost")

PYTHON = "3.12"
"""The one under which the sets of libraries are tried."""

MODELS = ("catboost", "lightgbm", "lightgbm-booster", "numpy-array", "sklearn-forest", "sklearn-pipeline", "xgboost",
          "xgboost-booster")  # fmt: skip
"""What is tried with every pair of Pythons."""

ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}

AT_ONCE = 8
"""Runs; a run waits for its child processes most of the time."""

GOOD = ("runs", "explained")


@dataclass(frozen=True)
class Environment:
    """A set of versions, and the pickles that were made with it."""

    name: str
    python: Path
    versions: dict[str, str]
    """Of libraries, and of "Python"."""

    pickles: Path


@dataclass(frozen=True)
class Outcome:
    """What came of one pickle in another environment, or in its own."""

    maker: str
    runner: str
    kind: str
    plain: str
    """"ok", or how it failed when it was run the plain way."""

    told: str
    """Why `predict` failed; empty if it did not."""

    failure: str
    """The kind of that failure."""

    foreseen: bool | None
    """What the pickle told before: that it surely fails, that it may (False), nothing (None)."""

    explained: bool
    """Whether what was told names both versions."""

    @property
    def verdict(self) -> str:
        """`GOOD`, or what is wrong."""
        if self.plain == "ok":
            if self.told:
                return "BAD: runs plainly, and was not run"
            if self.foreseen or (self.foreseen is not None and self.maker == self.runner):
                return "BAD: false alarm"
            return "runs"
        if self.foreseen is None:
            return "BAD: not foreseen"
        return "explained" if self.explained else "BAD: not explained"


def versions_of(python: Path) -> dict[str, str]:
    """Return the versions of what an interpreter finds, and of "Python"."""
    found = read_installed(python)
    return found.versions | {"Python": found.python}


def main() -> None:
    """Try what is asked for; exit with 1 if something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("matrices", nargs="*", metavar="MATRIX", help="libraries, pythons; by default both")
    parser.add_argument("--keep-pickles", action="store_true", help=f"put those of the sets into {PICKLES}")
    arguments = parser.parse_args()
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        write_sample_round(folder / "round", rows=100, features=60, eras=4, rows_per_era=50)
        if "libraries" in (arguments.matrices or ["libraries"]):
            found = matrix(library_sets(), folder, (), names_libraries)
            write_outcomes(*found)
            write_rows("libraries", *found)
            outcomes += found[1]
            if arguments.keep_pickles:
                keep_pickles(found[0])
        if "pythons" in (arguments.matrices or ["pythons"]):
            found = matrix(pythons(), folder, MODELS, names_pythons)
            write_rows("Python", *found)
            outcomes += found[1]
    bad = [outcome for outcome in outcomes if outcome.verdict not in GOOD]
    for outcome in bad:
        print(f"{outcome.verdict}: {outcome}")
    sys.exit(bool(bad) or not outcomes)


# --- environments


def library_sets() -> dict[str, tuple[str, list[str]]]:
    """Return the sets by name: a Python, and what is installed."""
    files = {name: (VERSIONS / f"{name}.txt").read_text().splitlines() for name in ("earlier", "later")}
    locked = try_libraries.requirements(PYTHON, set(IMPORTS))
    return {"earlier": (PYTHON, files["earlier"]), "locked": (PYTHON, locked), "later": (PYTHON, files["later"])}


def pythons() -> dict[str, tuple[str, list[str]]]:
    """Return the Pythons that this machine has, each with what its lock holds."""
    here = [version for version in directories.versions() if interpreter(version)]
    return {version: (version, try_libraries.requirements(version, set(IMPORTS))) for version in here}


def matrix(
    sets: dict[str, tuple[str, list[str]]],
    folder: Path,
    kinds: tuple[str, ...],
    names_both: Callable[[str, Environment, Environment], bool],
) -> tuple[list[Environment], list[Outcome]]:
    """Make every pickle in every environment, and run it in every one.

    Args:
        sets: the environments.
        folder: with the sample round.
        kinds: of models; without any, all.
        names_both: tells whether a text names the versions of two environments.
    """
    environments = []
    for name, (version, requirements) in sets.items():
        python = store.provide(version, requirements, print).python
        pickles = folder / "pickles" / name
        pickles.mkdir(parents=True)
        command = [str(python), str(VERSIONS / "make.py"), str(folder / "round"), str(pickles), *kinds]
        subprocess.run(command, check=True, env=ONE_THREAD, stdout=subprocess.DEVNULL)
        environments.append(Environment(name, python, versions_of(python), pickles))
        print(f"{name}: Python {version}, {len(list(pickles.glob('*.pkl')))} pickles", flush=True)
    outcomes = []
    for runner in environments:
        for maker in environments:
            found = pair(maker, runner, folder, names_both)
            counted = Counter(outcome.verdict for outcome in found)
            print(f"  {maker.name} -> {runner.name}: {dict(counted)}", flush=True)
            outcomes += found
    return environments, outcomes


# --- runs


def pair(
    maker: Environment, runner: Environment, folder: Path, names_both: Callable[[str, Environment, Environment], bool]
) -> list[Outcome]:
    """Run the pickles of one environment in another, or in the same."""
    pickles = sorted(maker.pickles.glob("*.pkl"))
    live = folder / "round" / "live.parquet"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        parts = [pickles[first::AT_ONCE] for first in range(AT_ONCE)]
        plain = {
            path: how for found in pool.map(partial(plainly, runner.python, live), parts) for path, how in found.items()
        }

    def outcome(pickle: Path) -> Outcome:
        failure, told = predict(runner.python, pickle, live, folder)
        found = compatibility.mismatches(inspection := inspect_bytes(pickle.read_bytes()), runner.versions)
        foreseen = found[0].sure if found else None
        minor = ".".join(runner.versions["Python"].split(".")[:2])
        if inspection.pythons and minor not in inspection.pythons:
            foreseen = True
        return Outcome(
            maker.name,
            runner.name,
            pickle.stem,
            plain[str(pickle)],
            told,
            failure,
            foreseen,
            bool(told) and names_both(told, maker, runner),
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(outcome, pickles))


def plainly(python: Path, live: Path, pickles: list[Path]) -> dict[str, str]:
    """Run pickles the plain way; return how each came out, by its path."""
    command = [str(python), str(VERSIONS / "plain.py"), str(live), *map(str, pickles)]
    said = subprocess.run(command, capture_output=True, text=True, env=ONE_THREAD, check=True)
    found: dict[str, str] = json.loads(said.stdout.splitlines()[-1])  # libraries print before it
    return found


def predict(python: Path, pickle: Path, live: Path, folder: Path) -> tuple[str, str]:
    """Run the real command; return the kind of its failure and what it said, both empty if it went well."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        record = Path(name, "record.json")
        command = [sys.executable, str(ROOT / "predict.py"), "--model", str(pickle), "--dataset", str(live)]
        command += ["--output", str(Path(name, "predictions.csv")), "--record", str(record), "--env", str(python)]
        subprocess.run(command, capture_output=True)
        failure = json.loads(record.read_text())["failure"]
    return (failure["kind"], f"{failure['cause']} {failure['remedy']}") if failure else ("", "")


def names_libraries(told: str, _: Environment, runner: Environment) -> bool:
    """Whether a library is named in the version that made the pickle and in the one that is here."""
    match = re.search(r"It was made with ([\w-]+) ([^;]*\d[^;]*); here is \1 (\d\S*):", told)
    return match is not None and match[3] == runner.versions.get(match[1])


def names_pythons(told: str, maker: Environment, runner: Environment) -> bool:
    """Whether both Pythons are named, and where to take the pickle."""
    return f"made by Python {maker.name}" in told and f"this is Python {runner.name}:" in told


# --- what is kept


def keep_pickles(environments: list[Environment]) -> None:
    """Keep the pickles for the tests, which install nothing."""
    shutil.rmtree(PICKLES, ignore_errors=True)
    for environment in environments:
        (PICKLES / environment.name).mkdir(parents=True)
        for pickle in environment.pickles.glob("*.pkl"):
            shutil.copy(pickle, PICKLES / environment.name)


def write_outcomes(environments: list[Environment], outcomes: list[Outcome]) -> None:
    """Write which pickles fail where, as plain data."""
    names = [environment.name for environment in environments]
    failures = {
        maker: {
            runner: {
                one.kind: one.plain
                for one in outcomes
                if (one.maker, one.runner) == (maker, runner) and one.plain != "ok"
            }
            for runner in names
        }
        for maker in names
    }
    versions = {one.name: {name: one.versions[name] for name in ("Python", *LIBRARIES)} for one in environments}
    OUTCOMES.write_text(json.dumps({"versions": versions, "failures": failures}, indent=1) + "\n")


def write_rows(what: str, environments: list[Environment], outcomes: list[Outcome]) -> None:
    """Write what was found into the table of docs/environments.md."""
    rows = []
    for maker in environments:
        for runner in environments:
            of_pair = [one for one in outcomes if (one.maker, one.runner) == (maker.name, runner.name)]
            verdicts = Counter(one.verdict for one in of_pair)
            crashed = sum(one.plain.startswith("crash") for one in of_pair)
            cells = [what, maker.name, runner.name, len(of_pair), sum(one.plain == "ok" for one in of_pair), crashed]
            cells += [verdicts["runs"], verdicts["explained"], len(of_pair) - verdicts["runs"] - verdicts["explained"]]
            rows.append(f"| {' | '.join(map(str, cells))} |")
    page = ROOT / "docs" / "environments.md"
    lines = page.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| differs | made with |")) + 2
    end = next(number for number in range(first, len(lines)) if not lines[number].startswith("|"))
    others = [line for line in lines[first:end] if not line.startswith(f"| {what} |")]
    page.write_text("\n".join([*lines[:first], *sorted([*others, *rows]), *lines[end:]]) + "\n")


if __name__ == "__main__":
    main()
