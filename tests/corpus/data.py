"""The data on which the models of the corpus are fitted and asked, in the shape of Numerai's: values in fifths."""

from dataclasses import dataclass

import numpy
import pandas

COLUMNS = [f"feature_{number}" for number in range(8)]


@dataclass(frozen=True)
class Training:
    """What models are fitted on."""

    features: pandas.DataFrame
    target: pandas.Series
    """0, 0.25, ... 1, as Numerai's targets."""

    classes: numpy.ndarray
    """The same as 0, 1, ... 4."""

    pair: numpy.ndarray
    """Two targets."""


def training() -> Training:
    """Return the 300 rows of training data."""
    features = _features(seed=1, rows=300)
    noise = numpy.random.default_rng(2).normal(0, 0.2, len(features))
    signal = features["feature_0"] + 0.5 * features["feature_1"] - 0.5 * features["feature_2"] ** 2 + noise
    classes = pandas.qcut(signal, 5, labels=False).to_numpy()
    target = pandas.Series(classes / 4, index=features.index, name="target")
    pair = numpy.column_stack([classes, numpy.roll(classes, 1)])
    return Training(features, target, classes, pair)


def live() -> pandas.DataFrame:
    """Return the 100 rows that are predicted."""
    return _features(seed=3, rows=100)


def _features(seed: int, rows: int) -> pandas.DataFrame:
    values = numpy.random.RandomState(seed).randint(0, 5, (rows, len(COLUMNS)))  # frozen: the same in every NumPy
    index = pandas.Index([f"n{seed:03}{row:012x}" for row in range(rows)], name="id")
    return pandas.DataFrame((values / 4).astype("float32"), columns=COLUMNS, index=index)


def asking(model, method="predict", columns=None):
    """Return the function of a participant: it asks a model, of all columns or of some."""

    def predict(live_features):
        return getattr(model, method)(live_features if columns is None else live_features[columns])

    return predict
