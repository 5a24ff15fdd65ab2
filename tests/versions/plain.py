"""Run pickles the plain way in the environment that runs this: `python plain.py ROUND PATH...`.

Each in a process of its own, by `pandas.read_pickle` and a call. Prints a JSON object: how each came out, "ok", or how
it failed.
"""

import json
import os
import signal
import sys
import sysconfig
import warnings
from pathlib import Path

import pandas
import pyarrow  # noqa: F401  as our worker has imported it

SECONDS = 300

PACKAGES = sysconfig.get_path("purelib")
"""Where this environment lies is nobody's business."""

NEAR = 1e-6
"""By how much ranks may differ and still be called the same."""


def main(live: Path, paths: list[str]) -> None:
    """Fork for each: a model that crashes ends its own process only."""
    warnings.simplefilter("ignore")
    print(json.dumps({path: in_a_process(live, path) for path in paths}))


def in_a_process(live: Path, path: str) -> str:
    """Return how one came out."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        os.close(reader)
        os.write(writer, answer(live, path).encode()[:4000])
        os._exit(0)
    os.close(writer)
    with open(reader, errors="replace") as file:
        said = file.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return said or (f"crash: {signal.Signals(-status).name}" if status < 0 else f"nothing: exit status {status}")


def answer(live: Path, path: str) -> str:
    """Load, call, compare with what it predicted where it was made."""
    doing = "load"
    try:
        predict = pandas.read_pickle(path)
        doing = "call"
        found = predict(pandas.read_parquet(live))["prediction"]
    except BaseException as error:
        said = f"{doing}: {type(error).__name__}: {error}".splitlines()[0]
        return said.replace(f"{PACKAGES}/", "")[:200]
    expected = pandas.read_csv(Path(path).with_suffix(".csv"), index_col="id")["prediction"]
    return "ok" if (found - expected).abs().max() < NEAR else "call: other predictions"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
