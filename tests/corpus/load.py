"""Load pickles of the corpus and ask them, in the environment that has to run them: `python load.py PATH...`.

Each in a process of its own, that has imported what our worker imports before it loads a model: pandas and pyarrow.
Writes PATH.json: by how much the predictions differ from the recorded ones, and which packages were loaded; or how it
failed.
"""

import importlib.metadata
import json
import os
import signal
import sys
import warnings
from pathlib import Path

import cloudpickle
import data
import numpy
import pandas  # noqa: F401
import pyarrow  # noqa: F401

SECONDS = 300
"""For one model to be loaded and asked."""

HOOKS = ("_distutils_hack", "_cuda_bindings_redirector")
"""Are there in every process where setuptools is, or cuda-bindings: a .pth file loads them."""

OWNERS: dict[str, set[str]] = {}
"""The packages of each file that can be a module; `google` has no file, and `nvidia/__init__.py` belongs to many."""

for distribution in importlib.metadata.distributions():
    for file in distribution.files or ():
        if file.suffix in (".py", ".so"):
            OWNERS.setdefault(str(distribution.locate_file(file)), set()).add(distribution.name)

sys.path.pop(0)  # a box has none of the modules beside this one; Numba would import the one that made a function


def main(paths: list[str]) -> None:
    """Fork for each; a model that crashes ends its own process only."""
    for path in paths:
        report = Path(f"{path}.json")
        report.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            signal.alarm(SECONDS)
            report.write_text(json.dumps(answer(path)))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not report.exists():
            report.write_text(json.dumps({"failed": f"ended with {os.waitstatus_to_exitcode(status)}"}))


def answer(path: str) -> dict:
    """Load, predict, compare."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            predict = cloudpickle.loads(Path(f"{path}.pkl").read_bytes())
        found = numpy.asarray(predict(data.live()), dtype=float)
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}".strip().splitlines()[0][:200]}
    expected = numpy.load(f"{path}.npy")
    if found.shape != expected.shape:
        return {"failed": f"predicts the shape {found.shape}, was {expected.shape}"}
    return {
        "same": found.tobytes() == expected.tobytes(),
        "difference": float(numpy.max(numpy.abs(found - expected) / numpy.maximum(1, numpy.abs(expected)))),
        "warnings": sorted({f"{warning.category.__name__}: {warning.message}".split("\n")[0] for warning in caught}),
        "packages": loaded(),
    }


def loaded() -> dict[str, str]:
    """The packages that have been imported, with their versions."""
    files = {getattr(module, "__file__", None) for name, module in list(sys.modules.items()) if name not in HOOKS}
    owners = [OWNERS.get(file, set()) for file in files]
    names = {name for names in owners if len(names) == 1 for name in names}
    return {name.lower().replace("_", "-"): importlib.metadata.version(name) for name in sorted(names)}


if __name__ == "__main__":
    main(sys.argv[1:])
