"""From nothing to a verdict: what `pip install .` and the first `check` of a pickle take, in time and in downloads.

Makes a virtual environment, installs this clone into it, and checks the test pickle of a Python on a sample round, with
every cache empty; then once more. Bytes are the sizes of the files that were installed, wherever they came from.

    python benchmarks/first_verdict.py 3.12
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from numerai_predict.environments import directories
from numerai_predict.environments.store import LISTED

ROOT = directories.ROOT


def main() -> None:
    """Measure, and print a row for each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", choices=directories.versions(), help="the Python of the pickle")
    version = parser.parse_args().version
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        caches = {"UV_CACHE_DIR": str(folder / "uv"), "XDG_CACHE_HOME": str(folder / "cache"), "PIP_NO_CACHE_DIR": "1"}
        environment = os.environ | caches
        python, command = folder / "venv/bin/python", folder / "venv/bin/numerai-predict"
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        installed = seconds([python, "-m", "pip", "install", "--quiet", ROOT], environment)
        pickle = ROOT / f"tests/models/model_{version.replace('.', '_')}.pkl"
        check = [command, "check", pickle, "--dataset", folder / "round/live.parquet"]
        check += ["--benchmarks", folder / "round/live_benchmark_models.parquet"]
        write = f"write_live_round({str(folder / 'round')!r}, {named(pickle)!r})"
        sample = f"from numerai_predict.sample_round import write_live_round; {write}"
        subprocess.run([python, "-c", sample], check=True)
        first, again = seconds(check, environment), seconds(check, environment)
        listed = next((folder / "cache/numerai-predict/environments").glob(f"*/{LISTED}"))
        lines = [
            line.partition(";")[0] for line in listed.read_text().splitlines()[1:]
        ]  # the markers are of its Python
        (folder / "slice.txt").write_text("\n".join(lines))
        download = [python, "-m", "pip", "download", "--quiet", "--dest"]
        program = megabytes([*download, folder / "program", ROOT], folder / "program", environment)
        wanted = [folder / "slice", "--no-deps", "--only-binary", ":all:", "--python-version", version]
        packages = megabytes([*download, *wanted, "-r", folder / "slice.txt"], folder / "slice", environment)
    print(f"pip install .       {installed:6.1f} s  {program:6.0f} MB")
    print(f"the first verdict   {first:6.1f} s  {packages:6.0f} MB")
    print(f"the second          {again:6.1f} s       0 MB")


def named(pickle: Path) -> list[str]:
    """Return the features that a pickle names."""
    from numerai_predict.pickles import reader

    return [name for name in reader.read(str(pickle)).columns if name.startswith("feature_")]


def seconds(command: list[object], environment: dict[str, str]) -> float:
    """Return how long a command takes that succeeds."""
    start = time.monotonic()
    subprocess.run(list(map(str, command)), env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def megabytes(command: list[object], folder: Path, environment: dict[str, str]) -> float:
    """Return the size of what a command downloads into a folder."""
    subprocess.run(list(map(str, command)), env=environment, check=True)
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


if __name__ == "__main__":
    main()
