"""What confining the worker adds to a run: `make benchmark`.

The same run with and without `--isolation off`, in turn, on one CPU and on two, with compiled bytecode; the differences
of the pairs in CPU and wall milliseconds, their medians and quartiles.
"""

import argparse
import compileall
import os
import statistics
import sys
import tempfile
from pathlib import Path

from run_against_plain import ROOT, _run, _trivial_model


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=Path, default=ROOT / "sample", help="a sample round with its model.pkl")
    parser.add_argument("--runs", type=int, default=21, help="pairs of runs (default: %(default)s)")
    arguments = parser.parse_args()
    compileall.compile_dir(ROOT / "src", quiet=1)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # where root starts it, the worker becomes another user, who has to get there
        os.environ["TMPDIR"] = folder
        print("model     CPUs   CPU ms, median (quartiles)   wall ms")
        for name, model in {
            "trivial": _trivial_model(Path(folder)),
            "LightGBM": arguments.sample / "model.pkl",
        }.items():
            for cpus in (1, 2):
                _compare(name, model, cpus, arguments.sample, Path(folder) / "predictions.csv", arguments.runs)


def _compare(name: str, model: Path, cpus: int, sample: Path, csv: Path, runs: int) -> None:
    os.sched_setaffinity(0, range(cpus))
    command = [sys.executable, str(ROOT / "predict.py"), "--quiet", "--cpus", str(cpus), "--model", str(model)]
    command += [
        "--dataset",
        str(sample / "live.parquet"),
        "--benchmarks",
        str(sample / "live_benchmark_models.parquet"),
    ]
    command += ["--output", str(csv), "--isolation"]
    differences, contents = [], []
    for number in range(runs + 1):
        modes = ["best-effort", "off"] if number % 2 else ["off", "best-effort"]
        results = {}
        for mode in modes:
            results[mode] = _run([*command, mode])
            contents.append(csv.read_bytes())
        if number:  # the first pair warms the page cache
            differences.append([1000 * (a - b) for a, b in zip(results["best-effort"], results["off"], strict=True)])
    if len(set(contents)) != 1:
        raise SystemExit(f"{name}: the predictions differ")
    wall, cpu, _ = zip(*differences, strict=True)
    low, middle, high = statistics.quantiles(cpu, n=4)
    print(
        f"{name:<10}{cpus:>3}   {middle:+.0f} ({low:+.0f} to {high:+.0f})   {statistics.median(wall):+.0f}", flush=True
    )


if __name__ == "__main__":
    main()
