"""What reading a pickle without running it costs: `make benchmark`.

`numerai-predict inspect` against a fresh interpreter that unpickles the same file; an inspection by itself; and a run
against the same run without one: in turn, on one CPU and on two, with compiled bytecode. Of the pairs, the medians and
the extremes, or the quartiles.
"""

import argparse
import compileall
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from run_against_plain import ROOT, _run, _trivial_model

LOAD = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))"

RUN = "import sys; sys.path.insert(0, {folder!r}); {instead}from numerai_predict.cli import main; sys.exit(main())"

NO_INSPECTION = """
from numerai_predict import run
from numerai_predict.pickles.inspection import Inspection
class NoReading:
    def __init__(self, descriptor, name): pass
    def result(self): return Inspection.unread("not inspected")
    def give_up(self): pass
run.Reading = NoReading
"""
"""Before the command: everything but the reading stays as it is."""

BY_ITSELF = """
import resource, sys, time
from numerai_predict import delivery, failures, submission  # a run has them anyway
from numerai_predict.sandbox import supervisor
def now():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used), time.perf_counter()
moments = [now()]
from numerai_predict.pickles.reader import Reading
moments.append(now())
with open(sys.argv[1], "rb") as file:
    Reading(file.fileno(), "model.pkl").result()
moments.append(now())
print(*(1000 * (b - a) for before, after in zip(moments, moments[1:]) for a, b in zip(before, after)))
"""
"""Run by an interpreter of its own: milliseconds of CPU and of wall for the imports, and the same for a reading."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=Path, default=ROOT / "sample", help="a sample round with its model.pkl")
    parser.add_argument("--runs", type=int, default=11, help="pairs of inspections (default: %(default)s)")
    parser.add_argument("--run-pairs", type=int, default=31, help="pairs of runs (default: %(default)s)")
    arguments = parser.parse_args()
    compileall.compile_dir(ROOT / "src", quiet=1)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPATH"] = str(ROOT / "src")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # where root starts it, the worker becomes another user, who has to get there
        print("inspect against pickle.load   CPUs   wall  (min-max)    CPU   wall ms ours/load")
        for name, path in {
            "LightGBM, 3 MB": _trees(Path(folder)),
            "arrays, text, 200 MB": _large(Path(folder)),
        }.items():
            for cpus in (1, 2):
                _compare_inspection(name, path, cpus, arguments.runs)
            path.unlink()
        _by_itself(arguments.sample / "model.pkl", arguments.runs)
        print("\nwhat inspection adds to a run   CPUs   CPU ms, median (quartiles)   wall ms")
        for name, path in {"trivial": _trivial_model(Path(folder)), "LightGBM": arguments.sample / "model.pkl"}.items():
            for cpus in (1, 2):
                _compare_runs(name, path, cpus, arguments.sample, Path(folder) / "out.csv", arguments.run_pairs)


def _trees(folder: Path) -> Path:
    """A function with a LightGBM model of a thousand trees."""
    import lightgbm
    import numpy as np

    random = np.random.default_rng(0)
    names = [f"feature_invented_{number}" for number in range(42)]
    data = lightgbm.Dataset(random.random((4000, 42)), random.random(4000), feature_name=names)
    booster = lightgbm.train({"verbose": -1, "min_data_in_leaf": 2}, data, 1000)

    def predict(live_features):
        return booster.predict(live_features[names])

    return _pickled(predict, folder / "trees.pkl")


def _large(folder: Path) -> Path:
    """A function with arrays of 100 MB and texts of as much."""
    import numpy as np

    arrays = [np.random.default_rng(number).random((2500, 1000)) for number in range(5)]
    texts = [f"{number} " + "tree split gain 0.12345 " * 40_000 for number in range(105)]

    def predict(live_features):
        return live_features @ arrays[0] + len(texts)

    return _pickled(predict, folder / "large.pkl")


def _pickled(function: object, path: Path) -> Path:
    import cloudpickle

    path.write_bytes(cloudpickle.dumps(function))
    return path


def _compare_inspection(name: str, path: Path, cpus: int, pairs: int) -> None:
    os.sched_setaffinity(0, range(cpus))
    inspect = [sys.executable, "-m", "numerai_predict", "inspect", str(path)]
    load = [sys.executable, "-c", LOAD, str(path)]
    ours, loads = _in_turn(inspect, load, pairs)
    wall = [one[0] / other[0] for one, other in zip(ours, loads, strict=True)]
    cpu = statistics.median(one[1] / other[1] for one, other in zip(ours, loads, strict=True))
    middle = " / ".join(f"{1000 * statistics.median(one[0] for one in side):.0f}" for side in (ours, loads))
    spread = f"{statistics.median(wall):.2f}x ({min(wall):.2f}-{max(wall):.2f})"
    print(f"{name:<30}{cpus:>3}   {spread}  {cpu:.2f}x   {middle}", flush=True)


def _by_itself(model: Path, times: int) -> None:
    """Print what inspection takes by itself: whole runs differ by more than that from one to the next."""
    command = [sys.executable, "-c", BY_ITSELF, str(model)]
    said = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(times)]
    names = ["imports: CPU", "wall", "a reading: CPU", "wall"]
    medians = [statistics.median(map(float, column)) for column in zip(*said, strict=True)]
    print("\nby itself, ms: " + ", ".join(f"{name} {ms:.1f}" for name, ms in zip(names, medians, strict=True)))


def _compare_runs(name: str, model: Path, cpus: int, sample: Path, csv: Path, pairs: int) -> None:
    os.sched_setaffinity(0, range(cpus))
    options = ["predict", "--quiet", "--cpus", str(cpus), "--model", str(model), "--output", str(csv), "--dataset"]
    options += [str(sample / "live.parquet"), "--benchmarks", str(sample / "live_benchmark_models.parquet")]
    commands = [
        [sys.executable, "-c", RUN.format(folder=str(ROOT / "src"), instead=instead), *options]
        for instead in ("", NO_INSPECTION)
    ]
    with_it, without = _in_turn(*commands, pairs)
    differences = [[1000 * (a - b) for a, b in zip(*pair, strict=True)] for pair in zip(with_it, without, strict=True)]
    wall, cpu, _ = zip(*differences, strict=True)
    low, middle, high = statistics.quantiles(cpu, n=4)
    print(
        f"{name:<32}{cpus:>3}   {middle:+.0f} ({low:+.0f} to {high:+.0f})   {statistics.median(wall):+.0f}", flush=True
    )


Measured = list[tuple[float, float, int]]


def _in_turn(first: list[str], second: list[str], pairs: int) -> tuple[Measured, Measured]:
    """Run two commands in turn, each of them as often first; what `_run` says of each, without the pair that warms."""
    measured: tuple[Measured, Measured] = ([], [])
    for number in range(pairs + 1):
        for side in (0, 1) if number % 2 else (1, 0):
            said = _run([first, second][side])
            if number:
                measured[side].append(said)
    return measured


if __name__ == "__main__":
    main()
