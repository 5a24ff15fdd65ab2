"""What confining the worker adds to a run: `make benchmark`.

The same run with and without `--isolation off`, in turn, on one CPU and on two, with compiled bytecode; the differences
of the pairs in CPU and wall milliseconds, their medians and quartiles.
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

PARTS = """
import os, sys, time
import numerai_predict.failures, numerai_predict.job, numerai_predict.sandbox.messages, socket  # without it as well
moments = [time.process_time()]
from numerai_predict.sandbox import isolation
from numerai_predict.job import Limits
moments.append(time.process_time())
found = isolation.isolation("best-effort", sys.executable, sys.argv[1])
order = found.order(Limits(), os.path.join(sys.argv[1], "closed"))
moments.append(time.process_time())
from numerai_predict.sandbox import confinement, processes
moments.append(time.process_time())
processes.become_supervisor()
os.environ["TMPDIR"] = sys.argv[2]
if not os.fork():
    start = time.process_time()
    confinement.confine(order)
    print(time.process_time() - start, flush=True)
    os._exit(0)
os.wait()
print(*(after - before for before, after in zip(moments, moments[1:])))
"""
"""Run by an interpreter of its own: the seconds of CPU that each part takes, the worker's in a forked child."""


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
        _parts(Path(folder), arguments.runs)
        print("model     CPUs   CPU ms, median (quartiles)   wall ms")
        for name, model in {
            "trivial": _trivial_model(Path(folder)),
            "LightGBM": arguments.sample / "model.pkl",
        }.items():
            for cpus in (1, 2):
                _compare(name, model, cpus, arguments.sample, Path(folder) / "predictions.csv", arguments.runs)


def _parts(folder: Path, runs: int) -> None:
    """Print what confining takes by itself: whole runs differ by more than that from one to the next."""
    (folder / "closed").touch(mode=0o600)
    (folder / "w").mkdir()
    command = [sys.executable, "-c", PARTS, str(folder), str(folder / "w")]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    rows = []
    for _ in range(runs):
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        rows.append([1000 * float(seconds) for seconds in said.split()])
    names = ["worker: confine and prove", "supervisor: imports", "supervisor: detect and order", "worker: imports"]
    print(
        "CPU ms by itself: "
        + ", ".join(f"{n} {statistics.median(v):.1f}" for n, v in zip(names, zip(*rows, strict=True), strict=True))
    )


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
