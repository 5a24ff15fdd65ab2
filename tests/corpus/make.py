"""Make the models of one family, in the environment whose pickles are wanted: `python make.py FOLDER FAMILY`.

Each is a function of live features that holds a fitted model, pickled as a participant does it: NAME.pkl, and what it
predicts, NAME.npy. What was made, and why not what was not, goes to FAMILY.json.
"""

import importlib
import json
import sys
import warnings
from pathlib import Path

import cloudpickle
import data
import numpy


def main(folder: Path, family: str) -> None:
    """Make what can be made; a model that fails does not end the rest."""
    warnings.simplefilter("ignore")  # of models that did not converge: nobody will use them
    made = {}
    try:
        module = importlib.import_module(f"{family}_models")
    except Exception as error:
        made[f"{family}: all"] = said(error)
    else:
        for by_value in (module, data):  # as what a notebook defines
            cloudpickle.register_pickle_by_value(by_value)
        for name, fit in module.models(data.training()):
            made[f"{family}.{name}"] = make(folder / f"{family}.{name}", fit)
    (folder / f"{family}.json").write_text(json.dumps(made))


def make(path, fit):
    """Fit, pickle and predict; return why that failed, or None."""
    try:
        predict = fit()
        pickled = cloudpickle.dumps(predict)
        predictions = numpy.asarray(predict(data.live()), dtype=float)
    except Exception as error:
        return said(error)
    if not predictions.size or numpy.ptp(predictions) == 0:
        return "predicts a constant: no test"
    path.with_name(f"{path.name}.pkl").write_bytes(pickled)
    numpy.save(path.with_name(f"{path.name}.npy"), predictions)
    return None


def said(error: Exception) -> str:
    """What an exception says, in a line."""
    return f"{type(error).__name__}: {error}".strip().splitlines()[0][:200]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
