"""Small models of every kind whose pickles break, or might, in another version of a library or of Python.

Each kind is a function that fits one, and returns the function of a participant.
"""

import numpy
import pandas


def first_features(live_features, count):
    """Return the first features; by no name, so that only a model's own list of names stands in its pickle."""
    return live_features.filter(like="feature_").iloc[:, :count]


def asking(model, count):
    """Return the function of a participant that asks a fitted model."""

    def predict(live_features):
        values = model.predict(first_features(live_features, count))
        return pandas.DataFrame({"prediction": values}, index=live_features.index).rank(pct=True)

    return predict


def adding(count, weights):
    """Return the function of a participant that adds features with the weights that another gives it."""

    def predict(live_features):
        values = first_features(live_features, count).astype("float64").to_numpy() @ weights()
        return pandas.DataFrame({"prediction": values}, index=live_features.index).rank(pct=True)

    return predict


def kinds(features, target):
    """Name every kind with a function that makes one.

    Args:
        features: a frame; its names are strings.
        target: a Series of as many rows.
    """
    count = len(features.columns)

    def fitted(model):
        return lambda: asking(model().fit(features, target), count)

    yield from ((name, fitted(model)) for name, model in scikit_learn().items())
    yield from ((name, fitted(model)) for name, model in boosters().items())
    yield "lightgbm-booster", lambda: lightgbm_booster(features, target)
    yield "xgboost-booster", lambda: xgboost_booster(features, target)
    yield from ((name, lambda held=held: held(count)) for name, held in HELD.items())


def scikit_learn():
    """Estimators that changed, estimators that did not, and what holds them."""
    from sklearn import ensemble, linear_model, neighbors, neural_network, svm, tree
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    small = {"n_estimators": 2, "random_state": 0}
    return {
        "sklearn-forest": lambda: ensemble.RandomForestRegressor(max_depth=2, **small),
        "sklearn-extra-trees": lambda: ensemble.ExtraTreesRegressor(max_depth=2, **small),
        "sklearn-tree": lambda: tree.DecisionTreeRegressor(max_depth=2, random_state=0),
        "sklearn-boosting": lambda: ensemble.GradientBoostingRegressor(max_depth=2, **small),
        "sklearn-hist-boosting": lambda: ensemble.HistGradientBoostingRegressor(max_iter=2, max_depth=2, max_bins=8),
        "sklearn-bagged-ridge": lambda: ensemble.BaggingRegressor(linear_model.Ridge(), **small),
        "sklearn-bagged-trees": lambda: ensemble.BaggingRegressor(**small, max_samples=20),
        "sklearn-adaboost": lambda: ensemble.AdaBoostRegressor(tree.DecisionTreeRegressor(max_depth=2), **small),
        "sklearn-voting": lambda: ensemble.VotingRegressor([("a", linear_model.Ridge()), ("b", linear_model.Lasso())]),
        "sklearn-ridge": linear_model.Ridge,
        "sklearn-pipeline": lambda: make_pipeline(StandardScaler(), PCA(2), linear_model.Ridge()),
        "sklearn-network": lambda: neural_network.MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=0),
        "sklearn-neighbours": lambda: neighbors.KNeighborsRegressor(3),
        "sklearn-vectors": lambda: svm.SVR(max_iter=50),
    }


def boosters():
    """The wrappers of LightGBM, XGBoost and CatBoost that behave as estimators of scikit-learn."""
    from catboost import CatBoostRegressor
    from lightgbm import LGBMRegressor
    from xgboost import XGBRegressor

    return {
        "lightgbm": lambda: LGBMRegressor(n_estimators=2, num_leaves=3, min_child_samples=5, n_jobs=1, verbose=-1),
        "xgboost": lambda: XGBRegressor(n_estimators=2, max_depth=2, n_jobs=1),
        "catboost": lambda: CatBoostRegressor(
            iterations=2, depth=2, border_count=4, thread_count=1, verbose=False, allow_writing_files=False
        ),
    }


def lightgbm_booster(features, target):
    """A Booster, which is what LightGBM's own interface gives."""
    import lightgbm

    parameters = {"num_leaves": 3, "min_data_in_leaf": 5, "num_threads": 1, "verbose": -1}
    return asking(lightgbm.train(parameters, lightgbm.Dataset(features, target), 2), len(features.columns))


def xgboost_booster(features, target):
    """A Booster, which is what XGBoost's own interface gives."""
    import xgboost

    count = len(features.columns)
    model = xgboost.train({"max_depth": 2, "nthread": 1}, xgboost.DMatrix(features, target), 2)

    def predict(live_features):
        values = model.predict(xgboost.DMatrix(first_features(live_features, count)))
        return pandas.DataFrame({"prediction": values}, index=live_features.index).rank(pct=True)

    return predict


# --- what functions hold besides models


def numpy_array(count):
    """An array."""
    weights = numpy.arange(1.0, count + 1)
    return adding(count, lambda: weights)


def numpy_scalar(count):
    """A number of NumPy's."""
    weight = numpy.float64(0.5)
    return adding(count, lambda: [float(weight) ** power for power in range(count)])


def numpy_generator(count):
    """A generator of random numbers."""
    generator = numpy.random.default_rng(1)
    return adding(count, lambda: generator.random(count))


def numpy_random_state(count):
    """A generator of random numbers, of the older kind."""
    generator = numpy.random.RandomState(1)
    return adding(count, lambda: generator.rand(count))


def numpy_linalg(count):
    """No object, but the use of a submodule, which cloudpickle notes."""

    def extra():
        return numpy.arange(count) / numpy.linalg.norm(numpy.arange(count))

    return adding(count, extra)


def pandas_frame(count):
    """A frame of numbers."""
    frame = pandas.DataFrame({"weight": numpy.arange(1.0, count + 1)}, index=list("abcd")[:count])
    return adding(count, lambda: frame["weight"].to_numpy())


def pandas_series(count):
    """A Series of numbers, with names."""
    series = pandas.Series(numpy.arange(1.0, count + 1), index=list("abcd")[:count], name="weight")
    return adding(count, lambda: series.to_numpy())


def pandas_names(count):
    """An Index of strings."""
    index = pandas.Index(list("abcd")[:count])
    return adding(count, lambda: numpy.arange(1.0, len(index) + 1))


def pandas_categories(count):
    """A frame of categories."""
    frame = pandas.DataFrame({"group": pandas.Categorical(["a", "b"])})
    return adding(count, lambda: numpy.arange(1.0, count + 1) * len(frame["group"].cat.categories))


def pandas_dates(count):
    """A frame of dates."""
    frame = pandas.DataFrame({"date": pandas.date_range("2026-01-01", periods=count)})
    return adding(count, lambda: frame["date"].dt.day.to_numpy())


def polars_frame(count):
    """A frame of polars."""
    import polars

    frame = polars.DataFrame({"weight": [float(number + 1) for number in range(count)]})
    return adding(count, lambda: frame["weight"].to_numpy())


HELD = {
    "numpy-array": numpy_array,
    "numpy-scalar": numpy_scalar,
    "numpy-generator": numpy_generator,
    "numpy-random-state": numpy_random_state,
    "numpy-linalg": numpy_linalg,
    "pandas-frame": pandas_frame,
    "pandas-series": pandas_series,
    "pandas-names": pandas_names,
    "pandas-categories": pandas_categories,
    "pandas-dates": pandas_dates,
    "polars-frame": polars_frame,
}
