"""Load one pickle of the corpus and ask it, in the environment that has to run it: `python load.py PATH`.

Prints one line of JSON: by how much the predictions differ from the recorded ones, and which packages were loaded.
"""

import importlib.metadata
import json
import sys
import warnings
from pathlib import Path

import cloudpickle
import data
import numpy


def main(path: str) -> None:
    """Load, predict, compare."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        predict = cloudpickle.loads(Path(f"{path}.pkl").read_bytes())
    warnings.simplefilter("ignore")
    found = numpy.asarray(predict(data.live()), dtype=float)
    expected = numpy.load(f"{path}.npy")
    if found.shape != expected.shape:
        raise SystemExit(f"predicts the shape {found.shape}, was {expected.shape}")
    report = {
        "same": found.tobytes() == expected.tobytes(),
        "difference": float(numpy.max(numpy.abs(found - expected) / numpy.maximum(1, numpy.abs(expected)))),
        "warnings": sorted({f"{warning.category.__name__}: {warning.message}".split("\n")[0] for warning in caught}),
        "packages": loaded(),
    }
    print("\n" + json.dumps(report))


def loaded() -> dict[str, str]:
    """The packages that have been imported, with their versions."""
    packages = importlib.metadata.packages_distributions()
    names = {name for module in {name.partition(".")[0] for name in sys.modules} for name in packages.get(module, ())}
    return {name.lower().replace("_", "-"): importlib.metadata.version(name) for name in sorted(names)}


if __name__ == "__main__":
    main(sys.argv[1])
