"""What a whole run costs against the plain way: `make benchmark`.

The plain way is a fresh interpreter that reads the same parquet files, unpickles the model, calls it and writes the
CSV; no check, no second process, no limits. Both are run in turn, on one CPU and on two, with compiled bytecode; the
medians of the pairwise ratios are printed, and what each part of a run takes.
"""

import argparse
import compileall
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PLAIN = """
import pickle, sys, pandas as pd
model, dataset, benchmarks, output = sys.argv[1:]
live_features = pd.read_parquet(dataset)
live_benchmark_models = pd.read_parquet(benchmarks)
with open(model, "rb") as file:
    predict = pickle.load(file)
predict(live_features, live_benchmark_models).to_csv(output)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=Path, default=ROOT / "sample", help="a sample round with its model.pkl")
    parser.add_argument("--runs", type=int, default=11, help="pairs of runs (default: %(default)s)")
    arguments = parser.parse_args()
    compileall.compile_dir(ROOT / "src", quiet=1)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        models = {"trivial": _trivial_model(Path(folder)), "LightGBM": arguments.sample / "model.pkl"}
        print("model     CPUs   wall  (min-max)    CPU   peak MiB ours/plain   plain wall s")
        parts = {}
        for name, model in models.items():
            for cpus in (1, 2):
                parts[name, cpus] = _compare(name, model, cpus, arguments.sample, Path(folder), arguments.runs)
    for (name, cpus), phases in parts.items():
        print(f"\n{name}, {cpus} CPU{'s' * (cpus > 1)}: what each part takes (median ms)")
        print("  " + ", ".join(f"{phase} {1000 * statistics.median(times):.0f}" for phase, times in phases.items()))


def _trivial_model(folder: Path) -> Path:
    import cloudpickle

    def predict(live_features, _):
        return live_features.iloc[:, 2:44].mean(axis=1).rank(pct=True).to_frame("prediction")

    path = folder / "trivial.pkl"
    path.write_bytes(cloudpickle.dumps(predict))
    return path


def _compare(name: str, model: Path, cpus: int, sample: Path, folder: Path, runs: int) -> dict[str, list[float]]:
    """Run both ways in turn, print a row, and return the seconds of each phase of our runs."""
    os.sched_setaffinity(0, range(cpus))
    inputs = [str(model), str(sample / "live.parquet"), str(sample / "live_benchmark_models.parquet")]
    csv, plain_csv, record = folder / "ours.csv", folder / "plain.csv", folder / "record.json"
    ours = [sys.executable, str(ROOT / "predict.py"), "--quiet", "--cpus", str(cpus), "--output", str(csv)]
    ours += ["--record", str(record), "--model", inputs[0], "--dataset", inputs[1], "--benchmarks", inputs[2]]
    plain = [sys.executable, "-c", PLAIN, *inputs, str(plain_csv)]
    pairs, phases = [], {}
    for number in range(runs + 1):
        ours_first = number % 2 == 0
        first, second = (_run(ours), _run(plain)) if ours_first else (_run(plain), _run(ours))
        pair = (first, second) if ours_first else (second, first)
        if csv.read_bytes() != plain_csv.read_bytes():
            raise SystemExit(f"{name}: the two ways gave different predictions")
        if number == 0:
            continue  # warms the page cache
        pairs.append(pair)
        account = json.loads(record.read_text())
        for phase in account["phases"]:
            phases.setdefault(phase["name"], []).append(phase["seconds"])
        phases.setdefault("all else", []).append(pair[0][0] - sum(phase["seconds"] for phase in account["phases"]))
    wall = [ours[0] / plain[0] for ours, plain in pairs]
    cpu = statistics.median(ours[1] / plain[1] for ours, plain in pairs)
    memory = [statistics.median(pair[side][2] for pair in pairs) / 1024 for side in (0, 1)]
    print(
        f"{name:<10}{cpus:>3}   {statistics.median(wall):.2f}x ({min(wall):.2f}-{max(wall):.2f})  {cpu:.2f}x"
        f"   {memory[0]:.0f} / {memory[1]:.0f}          {statistics.median(plain[0] for _, plain in pairs):.2f}"
    )
    return phases


def _run(command: list[str]) -> tuple[float, float, int]:
    """Return wall seconds, CPU seconds of the process and its children, and the largest process's KiB."""
    start = time.perf_counter()
    to_nothing = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=to_nothing)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


if __name__ == "__main__":
    main()
