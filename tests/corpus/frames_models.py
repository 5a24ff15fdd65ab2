"""What participants do without a model: pandas, polars, SciPy and Numba; and mlxtend's models."""

import functools

import numba
import numpy
import pandas
import polars
import scipy.interpolate
import scipy.optimize
import scipy.stats
from data import COLUMNS, asking
from mlxtend.classifier import EnsembleVoteClassifier
from mlxtend.feature_selection import SequentialFeatureSelector
from mlxtend.regressor import LinearRegression, StackingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeRegressor


def models(data):
    """Name every model with a function that fits it."""
    for fit in (ranked, neutralized, lookup, periods, polars_frame, polars_expression, splines, distribution):
        yield fit.__name__.replace("_", "-"), functools.partial(fit, data)
    for fit in (least_squares, compiled, stacking, vote, selected, gradient_descent):
        yield fit.__name__.replace("_", "-"), functools.partial(fit, data)


def ranked(data):
    """Rank, and map to a normal distribution."""
    weights = data.features.corrwith(data.target)
    return lambda live: scipy.stats.norm.ppf((live.dot(weights).rank(method="first") - 0.5) / len(live))


def neutralized(data):
    """Neutralize to all features."""
    model = Ridge().fit(data.features, data.target)

    def predict(live):
        predicted, exposures = model.predict(live), live.to_numpy(dtype=float)
        return predicted - 0.5 * exposures @ (numpy.linalg.pinv(exposures) @ predicted)

    return predict


def lookup(data):
    """Look up a frame with an index of two levels, of categories and intervals."""
    bins = pandas.cut(data.features["feature_1"], 2)
    table = data.target.groupby([data.features["feature_0"].astype("category"), bins], observed=False).mean()
    wanted = bins.cat.categories

    def predict(live):
        keys = zip(live["feature_0"], wanted.get_indexer(live["feature_1"].clip(0.001)), strict=True)
        return [table.loc[(value, wanted[place])] for value, place in keys]

    return predict


def periods(data):
    """Hold times with zones, periods, nullable integers and strings."""
    days = pandas.date_range("2025-03-01", periods=5, freq="D", tz="America/New_York")
    held = pandas.DataFrame({"day": days, "number": pandas.array([1, 2, None, 4, 5], dtype="Int64")})
    held["period"], held["text"] = days.tz_localize(None).to_period("M"), pandas.array(list("abcde"), dtype="string")
    mean = float(data.target.mean())

    def predict(live):
        hours = held["day"].dt.tz_convert("UTC").dt.hour + held["period"].dt.month + held["number"].fillna(0)
        return live["feature_0"] * float(hours.sum()) + mean + (held["text"] == "c").sum()

    return predict


def polars_frame(data):
    """Hold a frame of polars, and join it."""
    means = pandas.DataFrame({"key": data.features["feature_0"], "mean": data.target}).groupby("key").mean()
    table = polars.DataFrame({"key": (means.index * 4).astype(int).to_numpy(), "mean": means["mean"].to_numpy()})

    def predict(live):
        keys = polars.DataFrame({"key": (live["feature_0"].to_numpy() * 4).astype("int64")})
        return keys.join(table, on="key", how="left")["mean"].to_numpy()

    return predict


def polars_expression(data):
    """Hold an expression of polars."""
    weights = data.features.corrwith(data.target)
    expression = polars.sum_horizontal([polars.col(name) * float(weights[name]) for name in COLUMNS]).rank("ordinal")
    return lambda live: polars.DataFrame(dict(live.items())).select(expression).to_series().to_numpy()


def splines(data):
    """Hold SciPy's interpolations."""
    means = data.target.groupby(data.features["feature_0"].to_numpy()).mean()
    x, y = means.index.to_numpy(dtype=float), means.to_numpy()
    curves = [kind(x, y) for kind in (scipy.interpolate.CubicSpline, scipy.interpolate.PchipInterpolator)]
    curves += [scipy.interpolate.UnivariateSpline(x, y, k=2), scipy.interpolate.interp1d(x, y, kind="cubic")]
    return lambda live: numpy.column_stack([curve(live["feature_0"].to_numpy(dtype=float) * 0.9) for curve in curves])


def distribution(data):
    """Hold SciPy's distributions and a density."""
    frozen, density = scipy.stats.t(4, loc=0.5), scipy.stats.gaussian_kde(data.target)
    return lambda live: frozen.cdf(live["feature_0"]) + density(live["feature_1"])


def least_squares(data):
    """Hold a result of SciPy's optimization."""
    found = scipy.optimize.minimize(
        lambda weights: float(((data.features.to_numpy() @ weights - data.target) ** 2).sum()), numpy.zeros(8)
    )
    return lambda live: live.to_numpy() @ found.x


@numba.njit
def weighted(values, weights):
    """A loop that Numba compiles."""
    total = numpy.zeros(len(values))
    for row in range(len(values)):
        for column in range(len(weights)):
            total[row] += values[row, column] * weights[column]
    return total


def compiled(data):
    """Call a function that Numba compiles anew where it is loaded."""
    weights = data.features.corrwith(data.target).to_numpy()
    return lambda live: weighted(live.to_numpy(dtype=float), weights)


def stacking(data):
    """mlxtend's stacking."""
    model = StackingRegressor([Ridge(), DecisionTreeRegressor(max_depth=3, random_state=0)], Ridge())
    return asking(model.fit(data.features.to_numpy(), data.target.to_numpy()))


def vote(data):
    """mlxtend's vote."""
    model = EnsembleVoteClassifier([LogisticRegression(), LogisticRegression(C=0.1)], voting="soft")
    return asking(model.fit(data.features, data.classes), "predict_proba")


def selected(data):
    """mlxtend's selection of features, before a model."""
    selector = SequentialFeatureSelector(Ridge(), k_features=3, cv=3).fit(data.features, data.target)
    model = Ridge().fit(selector.transform(data.features), data.target)
    return lambda live: model.predict(selector.transform(live))


def gradient_descent(data):
    """mlxtend's own linear regression."""
    model = LinearRegression(method="sgd", epochs=20, eta=0.01, random_seed=0, minibatches=10)
    model.fit(data.features.to_numpy(), data.target.to_numpy())
    return lambda live: model.predict(live.to_numpy())
